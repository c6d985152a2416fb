//! All figures of one arm, side by side.

use leptos::prelude::*;

use super::card::{CardValue, MetricCard, MetricHead, card_reading};
use super::definitions;
use super::right_answers::RightAnswersCard;
use crate::components::words;
use crate::domain::benchmark::{ArmResult, MemoryFigures};
use crate::domain::compare::Quantity;
use crate::domain::latency::Percentiles;
use crate::domain::metrics::Reading;
use crate::domain::model::Model;
use crate::domain::run::RunSettings;
use crate::domain::units;

const REQUESTS: &str = "requests";

/// The cards.
#[component]
pub fn MetricGrid(
    /// What was measured.
    arm: ArmResult,
    /// How.
    settings: RunSettings,
) -> impl IntoView {
    view! {
        <div class="grid">
            <MetricCard
                id="metric-response-time"
                quantity=Quantity::ResponseTime
                reading=response_time(&arm, &settings)
                definition=definitions::RESPONSE_TIME
            />
            <MetricCard
                id="metric-tokens-per-second"
                quantity=Quantity::TokensPerSecond
                reading=card_reading(&arm.tokens_per_second, REQUESTS)
                definition=definitions::TOKENS_PER_SECOND
            />
            <MetricCard
                id="metric-memory"
                quantity=Quantity::Memory
                reading=memory(&arm.memory)
                definition=definitions::MEMORY
            />
            <MetricCard
                id="metric-cpu"
                quantity=Quantity::CpuUsage
                reading=cpu(&arm)
                definition=definitions::CPU
            />
            <MetricCard
                id="metric-model-size"
                quantity=Quantity::ModelSize
                reading=model_size(&arm.model)
                definition=definitions::MODEL_SIZE
            />
            <TokenLatencyCard percentiles=arm.token_latency_ms/>
            <MetricCard
                id="metric-time-to-first-token"
                quantity=Quantity::TimeToFirstToken
                reading=card_reading(&arm.time_to_first_token_ms, REQUESTS)
                definition=definitions::TIME_TO_FIRST_TOKEN
            />
            <MetricCard
                id="metric-prompt-tokens-per-second"
                quantity=Quantity::PromptTokensPerSecond
                reading=card_reading(&arm.prompt_tokens_per_second, "prefills")
                definition=definitions::PROMPT_TOKENS_PER_SECOND
            />
            <MetricCard
                id="metric-cpu-seconds"
                quantity=Quantity::CpuSecondsPer1000Tokens
                reading=card_reading(&arm.cpu_seconds_per_1000_tokens, REQUESTS)
                definition=definitions::CPU_SECONDS
            />
            {arm
                .right_answers
                .map(|right| view! { <RightAnswersCard right mode=settings.mode/> })}
        </div>
    }
}

fn response_time(arm: &ArmResult, settings: &RunSettings) -> Reading<CardValue> {
    map(card_reading(&arm.response_time_s, REQUESTS), |card| {
        card.with_note(Some(arm.response_time_work(settings)))
    })
}

fn memory(reading: &Reading<MemoryFigures>) -> Reading<CardValue> {
    match reading {
        Reading::NotMeasured(reason) => Reading::NotMeasured(reason.clone()),
        Reading::Measured(memory) => {
            let note = memory.parts_in_words();
            Reading::Measured(CardValue::of(&memory.peak_mb, "readings").with_note(note))
        }
    }
}

fn cpu(arm: &ArmResult) -> Reading<CardValue> {
    let cores = arm.cpu_cores_used.mean();
    let note = cores.map(|cores| format!("{} cores used", units::number(cores)));
    map(card_reading(&arm.cpu_usage_percent, REQUESTS), |card| {
        card.with_note(note)
    })
}

fn model_size(model: &Model) -> Reading<CardValue> {
    let bits = model.bits_per_weight().map_or_else(
        || "exact".to_owned(),
        |bits| format!("{} bits per weight", units::number(bits)),
    );
    Reading::Measured(CardValue {
        value: model.size_mb(),
        certainty: bits,
        note: Some(format!("{} parameters", units::parameters(model.n_params))),
    })
}

fn map(
    reading: Reading<CardValue>,
    change: impl FnOnce(CardValue) -> CardValue,
) -> Reading<CardValue> {
    match reading {
        Reading::Measured(card) => Reading::Measured(change(card)),
        missing => missing,
    }
}

#[component]
fn TokenLatencyCard(percentiles: Percentiles) -> impl IntoView {
    let Percentiles {
        p50,
        p95,
        p99,
        n,
        needs,
    } = percentiles;
    let median = match p50 {
        Some(p50) => view! {
            <strong>{units::number(p50)}</strong>
            " "
            <span class="unit">"ms P50"</span>
        }
        .into_any(),
        None => view! {
            <strong class="missing" aria-label="not measured">
                "—"
            </strong>
        }
        .into_any(),
    };
    let other = |name: &str, value: Option<f64>, floor: u64| match value {
        Some(value) => format!("{name} {}", units::number(value)),
        None => format!("{name} — needs {floor}"),
    };
    let others = format!(
        "{} · {}",
        other("P95", p95, needs.p95),
        other("P99", p99, needs.p99)
    );
    view! {
        <div class="metric" id="metric-token-latency" data-value=p50.map(|v| v.to_string())>
            <MetricHead title="Token latency" definition=definitions::TOKEN_LATENCY/>
            <p class="figure">{median}</p>
            <p class="note">{others}</p>
            <p class="note">{words::plural(n, "gap", "gaps")}</p>
        </div>
    }
}
