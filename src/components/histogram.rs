//! The bars of a histogram of latencies.

use leptos::prelude::*;

use super::bars::{Bar, Bars};
use crate::domain::latency::HistogramBin;
use crate::domain::units;

/// Draws the bars with their scale.
#[component]
pub fn Histogram(
    /// From the least latency up; not empty.
    bins: Vec<HistogramBin>,
) -> impl IntoView {
    let greatest = bins.iter().map(|bin| bin.count).max().unwrap_or(0);
    let scale = format!("{} tokens", units::count(greatest));
    let bars = bins.iter().map(|bin| bar(bin, greatest)).collect();
    view! { <Bars scale bars edges=edges(&bins)/> }
}

/// From where to where, in words.
pub fn range(bin: &HistogramBin) -> String {
    format!(
        "{} to {}",
        units::number(bin.from_ms),
        units::number(bin.to_ms)
    )
}

fn bar(bin: &HistogramBin, greatest: u64) -> Bar {
    Bar {
        percent: bin.count as f64 / greatest.max(1) as f64 * 100.0,
        words: format!("{} ms: {} tokens", range(bin), units::count(bin.count)),
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
