//! The distribution of token latencies: chart, table twin and percentiles.

use leptos::prelude::*;

use super::histogram::{Histogram, range};
use super::table_head::table_head;
use crate::components::each::each;
use crate::domain::latency::{HistogramBin, Percentiles};
use crate::domain::units;

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
                {table_head(&["Latency, ms", "P50", "P95", "P99", "n"])}
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
    let table = each(bins.iter(), bin_row);
    view! {
        <figure class="chart">
            <figcaption>
                "Gaps between tokens, ms. Bars of equal width; the last one holds the tail."
            </figcaption>
            <Histogram bins/>
            <details>
                <summary>"The chart as a table"</summary>
                <div class="scroll">
                    <table>
                        {table_head(&["Gap, ms", "Tokens"])}
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
