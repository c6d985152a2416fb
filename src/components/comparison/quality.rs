//! What a variant lost: the figures, their intervals, and the word for them.

use leptos::prelude::*;

use super::answers::AnswerPairs;
use super::right_answers::RightAnswersNote;
use super::view::Shown;
use crate::components::each::each;
use crate::components::table_head::table_head;
use crate::components::words::{self, kld};
use crate::domain::metrics::Reading;
use crate::domain::prompt::Prompt;
use crate::domain::quality::{Estimate, Loss, Perplexity, Quality, names};
use crate::domain::units;

/// Everything that was found of a variant's quality; nothing where nothing was.
#[component]
pub(super) fn QualityView(shown: Shown, prompts: Vec<Prompt>, baseline: String) -> impl IntoView {
    let Shown {
        label,
        quality,
        answers,
        right_answers,
        ..
    } = shown;
    let figures = quality.map(|quality| match quality {
        Reading::Measured(quality) => view! { <Figures quality/> }.into_any(),
        Reading::NotMeasured(reason) => view! {
            <p class="note inset">{format!("Quality was not measured: {}", words::sentence(&reason))}</p>
        }
        .into_any(),
    });
    let pairs = (!answers.is_empty()).then(|| {
        view! {
            <div class="inset">
                <h3>"Both answers, side by side"</h3>
                <AnswerPairs answers prompts baseline variant=label/>
            </div>
        }
    });
    let right_answers = right_answers.map(|words| {
        view! {
            <div class="inset">
                <RightAnswersNote words/>
            </div>
        }
    });
    view! { {figures} {right_answers} {pairs} }
}

#[component]
fn Figures(quality: Quality) -> impl IntoView {
    let loss = Loss::of(quality.mean_kld.value);
    let (word, threshold) = loss.words();
    let class = match loss {
        Loss::NearLossless | Loss::Good => "chip right",
        Loss::Noticeable => "chip unstable",
        Loss::Heavy => "chip wrong",
    };
    let same_top = format!("same top token {} %", share(quality.same_top_token.value));
    let Perplexity {
        text,
        n_chunks,
        n_ctx,
        n_tokens,
        ..
    } = quality.perplexity.clone();
    let sample = format!(
        "On {}: {} of {n_ctx} tokens, {} scored.",
        text.name,
        words::plural(n_chunks.into(), "chunk", "chunks"),
        words::plural(n_tokens, "token", "tokens"),
    );
    view! {
        <div class="two quality">
            <div>
                <h3>"What it costs"</h3>
                <p class="chips">
                    <span class=class>{word}</span>
                    <span class="chip">{format!("mean KLD {}", kld(quality.mean_kld.value))}</span>
                    <span class="chip">{same_top}</span>
                </p>
                <p class="note">
                    {format!("{}: {threshold}. ", words::sentence(word).trim_end_matches('.'))}
                    "Below 0.01 near lossless, below 0.05 good, below 0.3 noticeable, above heavy loss."
                </p>
                <Estimates quality=quality.clone()/>
                <p class="note">
                    {sample} " The error is over tokens, as llama.cpp prints it; the interval resamples \
                     whole chunks."
                </p>
            </div>
            <div>
                <h3>"Divergence of single tokens"</h3>
                <Percentiles quality/>
            </div>
        </div>
    }
}

#[component]
fn Estimates(quality: Quality) -> impl IntoView {
    let row = |name: String, estimate: Estimate, write: fn(f64) -> String| {
        let error = estimate.standard_error.map(write);
        let error = error.map_or_else(String::new, |error| format!(" ± {error}"));
        let interval = estimate.low.zip(estimate.high);
        let interval = interval.map_or_else(
            || "—".to_owned(),
            |(low, high)| format!("{} to {}", write(low), write(high)),
        );
        view! {
            <tr>
                <th scope="row">{name}</th>
                <td>{write(estimate.value)} <small>{error}</small></td>
                <td>{interval}</td>
            </tr>
        }
    };
    view! {
        <div class="scroll">
            <table>
                <caption class="hidden">"Quality"</caption>
                {table_head(&["Figure", "Value ± error", "95 % interval"])}
                <tbody>
                    {row(names::PERPLEXITY.to_owned(), quality.perplexity.perplexity, units::number)}
                    {row(names::LN_PERPLEXITY_RATIO.to_owned(), quality.ln_perplexity_ratio, kld)}
                    {row(format!("{}, nats", names::MEAN_KLD), quality.mean_kld, kld)}
                    {row(format!("{}, %", names::SAME_TOP_TOKEN), quality.same_top_token, share)}
                    {row(format!("{}, %", names::RMS_DELTA_P), quality.rms_delta_p, share)}
                </tbody>
            </table>
        </div>
    }
}

#[component]
fn Percentiles(quality: Quality) -> impl IntoView {
    let of = quality.kld;
    let rows = [
        ("Median", of.p50),
        ("90 %", of.p90),
        ("95 %", of.p95),
        ("99 %", of.p99),
        ("99.9 %", of.p999),
        ("Largest", of.max),
    ];
    let row = |(name, value): (&'static str, f64)| {
        view! {
            <tr>
                <th scope="row">{name}</th>
                <td>{kld(value)}</td>
            </tr>
        }
    };
    view! {
        <table>
            <caption class="hidden">"Percentiles of the divergence"</caption>
            {table_head(&["Of all tokens, at most", "KLD, nats"])}
            <tbody>{each(rows, row)}</tbody>
        </table>
    }
}

/// A share of 1 in percent.
fn share(value: f64) -> String {
    format!("{:.1}", value * 100.0)
}
