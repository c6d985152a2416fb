//! The measured figures, each with unit, interval, sample size and definition.

mod card;
pub(in crate::components) mod definitions;
mod grid;
mod right_answers;

pub use grid::MetricGrid;
