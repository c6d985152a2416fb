//! The measured figures, each with unit, interval, sample size and definition.

mod card;
mod definitions;
mod grid;

pub use grid::MetricGrid;
