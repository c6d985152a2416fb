//! A search as it went: what was removed, and what perplexity that left.

use leptos::prelude::*;

use crate::components::each::each;
use crate::domain::pruning::CurvePoint;
use crate::domain::units;

const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 120.0;
const LEFT: f64 = 46.0;
const BOTTOM: f64 = 18.0;
const MARGIN: f64 = 6.0;

/// The curve, on a logarithmic scale: a perplexity that doubles is one step up
/// wherever it stands.
#[component]
pub(in crate::components) fn SearchCurve(
    /// In the order of the search; not empty.
    curve: Vec<CurvePoint>,
) -> impl IntoView {
    let (least, most) = range(curve.iter().map(|point| point.perplexity));
    let widest = curve.iter().map(|point| point.removed_share);
    let widest = widest.fold(0.01, f64::max);
    let place = |point: &CurvePoint| {
        let x = LEFT + point.removed_share / widest * (WIDTH - LEFT - MARGIN);
        let height = (point.perplexity / least).ln() / (most / least).ln();
        let y = MARGIN + (1.0 - height) * (HEIGHT - BOTTOM - 2.0 * MARGIN);
        (x, y)
    };
    let places: Vec<(f64, f64)> = curve.iter().map(place).collect();
    let line: Vec<String> = places
        .iter()
        .map(|(x, y)| format!("{x:.1},{y:.1}"))
        .collect();
    let dot = |((x, y), point): (&(f64, f64), &CurvePoint)| {
        view! {
            <circle class="dot" cx=format!("{x:.1}") cy=format!("{y:.1}") r="3">
                <title>{in_words(point)}</title>
            </circle>
        }
    };
    let dots = each(places.iter().zip(&curve), dot);
    let said: Vec<String> = curve.iter().map(in_words).collect();
    let tick = |y: f64, value: f64| {
        view! {
            <text class="tick" x=format!("{:.1}", LEFT - 6.0) y=format!("{:.1}", y + 4.0) text-anchor="end">
                {units::number(value)}
            </text>
        }
    };
    view! {
        <figure class="chart search">
            <h3>"Removed, and the perplexity that it left"</h3>
            <svg
                viewBox=format!("0 0 {WIDTH} {HEIGHT}")
                role="img"
                aria-label=format!("The search: {}", said.join("; "))
            >
                {tick(MARGIN, most)}
                {tick(HEIGHT - BOTTOM - MARGIN, least)}
                <text class="tick" x=format!("{LEFT:.1}") y=format!("{:.1}", HEIGHT - 3.0)>
                    "0 % removed"
                </text>
                <text
                    class="tick"
                    x=format!("{:.1}", WIDTH - MARGIN)
                    y=format!("{:.1}", HEIGHT - 3.0)
                    text-anchor="end"
                >
                    {format!("{:.1} %", widest * 100.0)}
                </text>
                <polyline class="front" points=line.join(" ")></polyline>
                {dots}
            </svg>
        </figure>
    }
}

fn in_words(point: &CurvePoint) -> String {
    let gone = point.removed_layer.map(|layer| format!("block {layer}, "));
    format!(
        "{}{:.1} % removed: perplexity {}",
        gone.unwrap_or_default(),
        point.removed_share * 100.0,
        units::number(point.perplexity)
    )
}

/// The least and the greatest, apart.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let around = |(least, most): (f64, f64), value: f64| (least.min(value), most.max(value));
    let (least, most) = values
        .filter(|value| value.is_finite() && *value > 0.0)
        .fold((f64::INFINITY, 0.0), around);
    let least = if least.is_finite() { least } else { 1.0 };
    (least, most.max(least * 1.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_has_room_for_all_that_is_finite() {
        assert_eq!(range([20.0, 45.0, f64::NAN].into_iter()), (20.0, 45.0));
        let (least, most) = range([20.0].into_iter());
        assert!(least < most);
        assert_eq!(range(std::iter::empty()).0, 1.0);
    }
}
