//! An interval as dot and line on the scale of its table, the noise band shaded
//! behind it. Drawn by the server as well: places are percentages of the width.

use leptos::prelude::*;

use super::change::{percent, range};
use super::scale::Scale;
use crate::components::each::each;

/// What is drawn of a change, percent of improvement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Mark {
    /// The change.
    pub(super) at: f64,
    /// Its 95 % interval.
    pub(super) interval: Option<(f64, f64)>,
    /// What a model shows against itself.
    pub(super) band: Option<(f64, f64)>,
}

impl Mark {
    /// All values that the scale has to hold.
    pub(super) fn values(&self) -> impl Iterator<Item = f64> + use<> {
        let ends = |pair: Option<(f64, f64)>| pair.into_iter().flat_map(|(a, b)| [a, b]);
        ends(self.interval).chain(ends(self.band)).chain([self.at])
    }

    /// The same for who does not see it.
    fn words(&self) -> String {
        let word = if self.at < 0.0 { "worse" } else { "better" };
        let mut said = format!("{} % {word}", percent(self.at));
        if let Some((low, high)) = self.interval {
            said += &format!("; 95 % interval {}", range(low, high));
        }
        if let Some((low, high)) = self.band {
            said += &format!("; noise band {}", range(low, high));
        }
        said
    }
}

/// The drawing; `class` has the colour.
pub(super) fn interval(mark: Mark, scale: Scale, class: &'static str) -> impl IntoView {
    let place = |value: f64| format!("{:.2}%", scale.place(value));
    let band = mark.band.map(|(low, high)| {
        let width = scale.place(high) - scale.place(low);
        view! { <rect class="band" x=place(low) y="0" width=format!("{width:.2}%") height="20"></rect> }
    });
    let line = mark.interval.map(|(low, high)| {
        view! { <line class="span" x1=place(low) x2=place(high) y1="10" y2="10"></line> }
    });
    // Beyond the scale it is drawn at the edge, hollow.
    let dot = match scale.is_beyond(mark.at) {
        true => "dot beyond",
        false => "dot",
    };
    let zero = place(0.0);
    view! {
        <svg class=format!("interval {class}") width="100%" height="20" role="img" aria-label=mark.words()>
            {band}
            <line class="zero" x1=zero.clone() x2=zero y1="0" y2="20"></line>
            {line}
            <circle class=dot cx=place(mark.at) cy="10" r="4"></circle>
        </svg>
    }
}

/// The scale itself, for the head of the table.
pub(super) fn axis(scale: Scale) -> impl IntoView {
    let tick = |value: f64| {
        let words = match value {
            value if value > 0.0 => format!("+{value:.0}"),
            value if value < 0.0 => format!("−{:.0}", -value),
            _ => "0".to_owned(),
        };
        view! { <span style=format!("left:{:.2}%", scale.place(value))>{words}</span> }
    };
    view! {
        <span class="axis" aria-hidden="true">
            {each(scale.ticks(), tick)}
        </span>
    }
}
