//! Arguments that are no type of the domain's own; a test of `api` holds them
//! against the server functions.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::model::ModelId;
use crate::domain::prompt::Prompt;
use crate::domain::recipe::Recipe;

/// Names a run.
#[derive(Serialize, JsonSchema)]
pub(super) struct RunNumber {
    /// The run's number, as `GET /api/runs` lists it.
    #[schemars(range(min = 1))]
    id: i64,
}

/// A change of a run's label: a field that is left out or null stays as it is,
/// an empty one is removed.
#[derive(Serialize, JsonSchema)]
pub(super) struct RunLabel {
    /// The run's number, as `GET /api/runs` lists it.
    #[schemars(range(min = 1))]
    id: i64,
    /// One line of at most 120 characters, counted after white space was
    /// joined and other control characters were dropped.
    name: Option<String>,
    /// At most 10,000 characters, counted in the same way; line breaks are kept.
    note: Option<String>,
}

/// Names a prompt set.
#[derive(Serialize, JsonSchema)]
pub(super) struct PromptSetName {
    /// Its name, as `GET /api/prompt-sets` lists it.
    name: String,
}

/// A prompt set to keep.
#[derive(Serialize, JsonSchema)]
pub(super) struct PromptSetKept {
    /// One line of at most 120 characters, counted after white space was
    /// joined and other control characters were dropped; not `Default`.
    name: String,
    /// The prompts, in order.
    #[schemars(length(min = 1, max = crate::domain::defaults::PROMPTS_LIMIT))]
    prompts: Vec<Prompt>,
}

/// What is measured unasked.
#[derive(Serialize, JsonSchema)]
pub(super) struct BackgroundSwitch {
    /// Whether models are measured against themselves while nobody needs the
    /// machine.
    is_on: bool,
}

/// Names a variant.
#[derive(Serialize, JsonSchema)]
pub(super) struct VariantId {
    /// Its library id, as `GET /api/models` lists it.
    model: ModelId,
}

/// What is to be forecast.
#[derive(Serialize, JsonSchema)]
pub(super) struct VariantsAsked {
    /// The library id of the model to make them of.
    model: ModelId,
    /// What would be done to it.
    #[schemars(length(min = 1, max = 64))]
    recipes: Vec<Recipe>,
}

/// Whose variants.
#[derive(Serialize, JsonSchema)]
pub(super) struct VariantsOf {
    /// The library id of the model that they were made of, whether it is still
    /// there or not.
    #[schemars(regex(pattern = r"^[a-z0-9._-]{1,128}$"))]
    model: String,
}

/// Which runs are listed.
#[derive(Serialize, JsonSchema)]
pub(super) struct RunsQuery {
    /// Runs of this technique alone; an empty text filters nothing.
    #[schemars(extend("enum" = ["", "baseline", "quantization", "pruning", "noise"]))]
    technique: Option<String>,
    /// Runs of the model with this library id alone; an empty text filters nothing.
    #[schemars(regex(pattern = r"^[a-z0-9._-]{0,128}$"))]
    model: Option<String>,
    /// Runs that were asked for on this day, in UTC, or later.
    #[schemars(transform = day)]
    from: Option<String>,
    /// Runs that were asked for on this day, in UTC, or earlier; not before `from`.
    #[schemars(transform = day)]
    to: Option<String>,
    /// Continues a list: runs with lower numbers than this one.
    before: Option<i64>,
    /// Most runs to list: 50 if left out. 0 counts as 1, more than 200 as 200.
    limit: Option<u32>,
}

/// Which deleted runs are listed.
#[derive(Serialize, JsonSchema)]
pub(super) struct DeletedRunsQuery {
    /// Continues a list: runs with lower numbers than this one.
    before: Option<i64>,
    /// Most runs to list: 50 if left out. 0 counts as 1, more than 200 as 200.
    limit: Option<u32>,
}

/// Which file a run is exported as.
#[derive(Serialize, JsonSchema)]
pub(super) struct ExportQuery {
    /// `json`, if left out: everything, as `/api/runs/export.schema.json` says.
    /// `csv`: a row for each measured request, without the gaps between tokens.
    #[schemars(extend("enum" = ["json", "csv"]))]
    format: Option<String>,
}

/// Forms send every field, so an empty one filters nothing.
fn day(schema: &mut schemars::Schema) {
    schema.remove("type");
    schema.insert(
        "anyOf".to_owned(),
        serde_json::json!([
            {"type": "string", "format": "date"},
            {"type": "string", "maxLength": 0},
        ]),
    );
}
