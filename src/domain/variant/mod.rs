//! What is kept of a variant: how it was made, of what, and what is in it.

mod forecast;
mod forecast_words;
mod provenance;
mod record;
mod tensors;

pub use forecast::{VariantForecast, VariantForecasts};
pub use forecast_words::size_words;
pub use provenance::{lossy_ancestor, requantized, shortened};
pub use record::{ImatrixRecord, Sidecar, VariantBase, VariantRecord};
pub use tensors::{Fallback, TensorShare, is_inexact, is_quantized};
