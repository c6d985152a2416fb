//! Every operation of the HTTP interface.

mod history;
mod measuring;
mod others;
mod prompt_sets;
mod variants;

use serde_json::{Value, json};

use super::operation::Operation;
use super::schemas::Schemas;
use history::{changing, reading};
use measuring::measuring;
use others::others;
use prompt_sets::prompt_sets;
use variants::variants;

const BENCHMARK: &str = "Benchmark";
const HISTORY: &str = "History";
const LIBRARY: &str = "Library";
const PROMPTS: &str = "Prompts";
const SERVER: &str = "Server";
const INTERNAL: &str = "Dashboard (internal, may change)";

/// What the operations are grouped by.
pub(super) fn tags() -> Value {
    json!([
        {"name": BENCHMARK, "description": "Measuring a model, alone or against what was made of it, and following it."},
        {"name": HISTORY, "description": "Runs that were asked for: read, name, export, delete."},
        {"name": LIBRARY, "description": "The models that can be measured."},
        {"name": PROMPTS, "description": "Named lists of prompts."},
        {"name": SERVER, "description": "Whittle itself, and this description."},
        {"name": INTERNAL, "description": "What Whittle's own pages load and keep. It follows the pages: other programs should not rely on it."},
    ])
}

/// All of them.
pub(super) fn all(schemas: &mut Schemas) -> Vec<Operation> {
    let mut all = measuring(schemas);
    all.extend(reading(schemas));
    all.extend(changing(schemas));
    all.extend(prompt_sets(schemas));
    all.extend(variants(schemas));
    all.extend(others(schemas));
    all
}
