//! The figures of `whittle quality`, as people read them.

use crate::bench::QualityResult;
use crate::domain::metrics::Reading;
use crate::domain::quality::{AnswerComparison, Estimate, Loss, Perplexity, Quality, names};
use crate::domain::units;

/// Prints the baseline's perplexity, and what each variant lost. The first name
/// is the baseline's.
pub(super) fn print(names: &[&str], result: &QualityResult) {
    let (baseline, variants) = names.split_first().unwrap_or((&"", &[]));
    row("Baseline", baseline);
    row("Text", &of_text(&result.baseline));
    row(names::PERPLEXITY, &plain(&result.baseline.perplexity));
    for (name, (quality, answers)) in variants.iter().zip(&result.variants) {
        println!();
        match quality {
            Reading::NotMeasured(reason) => {
                row("Variant", &format!("{name}: not measured"));
                row("", reason);
            }
            Reading::Measured(quality) => print_quality(name, quality),
        }
        for answer in answers {
            print_answer(answer);
        }
    }
    if !variants.is_empty() {
        println!("\n± is the standard error over tokens, as llama.cpp prints it; in brackets the");
        println!("95 % interval from resampling whole chunks. KLD in nats per token.");
    }
    for warning in &result.warnings {
        println!("Note: {warning}");
    }
}

fn print_quality(name: &str, quality: &Quality) {
    let (word, threshold) = Loss::of(quality.mean_kld.value).words();
    row("Variant", &format!("{name}: {word} ({threshold})"));
    row(names::PERPLEXITY, &plain(&quality.perplexity.perplexity));
    row(
        names::LN_PERPLEXITY_RATIO,
        &format!(
            "{}: {}",
            fine(&quality.ln_perplexity_ratio),
            quality.perplexity_words()
        ),
    );
    row(names::MEAN_KLD, &fine(&quality.mean_kld));
    let kld = &quality.kld;
    let percentiles = format!(
        "median {:.4}, 90 % {:.4}, 95 % {:.4}, 99 % {:.4}, 99.9 % {:.4}, max {:.4}",
        kld.p50, kld.p90, kld.p95, kld.p99, kld.p999, kld.max
    );
    row("KLD", &percentiles);
    row(names::SAME_TOP_TOKEN, &percent(&quality.same_top_token));
    row(names::RMS_DELTA_P, &percent(&quality.rms_delta_p));
}

fn print_answer(answer: &AnswerComparison) {
    let name = format!("Answer {}", answer.prompt);
    if answer.baseline_rest.is_empty() && answer.variant_rest.is_empty() {
        let n = units::plural(answer.n_common_tokens.into(), "token", "tokens");
        row(&name, &format!("the same, {n}: {:?}", answer.common));
        return;
    }
    let place = u64::from(answer.n_common_tokens) + 1;
    row(&name, &format!("parts at token {}", units::count(place)));
    // Quoted: a model's text may hold what commands a terminal.
    row("  both", &format!("{:?}", answer.common));
    row("  baseline", &format!("{:?}", answer.baseline_rest));
    row("  variant", &format!("{:?}", answer.variant_rest));
}

fn row(name: &str, value: &str) {
    println!("{name:16}{value}");
}

fn of_text(perplexity: &Perplexity) -> String {
    format!(
        "{}, {} of {} tokens, {} tokens scored",
        perplexity.text.name,
        units::plural(perplexity.n_chunks.into(), "chunk", "chunks"),
        perplexity.n_ctx,
        units::count(perplexity.n_tokens)
    )
}

fn plain(estimate: &Estimate) -> String {
    shown(estimate, units::number, "")
}

fn fine(estimate: &Estimate) -> String {
    shown(estimate, |value| format!("{value:.4}"), "")
}

fn percent(estimate: &Estimate) -> String {
    shown(estimate, |value| units::number(value * 100.0), " %")
}

fn shown(estimate: &Estimate, number: impl Fn(f64) -> String, unit: &str) -> String {
    let error = estimate
        .standard_error
        .map(|error| format!(" ± {}", number(error)));
    let interval = match (estimate.low, estimate.high) {
        (Some(low), Some(high)) => format!(" ({} to {}{unit})", number(low), number(high)),
        _ => String::new(),
    };
    format!(
        "{}{}{unit}{interval}",
        number(estimate.value),
        error.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_has_its_error_and_its_interval() {
        let estimate = Estimate {
            value: 0.682,
            standard_error: Some(0.0046),
            low: Some(0.67),
            high: Some(0.695),
        };
        assert_eq!(percent(&estimate), "68.20 ± 0.460 % (67.00 to 69.50 %)");
        assert_eq!(fine(&estimate), "0.6820 ± 0.0046 (0.6700 to 0.6950)");
        let alone = Estimate {
            standard_error: None,
            low: None,
            high: None,
            ..estimate
        };
        assert_eq!(plain(&alone), "0.682");
    }
}
