//! Size against quality, or against speed where quality was not measured; how
//! fast a model is tells the size of its dot.

use leptos::prelude::*;

use super::chart_layout::{Dot, Place, places};
use crate::components::words::kld;
use crate::domain::pareto;
use crate::domain::units;

/// One model.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Point {
    /// Its name.
    pub(super) label: String,
    /// Its file, MB.
    pub(super) size_mb: f64,
    /// Its mean divergence from the baseline; 0 for the baseline itself.
    pub(super) mean_kld: Option<f64>,
    /// Its decode speed.
    pub(super) tokens_per_second: Option<f64>,
}

/// What stands against the size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Against {
    /// Mean divergence: lower is better.
    Quality,
    /// Decode speed: higher is better.
    Speed,
}

impl Against {
    /// Quality, once any variant has it.
    pub(super) fn of(points: &[Point]) -> Self {
        // The baseline's own is 0 by definition.
        let is_measured = |point: &Point| point.mean_kld.is_some();
        match points.iter().skip(1).any(is_measured) {
            true => Self::Quality,
            false => Self::Speed,
        }
    }

    fn value(self, point: &Point) -> Option<f64> {
        match self {
            Self::Quality => point.mean_kld,
            Self::Speed => point.tokens_per_second,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Quality => "Size against quality",
            Self::Speed => "Size against speed",
        }
    }
}

/// Of each point whether it is on the front: no other is at most as large and at
/// most as lossy (as slow), and better in one. Not one whose figure is missing.
pub(super) fn on_front(points: &[Point], against: Against) -> Vec<bool> {
    let cost = |point: &Point| {
        let value = against.value(point)?;
        Some(match against {
            Against::Quality => (point.size_mb, value),
            Against::Speed => (point.size_mb, -value),
        })
    };
    let costs: Vec<Option<(f64, f64)>> = points.iter().map(cost).collect();
    let known: Vec<(f64, f64)> = costs.iter().copied().flatten().collect();
    let mut front = pareto::on_front(&known).into_iter();
    let place = |cost: &Option<(f64, f64)>| cost.is_some() && front.next() == Some(true);
    costs.iter().map(place).collect()
}

/// The chart, drawn for a wide and for a narrow page: the style sheet shows one.
/// Its numbers are those of the table above it.
#[component]
pub(super) fn SizeChart(points: Vec<Point>) -> impl IntoView {
    let against = Against::of(&points);
    let front = on_front(&points, against);
    let drawn =
        |(point, is_on_front): (Point, bool)| Some((against.value(&point)?, point, is_on_front));
    let missing: Vec<String> = points
        .iter()
        .filter(|point| against.value(point).is_none())
        .map(|point| point.label.clone())
        .collect();
    let drawn: Vec<(f64, Point, bool)> = points.into_iter().zip(front).filter_map(drawn).collect();
    let missing =
        (!missing.is_empty()).then(|| format!(" Not drawn, not measured: {}.", missing.join(", ")));
    let caption = match against {
        Against::Quality => {
            "Up is more loss (mean KLD, logarithmic), left is smaller; below 0.01 is near lossless, \
             below 0.05 good, below 0.3 noticeable. A larger dot is faster. Filled and joined: the \
             Pareto front, where no other level is both smaller and better."
        }
        Against::Speed => {
            "Up is faster, left is smaller. Filled and joined: the Pareto front, where no other level \
             is both smaller and faster. Measure quality to see what each level costs."
        }
    };
    view! {
        <figure class="chart sizes">
            <h3>{against.words()}</h3>
            {drawing(&drawn, against, 640.0, 300.0, "wide")}
            {drawing(&drawn, against, 288.0, 300.0, "narrow")}
            <figcaption>{caption} {missing} " The table above has the numbers."</figcaption>
        </figure>
    }
}

const LEFT: f64 = 46.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 34.0;
/// Of the fastest.
const RADIUS: f64 = 7.5;

