//! The bars of a histogram, drawn by the server as well: plain boxes that the
//! style sheet places, so that they follow the width, the theme and the zoom.

use leptos::prelude::*;

use crate::domain::latency::HistogramBin;
use crate::domain::units;

/// Draws the bars with their scale. Hidden from screen readers: a table with
/// the same numbers stands beside it.
#[component]
pub fn Histogram(
    /// From the least latency up; not empty.
    bins: Vec<HistogramBin>,
) -> impl IntoView {
    let greatest = bins.iter().map(|bin| bin.count).max().unwrap_or(0);
    let edges = edges(&bins);
    let bars = bins
        .into_iter()
        .map(|bin| bar(&bin, greatest))
        .collect_view();
    view! {
        <div class="histogram" aria-hidden="true">
            <span class="scale">{units::count(greatest)} " tokens"</span>
            <div class="bars">{bars}</div>
            <div class="edges">
                {edges.into_iter().map(|edge| view! { <span>{edge}</span> }).collect_view()}
            </div>
        </div>
    }
}

/// From where to where, in words.
pub fn range(bin: &HistogramBin) -> String {
    format!(
        "{} to {}",
        units::number(bin.from_ms),
        units::number(bin.to_ms)
    )
}

fn bar(bin: &HistogramBin, greatest: u64) -> impl IntoView + use<> {
    let share = bin.count as f64 / greatest.max(1) as f64 * 100.0;
    let words = format!("{} ms: {} tokens", range(bin), units::count(bin.count));
    view! {
        <span class="slot" title=words>
            <span class="fill" style=format!("height:{share:.2}%")></span>
        </span>
    }
}

/// Labels below the first bar, the middle one and the end.
fn edges(bins: &[HistogramBin]) -> Vec<String> {
    let middle = bins.get(bins.len() / 2).map(|bin| bin.from_ms);
    [
        bins.first().map(|bin| bin.from_ms),
        middle,
        bins.last().map(|bin| bin.to_ms),
    ]
    .into_iter()
    .flatten()
    .map(|ms| format!("{} ms", units::number(ms)))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_name_the_first_the_middle_and_the_end() {
        let bins: Vec<HistogramBin> = (0..4)
            .map(|i| HistogramBin {
                from_ms: f64::from(i),
                to_ms: f64::from(i + 1),
                count: 1,
            })
            .collect();
        assert_eq!(edges(&bins), ["0.000 ms", "2.00 ms", "4.00 ms"]);
    }
}
