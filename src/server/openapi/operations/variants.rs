//! The operations on variants: forecasting, weighing and deleting them.

use serde_json::json;

use super::LIBRARY;
use crate::domain::error::ErrorCode::{Conflict, Internal, ModelNotUsable, NotFound, RunFailed};
use crate::domain::trade_off::TradeOff;
use crate::domain::variant::{VariantForecasts, VariantRecord};
use crate::server::openapi::arguments::{VariantId, VariantsAsked, VariantsOf};
use crate::server::openapi::operation::Operation;
use crate::server::openapi::schemas::Schemas;

pub(super) fn variants(schemas: &mut Schemas) -> Vec<Operation> {
    let asked = json!({
        "model": "some-model.f16-0123abcd",
        "recipes": [{"quantize": {"level": "q4_0"}}, {"prune": {"ratio": 0.3}}],
    });
    let id = json!({"model": "some-model.f16-q4_0-0123abcd"});
    let (forecast, delete) = ("/api/variants/forecast", "/api/variants/delete");
    vec![
        Operation::post::<VariantsAsked>(forecast, "forecastVariants", LIBRARY, schemas, &asked)
            .says(
                "Forecast variants",
                "What recipes would make of a model, how large that would be, and how much room \
                 there is. Nothing is written. A size that is not known yet may take a worker, which \
                 is not started while anything is measured: then it is left out, and `not_yet` says \
                 why. A model that cannot be pruned so is refused with the reason.",
            )
            .answers::<VariantForecasts>(
                schemas,
                "One for each recipe, in order, as far as they are known.",
            )
            .fails(&[NotFound, Conflict, ModelNotUsable, RunFailed]),
        Operation::get("/api/variants/measured", "listTradeOffs", LIBRARY)
            .says(
                "List what variants buy and cost",
                "The variants of a model that were measured so far, each once: as the newest run \
                 found it that measured its quality, else as the newest run found it. They need not \
                 be in the library any more.",
            )
            .takes::<VariantsOf>(schemas)
            .answers::<Vec<TradeOff>>(schemas, "The variants; an empty list: none was measured.")
            .fails(&[Internal]),
        Operation::post::<VariantId>(delete, "deleteVariant", LIBRARY, schemas, &id)
            .says(
                "Delete a variant",
                "Removes its file for good; the same recipe makes it again. Models that were not \
                 made here are never deleted: 400.",
            )
            .answers::<VariantRecord>(schemas, "What it was.")
            .fails(&[NotFound, Conflict]),
    ]
}
