//! A small line without axes: how a live figure moved.

use leptos::prelude::*;

const WIDTH: f64 = 120.0;
const HEIGHT: f64 = 28.0;

/// Draws the last values from zero to their greatest. The figure itself stands
/// beside it, so it is hidden from screen readers.
#[component]
pub fn Sparkline(
    /// Oldest first.
    #[prop(into)]
    values: Signal<Vec<f64>>,
) -> impl IntoView {
    view! {
        <svg
            class="sparkline"
            viewBox=format!("0 0 {WIDTH} {HEIGHT}")
            preserveAspectRatio="none"
            aria-hidden="true"
        >
            <polyline points=move || values.with(|values| points(values)) fill="none"></polyline>
        </svg>
    }
}

fn points(values: &[f64]) -> String {
    let greatest = values.iter().copied().fold(0.0, f64::max);
    if values.len() < 2 || greatest <= 0.0 {
        return String::new();
    }
    let step = WIDTH / (values.len() - 1) as f64;
    let inner = HEIGHT - 2.0;
    let point = |(i, value): (usize, &f64)| {
        let y = 1.0 + inner * (1.0 - value / greatest);
        format!("{:.1},{y:.1}", i as f64 * step)
    };
    let points: Vec<String> = values.iter().enumerate().map(point).collect();
    points.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_value_touches_the_top() {
        assert_eq!(points(&[1.0, 2.0]), "0.0,14.0 120.0,1.0");
        assert_eq!(points(&[1.0]), "");
        assert_eq!(points(&[0.0, 0.0]), "");
    }
}
