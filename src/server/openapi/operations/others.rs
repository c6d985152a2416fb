//! The operations on Whittle itself: its models, its dashboard, its server.

use serde_json::json;

use super::{INTERNAL, LIBRARY, SERVER};
use crate::domain::about::About;
use crate::domain::background::Background;
use crate::domain::dashboard::Dashboard;
use crate::domain::defaults;
use crate::domain::error::ErrorCode::Internal;
use crate::domain::model::LibraryListing;
use crate::domain::run::RunRequest;
use crate::server::openapi::arguments::BackgroundSwitch;
use crate::server::openapi::operation::Operation;
use crate::server::openapi::schemas::Schemas;

pub(super) fn others(schemas: &mut Schemas) -> Vec<Operation> {
    let kept = json!({"test_queries": defaults::PROMPTS, "iterations": defaults::ITERATIONS});
    let health = json!({
        "schema": {
            "type": "object",
            "properties": {"status": {"const": "ok"}},
            "required": ["status"],
        },
        "example": {"status": "ok"},
    });
    let document = json!({
        "schema": {
            "type": "object",
            "properties": {"openapi": {"type": "string", "pattern": r"^3\.1\."}},
            "required": ["openapi", "info", "paths", "components"],
        },
    });
    vec![
        Operation::get("/api/models", "listModels", LIBRARY)
            .says(
                "List the models",
                "Looks at the model folders anew. New files appear once their content is hashed; \
                 `n_pending` counts those on their way.",
            )
            .answers::<LibraryListing>(schemas, "What the library knows now.")
            .fails(&[Internal]),
        Operation::get("/api/dashboard", "loadDashboard", INTERNAL)
            .says(
                "Load the dashboard",
                "All that the dashboard shows. It follows the page: fields may come and go.",
            )
            .answers::<Dashboard>(schemas, "The dashboard's data.")
            .fails(&[Internal]),
        Operation::post::<RunRequest>("/api/remember", "remember", INTERNAL, schemas, &kept)
            .says(
                "Keep prompts and settings",
                "Keeps the prompts, and the settings for `model` if it is given, for the next \
                 visit of the dashboard. Nothing is measured.",
            )
            .answers::<()>(schemas, "They are kept.")
            .fails(&[Internal]),
        Operation::get("/api/about", "about", SERVER)
            .says(
                "Machine, engine and confinement",
                "What this Whittle is, what it runs on, and what a worker can reach.",
            )
            .answers::<About>(schemas, "The facts.")
            .fails(&[Internal]),
        Operation::post::<BackgroundSwitch>(
            "/api/background",
            "setBackground",
            SERVER,
            schemas,
            &json!({"is_on": false}),
        )
        .says(
            "Switch what is measured unasked",
            "While nothing waits and the machine is quiet, Whittle measures models that were \
             compared against themselves, so that verdicts rest on noise that was measured. Such a \
             run ends at once, and leaves nothing, when anything else is asked for, here or in \
             another Whittle, and when it is switched off. The choice is kept; a server that was \
             started with `--no-background` measures nothing unasked, whatever it is.",
        )
        .answers::<Background>(schemas, "How it stands now.")
        .fails(&[Internal]),
        Operation::get("/healthz", "health", SERVER)
            .says("Whether the server works", "Reads from the history.")
            .answers_media(&[("application/json", health)], "It works.")
            .fails(&[Internal]),
        Operation::get("/api/openapi.json", "getOpenApi", SERVER)
            .says("This description", "OpenAPI 3.1.")
            .answers_media(&[("application/json", document)], "The description."),
    ]
}
