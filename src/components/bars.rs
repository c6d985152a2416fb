//! Upright bars, drawn by the server as well: plain boxes that the style sheet
//! places, so that they follow the width, the theme and the zoom.

use leptos::prelude::*;

use crate::components::each::each;

/// One of the bars.
pub struct Bar {
    /// How high it is, of 100.
    pub percent: f64,
    /// What it stands for.
    pub words: String,
}

/// Draws the bars with their scale. Hidden from screen readers: a table with
/// the same numbers stands beside it.
#[component]
pub fn Bars(
    /// What the highest stands for.
    scale: String,
    /// From left to right.
    bars: Vec<Bar>,
    /// What stands below them, from left to right.
    edges: Vec<String>,
) -> impl IntoView {
    let bar = |Bar { percent, words }| {
        view! {
            <span class="slot" title=words>
                <span class="fill" style=format!("height:{percent:.2}%")></span>
            </span>
        }
    };
    let edge = |words: String| view! { <span>{words}</span> };
    view! {
        <div class="histogram" aria-hidden="true">
            <span class="scale">{scale}</span>
            <div class="bars">{each(bars, bar)}</div>
            <div class="edges">{each(edges, edge)}</div>
        </div>
    }
}
