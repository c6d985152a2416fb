//! What would become of the model, asked before anything is made.

use leptos::prelude::*;

use crate::components::form::RunForm;
use crate::components::quantization::QuantizationForm;
use crate::domain::variant::VariantForecasts;

/// The predicted sizes of the chosen levels; none until they are known. This is
/// the one place where the server is asked for them.
pub(super) fn forecasts(
    _form: RunForm,
    _quantization: QuantizationForm,
) -> Signal<Option<VariantForecasts>> {
    Signal::stored(None)
}