fn drawing(
    drawn: &[(f64, Point, bool)],
    against: Against,
    width: f64,
    height: f64,
    class: &'static str,
) -> impl IntoView + use<> {
    let (plot_width, plot_height) = (width - LEFT - RIGHT, height - TOP - BOTTOM);
    let sizes = Axis::linear(drawn.iter().map(|(_, point, _)| point.size_mb));
    let values = match against {
        Against::Quality => Axis::logarithmic(drawn.iter().map(|(value, ..)| *value)),
        Against::Speed => Axis::linear(drawn.iter().map(|(value, ..)| *value)),
    };
    let fastest = drawn
        .iter()
        .filter_map(|(_, point, _)| point.tokens_per_second)
        .fold(0.0, f64::max);
    let dot = |(value, point, _): &(f64, Point, bool)| Dot {
        x: sizes.share(point.size_mb) * plot_width,
        y: (1.0 - values.share(*value)) * plot_height,
        radius: radius(point.tokens_per_second, fastest, against),
        label: point.label.clone(),
    };
    let dots: Vec<Dot> = drawn.iter().map(dot).collect();
    let labels = places(&dots, plot_width, plot_height);
    let mut front: Vec<&Dot> = dots
        .iter()
        .zip(drawn)
        .filter(|(_, (.., is_on_front))| *is_on_front)
        .map(|(dot, _)| dot)
        .collect();
    front.sort_by(|a, b| a.x.total_cmp(&b.x));
    let joined: Vec<String> = front
        .iter()
        .map(|dot| format!("{:.1},{:.1}", dot.x + LEFT, dot.y + TOP))
        .collect();
    let marks = dots
        .iter()
        .zip(&labels)
        .zip(drawn)
        .enumerate()
        .map(|(index, ((dot, label), (value, point, is_on_front)))| {
            mark(
                dot,
                label,
                &said(point, *value, against),
                *is_on_front,
                index == 0,
            )
        })
        .collect_view();
    let rows = values.ticks(against).into_iter().map(|value| {
        let y = TOP + (1.0 - values.share(value)) * plot_height;
        row_line(y, width - RIGHT, tick_words(value, against))
    });
    let most = if width > 400.0 { 6.0 } else { 3.0 };
    let columns = steps(sizes.low, sizes.high, most).into_iter().map(|value| {
        let x = LEFT + sizes.share(value) * plot_width;
        view! {
            <text class="tick" x=format!("{x:.1}") y=format!("{:.1}", height - 18.0) text-anchor="middle">
                {format!("{value:.0}")}
            </text>
        }
    });
    let unit = match against {
        Against::Quality => "mean KLD",
        Against::Speed => "tok/s",
    };
    let described: Vec<String> = drawn
        .iter()
        .map(|(value, point, _)| said(point, *value, against))
        .collect();
    view! {
        <svg
            class=class
            viewBox=format!("0 0 {width} {height}")
            role="img"
            aria-label=format!("{}: {}", against.words(), described.join("; "))
        >
            {rows.collect_view()}
            {columns.collect_view()}
            <text class="tick" x=format!("{:.1}", width - RIGHT) y=format!("{:.1}", height - 3.0) text-anchor="end">
                "MB on disk"
            </text>
            <text class="tick" x="0" y=format!("{:.1}", height - 3.0)>
                {unit}
            </text>
            <polyline class="front" points=joined.join(" ")></polyline>
            {marks}
        </svg>
    }
}

fn radius(speed: Option<f64>, fastest: f64, against: Against) -> f64 {
    match (against, speed) {
        (Against::Quality, Some(speed)) if fastest > 0.0 => {
            (RADIUS * (speed / fastest).sqrt()).max(3.0)
        }
        _ => 5.0,
    }
}

fn said(point: &Point, value: f64, against: Against) -> String {
    let speed = point
        .tokens_per_second
        .map(|speed| format!(", {} tok/s", units::number(speed)));
    let speed = speed.unwrap_or_default();
    let quality = match against {
        Against::Quality => format!(", mean KLD {}", kld(value)),
        Against::Speed => String::new(),
    };
    let size = units::number(point.size_mb);
    format!("{} {size} MB{quality}{speed}", point.label)
}

fn mark(
    dot: &Dot,
    label: &Place,
    said: &str,
    is_on_front: bool,
    is_baseline: bool,
) -> impl IntoView + use<> {
    let class = match (is_baseline, is_on_front) {
        (true, _) => "dot base",
        (false, true) => "dot",
        (false, false) => "dot hollow",
    };
    let number = |value: f64, offset: f64| format!("{:.1}", value + offset);
    // The line is always there, of no length beside its dot: both sides must
    // build the same elements, whatever the last digit of a logarithm.
    view! {
        <line
            class="leader"
            x1=number(dot.x, LEFT)
            y1=number(dot.y, TOP)
            x2=number(label.to.0, LEFT)
            y2=number(label.to.1, TOP)
        ></line>
        <circle class=class cx=number(dot.x, LEFT) cy=number(dot.y, TOP) r=format!("{:.1}", dot.radius)>
            <title>{said.to_owned()}</title>
        </circle>
        <text class="name" x=number(label.x, LEFT) y=number(label.y, TOP)>
            {dot.label.clone()}
        </text>
    }
}

fn row_line(y: f64, right: f64, words: String) -> impl IntoView + use<> {
    view! {
        <line
            class="grid-line"
            x1=format!("{LEFT:.1}")
            x2=format!("{right:.1}")
            y1=format!("{y:.1}")
            y2=format!("{y:.1}")
        ></line>
        <text class="tick" x=format!("{:.1}", LEFT - 6.0) y=format!("{:.1}", y + 4.0) text-anchor="end">
            {words}
        </text>
    }
}

