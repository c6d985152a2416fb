//! `whittle noise`: a model against itself, and what comparisons with it are judged by.

use clap::Arg;

use super::compare_print::{figure, noise as band_words, said, with_run};
use super::follow::measured;
use super::run_args::RunArgs;
use super::table::aligned;
use crate::domain::compare::{NoiseBand, Quantity};
use crate::domain::defaults::{ITERATIONS, ITERATIONS_CAREFUL, NOISE_LAUNCHES};
use crate::domain::noise::Noise;
use crate::domain::recipe::Recipe;
use crate::domain::run::{NoiseRequest, Run, RunRequest};

/// `--iterations` of this command, which has a default of its own.
pub(super) fn iterations(flag: Arg) -> Arg {
    flag.help(format!(
        "Launches of each copy, {NOISE_LAUNCHES} and more [default: {NOISE_LAUNCHES}]"
    ))
}

pub(super) async fn noise(args: RunArgs) -> anyhow::Result<()> {
    let state = args.open().await?;
    let request = NoiseRequest {
        run: args.request(&state).await?,
    };
    let request = RunRequest::try_from(request).map_err(|problem| args.refusal(&problem))?;
    let mut spec = args.checked(request)?;
    spec.recipes = vec![Recipe::default()];
    let located = args.locate(&state).await?;
    let run = measured(&state, spec, located, args.conduct()).await?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&run)?);
        return Ok(());
    }
    // Nothing is kept of a disturbed run, which says so: what there is was there before.
    let noise = match run.disturbances().is_empty() {
        true => state.noise_of(&run).await?,
        false => None,
    };
    let bands = noise.map(|noise| bands(&run, &noise));
    let mut notes = said(&run);
    if bands.is_some() {
        notes.push(Noise::JUDGES.to_owned());
    }
    print!("{}", with_run(&run, &bands.unwrap_or_default(), notes));
    Ok(())
}

/// The band of each quantity, for comparisons of few and of many launches.
fn bands(run: &Run, noise: &Noise) -> String {
    let few = format!("noise at {ITERATIONS} iterations");
    let many = format!("at {ITERATIONS_CAREFUL}");
    let head = [String::new(), "the model".to_owned(), few, many];
    let of_model = |quantity| {
        let itself = run.comparison.as_ref()?.variants.first()?;
        itself.of(quantity)?.baseline
    };
    let row = |quantity: Quantity| {
        let assumed = NoiseBand::assumed(quantity)?;
        let band = |iterations| {
            let band = noise.band(quantity, iterations).unwrap_or(assumed);
            band_words(quantity, &band)
        };
        let figure = figure(quantity, of_model(quantity));
        let [few, many] = [ITERATIONS, ITERATIONS_CAREFUL].map(band);
        Some([quantity.label().to_owned(), figure, few, many])
    };
    let rows = Quantity::ALL.into_iter().filter_map(row);
    aligned(&std::iter::once(head).chain(rows).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::noise::Spread;

    #[test]
    fn the_band_of_each_figure_is_shown_with_its_unit() {
        let improvement = json!({
            "quantity": "response_time", "baseline": 1.5, "variant": 1.5,
            "change": {"not_measured": ""}, "band": null, "verdict": null,
        });
        let itself = json!({"recipe": {}, "improvements": [improvement], "quality": null});
        let comparison = json!({"variants": [itself], "blocks": null, "baseline_perplexity": null});
        let run = Run {
            comparison: serde_json::from_value(comparison).expect("a comparison"),
            ..Run::sample()
        };
        let spread = |quantity| Spread {
            quantity,
            half_range: 0.06,
        };
        let noise = Noise {
            n_launches: 12,
            spreads: [Quantity::ResponseTime, Quantity::TokensPerSecond]
                .map(spread)
                .into(),
        };
        let table = bands(&run, &noise);
        let lines: Vec<&str> = table.lines().collect();
        // exp(±0.06 / √3) = 0.96596 and 1.03525; exp(±0.06 / √10) = 0.98121 and 1.01915.
        for (line, says) in [
            (lines[0], ["the model", "noise at 3 iterations", "at 10"]),
            (lines[1], ["1.50 s", "-3.4 % to +3.5 %", "-1.9 % to +1.9 %"]),
            (lines[2], ["–", "-3.4 % to +3.5 %", "-1.9 % to +1.9 %"]),
            (lines[3], ["first token", "–", "-5.0 % to +5.0 %, assumed"]),
        ] {
            let are_said = says.iter().all(|cell| line.contains(cell));
            assert!(are_said, "{says:?}: {line}");
        }
        assert!(lines[1].starts_with("Response time  "), "{table}");
        let has_size = table.contains(Quantity::ModelSize.label());
        assert!(!has_size, "what is exact has no noise: {table}");
    }
}
