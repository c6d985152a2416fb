//! A variant on the command line: foretold, made while its progress is shown, and printed.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use anyhow::bail;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::DataDir;
use super::flags::{PROMPT, checked};
use super::making_print::{print, tell};
use super::model::locate;
use super::waiting::take_machine;
use crate::bench::{Making, MakingProgress};
use crate::domain::defaults::THREADS_LIMIT;
use crate::domain::event::MakingLive;
use crate::domain::pruning::CurvePoint;
use crate::domain::recipe::Recipe;
use crate::domain::run::RunRequest;
use crate::domain::units;
use crate::server::asked_to_end;

/// What is the same for all that is made.
#[derive(Debug, Args)]
pub(super) struct MakingArgs {
    /// A library id, or the path of a .gguf file.
    model: String,
    /// Threads [default: the physical cores].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(THREADS_LIMIT)))]
    threads: Option<u32>,
    /// Print the variant as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataDir,
}

/// Makes the variant, or finds it, and prints it.
pub(super) async fn make(args: &MakingArgs, recipe: &Recipe) -> anyhow::Result<()> {
    let asked = RunRequest {
        recipes: Some(vec![*recipe]),
        ..RunRequest::default()
    };
    checked(asked, PROMPT)?;
    let state = crate::server::open_state(&args.data.open()?).await?;
    let located = locate(&state, &args.data, &args.model).await?;
    let basis = state.speed(&located.model).await?;
    let bar = bar();
    let making = async {
        // The clock does not run while it waits for the machine.
        let machine = take_machine(&bar).await?;
        let begun = Instant::now();
        let forecasts = state.forecast_variant(&machine, &located, *recipe).await?;
        let mut order = None;
        for forecast in &forecasts {
            bar.suspend(|| tell(forecast, &located.model));
            order = forecast.pruning.and_then(|pruning| pruning.order);
        }
        let mut progress: Option<MakingProgress> = None;
        let on_progress = |making: Making| {
            let start = || MakingProgress::start(recipe, order, &basis);
            show(&bar, progress.get_or_insert_with(start), &making);
        };
        let making = state.make_variant(&machine, &located, recipe, args.threads, on_progress);
        let variant = making.await?;
        // What was found as it was made earlier took no time.
        let took = progress.map(|_| begun.elapsed());
        anyhow::Ok((variant, took))
    };
    let made = tokio::select! {
        made = making => made,
        // Dropping the making ends its worker and removes what it wrote.
        () = asked_to_end() => bail!("ended before the variant was made; nothing is left of it"),
    };
    bar.finish_and_clear();
    let (variant, took) = made?;
    if args.json {
        let variant = json!({"path": variant.path, "model": variant.model});
        println!("{}", serde_json::to_string_pretty(&variant)?);
    } else {
        print(&variant, took);
    }
    Ok(())
}

/// Shows progress on a terminal, and none in a pipe.
fn bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(1000);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent:>3} %  {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn show(bar: &ProgressBar, progress: &mut MakingProgress, making: &Making) {
    let live = progress.learn(making);
    bar.set_position((progress.fraction_done() * 1000.0) as u64);
    bar.set_message(in_words(&live, making.point(), progress.seconds_left()));
}

/// `searching, try 3 of 44: 6.7 % removed, perplexity 24.10; about 2 min 5 s left`.
fn in_words(live: &MakingLive, point: Option<CurvePoint>, seconds_left: f64) -> String {
    let count = live.count().map(|count| format!(", {count}"));
    let found = point.map(|point| {
        format!(
            ": {:.1} % removed, perplexity {}",
            point.removed_share * 100.0,
            units::number(point.perplexity)
        )
    });
    format!(
        "{}{}{}; about {} left",
        live.step.words(),
        count.unwrap_or_default(),
        found.unwrap_or_default(),
        units::duration(seconds_left)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::MakingStep;

    #[test]
    fn the_bar_says_what_is_done_how_far_and_how_long_still() {
        let live = |step, done, of| MakingLive {
            step,
            done,
            of,
            curve: Vec::new(),
        };
        let layer = live(MakingStep::Calibrating, 3, 30);
        assert_eq!(
            in_words(&layer, None, 125.0),
            "calibrating and cutting, layer 3 of 30; about 2 min 5 s left"
        );
        let point = CurvePoint {
            removed_layer: Some(7),
            removed_share: 0.0667,
            perplexity: 24.1,
        };
        assert_eq!(
            in_words(&live(MakingStep::Searching, 3, 44), Some(point), 4.0),
            "searching, try 3 of 44: 6.7 % removed, perplexity 24.10; about 4 s left"
        );
        let hashing = live(MakingStep::Hashing, 0, 0);
        assert_eq!(
            in_words(&hashing, None, 1.0),
            "reading the file for its hash; about 1 s left"
        );
    }
}
