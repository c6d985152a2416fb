//! The distribution of token latencies: chart, table twin and percentiles.

use leptos::prelude::*;
use leptos_chartistry::{
    AspectRatio, AxisMarker, Bar, Chart, IntoInner, Series, TickLabels, Tooltip, TooltipPlacement,
    YGridLine,
};

use crate::domain::latency::{HistogramBin, Percentiles};
use crate::domain::units;

const CHART_HEIGHT: f64 = 220.0;
const FONT_HEIGHT: f64 = 11.0;
/// A character of a monospaced font is 0.6 em wide.
const FONT_WIDTH: f64 = FONT_HEIGHT * 0.6;

/// Percentiles of tokens and requests, and the histogram of the tokens.
#[component]
pub fn Latency(
    /// Between tokens.
    tokens: Percentiles,
    /// Whole requests.
    requests: Percentiles,
    /// The distribution between tokens.
    histogram: Vec<HistogramBin>,
) -> impl IntoView {
    view! {
        <PercentileTable tokens requests/>
        {(!histogram.is_empty()).then(|| view! { <Distribution bins=histogram/> })}
    }
}

#[component]
fn PercentileTable(tokens: Percentiles, requests: Percentiles) -> impl IntoView {
    let row = |name: &'static str, p: Percentiles| {
        view! {
            <tr>
                <th scope="row">{name}</th>
                <td>{percentile(p.p50, p.needs.p50, p.n)}</td>
                <td>{percentile(p.p95, p.needs.p95, p.n)}</td>
                <td>{percentile(p.p99, p.needs.p99, p.n)}</td>
                <td>{units::count(p.n)}</td>
            </tr>
        }
    };
    view! {
        <div class="scroll">
            <table>
                <caption class="hidden">"Latency percentiles"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Latency, ms"</th>
                        <th scope="col">"P50"</th>
                        <th scope="col">"P95"</th>
                        <th scope="col">"P99"</th>
                        <th scope="col">"n"</th>
                    </tr>
                </thead>
                <tbody>
                    {row("Between tokens", tokens)} {row("Whole requests", requests)}
                </tbody>
            </table>
        </div>
    }
}

fn percentile(value: Option<f64>, floor: u64, n: u64) -> AnyView {
    match value {
        Some(value) => view! { {units::number(value)} }.into_any(),
        None => view! { <small>{format!("— needs {floor}, has {n}")}</small> }.into_any(),
    }
}

#[component]
fn Distribution(bins: Vec<HistogramBin>) -> impl IntoView {
    let table = bins.iter().map(bin_row).collect_view();
    view! {
        <figure class="chart">
            <figcaption>
                "Gaps between tokens, ms. Bars of equal width; the last one holds the tail."
            </figcaption>
            <div class="chart-area" aria-hidden="true">
                <Histogram bins/>
            </div>
            <details>
                <summary>"The chart as a table"</summary>
                <div class="scroll">
                    <table>
                        <thead>
                            <tr>
                                <th scope="col">"Gap, ms"</th>
                                <th scope="col">"Tokens"</th>
                            </tr>
                        </thead>
                        <tbody>{table}</tbody>
                    </table>
                </div>
            </details>
        </figure>
    }
}

fn bin_row(bin: &HistogramBin) -> impl IntoView + use<> {
    view! {
        <tr>
            <th scope="row">{range(bin)}</th>
            <td>{units::count(bin.count)}</td>
        </tr>
    }
}

fn range(bin: &HistogramBin) -> String {
    format!(
        "{} to {}",
        units::number(bin.from_ms),
        units::number(bin.to_ms)
    )
}

/// A tick between whole counts stays blank.
fn whole(count: f64) -> String {
    // Ticks are multiples of a step, with the rounding of floats.
    if (count - count.round()).abs() < 1e-6 {
        format!("{count:.0}")
    } else {
        String::new()
    }
}

/// The bars stand by number, not by milliseconds: the last one is wider than
/// the others and would leave a gap.
#[component]
fn Histogram(bins: Vec<HistogramBin>) -> impl IntoView {
    let data: Vec<(f64, f64)> = bins
        .iter()
        .enumerate()
        .map(|(i, bin)| (i as f64, bin.count as f64))
        .collect();
    let bins = StoredValue::new(bins);
    let at = move |position: f64, words: fn(&HistogramBin) -> String| {
        let i = position.round().max(0.0) as usize;
        bins.with_value(|bins| bins.get(i).map(words).unwrap_or_default())
    };
    let lower_edge = TickLabels::aligned_floats()
        .with_format(move |x: &f64, _| at(*x, |bin| units::number(bin.from_ms)));
    let whole_range = TickLabels::aligned_floats()
        .with_format(move |x: &f64, _| at(*x, |bin| format!("{} ms", range(bin))));
    let counts = || TickLabels::aligned_floats().with_format(|y: &f64, _| whole(*y));
    let series = Series::new(|bar: &(f64, f64)| bar.0)
        .bar(Bar::new(|bar: &(f64, f64)| bar.1).with_name("tokens"))
        .with_min_y(Some(0.0));
    view! {
        <Chart
            aspect_ratio=AspectRatio::from_env_width(CHART_HEIGHT)
            font_height=FONT_HEIGHT
            font_width=FONT_WIDTH
            left=counts()
            bottom=lower_edge
            inner=[
                AxisMarker::bottom_edge().with_arrow(false).into_inner(),
                YGridLine::from_ticks(counts()).into_inner(),
            ]
            tooltip=Tooltip::new(TooltipPlacement::LeftCursor, whole_range, counts())
            series=series
            data=Signal::stored(data)
        />
    }
}