fn tick_words(value: f64, against: Against) -> String {
    match against {
        Against::Quality if value == 0.0 => "0".to_owned(),
        Against::Quality => format!("{value}"),
        Against::Speed => format!("{value:.0}"),
    }
}

/// An axis from `low` to `high`.
#[derive(Debug, Clone, Copy)]
struct Axis {
    low: f64,
    high: f64,
    is_logarithmic: bool,
}

/// The thresholds of the words for a loss.
const THRESHOLDS: [f64; 3] = [0.01, 0.05, 0.3];

impl Axis {
    fn linear(values: impl Iterator<Item = f64>) -> Self {
        let around = |(low, high): (f64, f64), value: f64| (low.min(value), high.max(value));
        let (low, high) = values.fold((f64::INFINITY, 0.0), around);
        let low = low.min(high);
        let margin = ((high - low) * 0.12)
            .max(high * 0.02)
            .max(f64::MIN_POSITIVE);
        Self {
            low: (low - margin).max(0.0),
            high: high + margin,
            is_logarithmic: false,
        }
    }

    /// 0 stands at its lower end: the least that is above it decides where that is.
    fn logarithmic(values: impl Iterator<Item = f64>) -> Self {
        let around = |(low, high): (f64, f64), value: f64| match value > 0.0 {
            true => (low.min(value), high.max(value)),
            false => (low, high),
        };
        let (low, high) = values.fold((THRESHOLDS[0], THRESHOLDS[1]), around);
        Self {
            low: low / 2.5,
            high: high * 2.0,
            is_logarithmic: true,
        }
    }

    /// Where a value stands, 0 to 1.
    fn share(&self, value: f64) -> f64 {
        let share = match self.is_logarithmic {
            true if value <= self.low => 0.0,
            true => (value / self.low).ln() / (self.high / self.low).ln(),
            false => (value - self.low) / (self.high - self.low),
        };
        share.clamp(0.0, 1.0)
    }

    fn ticks(&self, against: Against) -> Vec<f64> {
        match against {
            Against::Quality => {
                let fits = |threshold: &f64| *threshold > self.low && *threshold < self.high;
                let inner = THRESHOLDS.into_iter().filter(fits);
                [0.0].into_iter().chain(inner).collect()
            }
            Against::Speed => steps(self.low, self.high, 5.0),
        }
    }
}

/// At most so many round values between two.
fn steps(low: f64, high: f64, most: f64) -> Vec<f64> {
    let mut step = 1.0;
    let mut factors = [2.0, 2.5, 2.0].into_iter().cycle();
    while (high - low) / step > most {
        step *= factors.next().unwrap_or(10.0);
    }
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last).map(|n| n as f64 * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(label: &str, size_mb: f64, mean_kld: Option<f64>, speed: f64) -> Point {
        Point {
            label: label.to_owned(),
            size_mb,
            mean_kld,
            tokens_per_second: Some(speed),
        }
    }

    #[test]
    fn the_front_is_that_of_what_is_drawn() {
        let base = point("F16", 270.0, Some(0.0), 90.0);
        let points = [
            base.clone(),
            point("Q4_0", 92.0, Some(0.27), 190.0),
            point("Q4_1", 99.0, Some(0.3), 150.0),
            point("Q8_0", 145.0, Some(0.001), 140.0),
            point("IQ1_S", 60.0, None, 80.0),
        ];
        let against = Against::of(&points);
        assert_eq!(against, Against::Quality);
        assert_eq!(on_front(&points, against), [true, true, false, true, false]);

        let without = points.map(|point| Point {
            mean_kld: None,
            ..point
        });
        let against = Against::of(&without);
        assert_eq!(against, Against::Speed);
        assert_eq!(
            on_front(&without, against),
            [false, true, false, false, true]
        );
        assert_eq!(Against::of(&[base]), Against::Speed);
    }

    #[test]
    fn zero_stands_at_the_foot_of_a_logarithmic_axis() {
        let axis = Axis::logarithmic([0.0, 0.001, 0.27].into_iter());
        assert!(axis.share(0.0).abs() < 1e-9);
        assert!(axis.share(0.001) > 0.05 && axis.share(0.27) < 0.95);
        assert_eq!(axis.ticks(Against::Quality), [0.0, 0.01, 0.05, 0.3]);
    }

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(steps(80.0, 290.0, 6.0), [100.0, 150.0, 200.0, 250.0]);
        assert_eq!(steps(80.0, 290.0, 3.0), [100.0, 200.0]);
        let single = Axis::linear([100.0].into_iter());
        assert!(single.low < 100.0 && single.high > 100.0);
    }
}
