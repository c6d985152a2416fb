//! One figure: value, unit, interval, sample size, and its definition on demand.

use leptos::prelude::*;

use crate::components::words;
use crate::domain::compare::Quantity;
use crate::domain::metrics::{Figure, Reading};
use crate::domain::units;

/// What a card shows when there is something to show.
#[derive(Debug, Clone, PartialEq)]
pub struct CardValue {
    /// The raw number.
    pub value: f64,
    /// Interval and sample size.
    pub certainty: String,
    /// What else belongs to the figure.
    pub note: Option<String>,
}

impl CardValue {
    /// From a mean; `samples` is the plural of what was measured.
    pub fn of(figure: &Figure, samples: &str) -> Self {
        let launches = words::plural(figure.n_launches.into(), "launch", "launches");
        let behind = match (figure.n_samples, samples) {
            (n, _) if n == figure.n_launches => launches,
            (n, samples) => format!("{launches}, {n} {samples}"),
        };
        let certainty = match figure.half_width_95 {
            Some(half_width) => format!("± {} · {behind}", units::number(half_width)),
            None => format!("no interval: it takes two launches · {behind}"),
        };
        Self {
            value: figure.mean,
            certainty,
            note: None,
        }
    }

    /// With what else belongs to the figure.
    pub fn with_note(self, note: Option<String>) -> Self {
        Self { note, ..self }
    }
}

/// A reading of a mean as a card's value.
pub fn card_reading(reading: &Reading<Figure>, samples: &str) -> Reading<CardValue> {
    match reading {
        Reading::Measured(figure) => Reading::Measured(CardValue::of(figure, samples)),
        Reading::NotMeasured(reason) => Reading::NotMeasured(reason.clone()),
    }
}

/// A figure, or an em dash with the reason why there is none.
#[component]
pub fn MetricCard(
    /// The element's id.
    id: &'static str,
    /// What it is of: its name and unit.
    quantity: Quantity,
    /// The figure.
    reading: Reading<CardValue>,
    /// What it means.
    definition: &'static str,
) -> impl IntoView {
    let raw = reading.value().map(|card| card.value.to_string());
    let body = match reading {
        Reading::Measured(card) => view! {
            <p class="figure">
                <strong>{units::number(card.value)}</strong>
                " "
                <span class="unit">{quantity.unit()}</span>
            </p>
            <p class="note">{card.certainty}</p>
            {card.note.map(|note| view! { <p class="note">{note}</p> })}
        }
        .into_any(),
        Reading::NotMeasured(reason) => view! {
            <p class="figure">
                <strong class="missing" aria-label="not measured">
                    "—"
                </strong>
            </p>
            <p class="note">{reason}</p>
        }
        .into_any(),
    };
    view! {
        <div class="metric" id=id data-value=raw>
            <MetricHead title=quantity.label() definition/>
            {body}
        </div>
    }
}

/// A figure's name, and its definition on demand.
#[component]
pub fn MetricHead(
    /// The figure's name.
    title: &'static str,
    /// What it means.
    definition: &'static str,
) -> impl IntoView {
    view! {
        <details class="definition">
            <summary>
                <h3>{title}</h3>
                <span class="hidden">" — definition"</span>
            </summary>
            <p>{definition}</p>
        </details>
    }
}
