//! Size against quality, or against speed where quality was not measured; how
//! fast a model is tells the size of its dot.

use leptos::prelude::*;

use super::chart_axis::{Axis, steps};
use super::chart_layout::{Dot, Place, places};
use super::chart_points::{Against, Point, on_front};
use crate::components::each::each;
use crate::components::words::kld;
use crate::domain::units;

/// The chart, drawn for a wide and for a narrow page: the style sheet shows one.
/// Its numbers stand elsewhere, too.
#[component]
pub(super) fn SizeChart(points: Vec<Point>, numbers: &'static str) -> impl IntoView {
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
    let why = match against {
        Against::Quality => "not measured on this text",
        Against::Speed => "not measured",
    };
    let missing =
        (!missing.is_empty()).then(|| format!(" Not drawn, {why}: {}.", missing.join(", ")));
    let caption = match against {
        Against::Quality => {
            "Up is more loss (mean KLD, logarithmic), left is smaller; below 0.01 is near lossless, \
             below 0.05 good, below 0.3 noticeable. A larger dot is faster. Filled: the Pareto front \
             of size, speed and quality, where no other model was shown to be at least as good in \
             all three and better in one. Speeds that were shown to differ by no more than noise \
             count as equal."
        }
        Against::Speed => {
            "Up is faster, left is smaller. Filled: the Pareto front of size and speed, where no \
             other model was shown to be at least as good in both and better in one. Speeds that \
             were shown to differ by no more than noise count as equal. Measure quality to see what \
             each one costs."
        }
    };
    view! {
        <figure class="chart sizes">
            <h3>{against.words()}</h3>
            {drawing(&drawn, against, 640.0, 300.0, "wide")}
            {drawing(&drawn, against, 288.0, 300.0, "narrow")}
            <figcaption>{caption} {missing} " " {numbers}</figcaption>
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
        .filter_map(|(_, point, _)| Some(point.speed?.ratio))
        .fold(0.0, f64::max);
    let dot = |(value, point, _): &(f64, Point, bool)| Dot {
        x: sizes.share(point.size_mb) * plot_width,
        y: (1.0 - values.share(*value)) * plot_height,
        radius: radius(point.speed.map(|speed| speed.ratio), fastest, against),
        label: point.label.clone(),
    };
    let dots: Vec<Dot> = drawn.iter().map(dot).collect();
    let labels = places(&dots, plot_width, plot_height);
    let marked = dots.iter().zip(&labels).zip(drawn).enumerate();
    let marks = each(
        marked,
        |(index, ((dot, label), (value, point, is_on_front)))| {
            mark(
                dot,
                label,
                &said(point, *value, against),
                *is_on_front,
                index == 0,
            )
        },
    );
    let rows = each(values.ticks(), |value| {
        let y = TOP + (1.0 - values.share(value)) * plot_height;
        row_line(y, width - RIGHT, tick_words(value, against, &values))
    });
    let most = if width > 400.0 { 6.0 } else { 3.0 };
    let columns = each(steps(sizes.low, sizes.high, most), |value| {
        let x = LEFT + sizes.share(value) * plot_width;
        view! {
            <text class="tick" x=format!("{x:.1}") y=format!("{:.1}", height - 18.0) text-anchor="middle">
                {format!("{value:.0}")}
            </text>
        }
    });
    let unit = match against {
        Against::Quality => "mean KLD",
        Against::Speed => "× speed",
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
            {rows}
            {columns}
            <text class="tick" x=format!("{:.1}", width - RIGHT) y=format!("{:.1}", height - 3.0) text-anchor="end">
                "MB on disk"
            </text>
            <text class="tick" x="0" y=format!("{:.1}", height - 3.0)>
                {unit}
            </text>
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
    let speed = point.speed_words().map(|words| format!(", {words}"));
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

fn tick_words(value: f64, against: Against, axis: &Axis) -> String {
    match against {
        Against::Quality if value == 0.0 => "0".to_owned(),
        Against::Quality => format!("{value}"),
        Against::Speed if axis.high - axis.low < 5.0 => format!("{value:.2}"),
        Against::Speed => format!("{value:.0}"),
    }
}
