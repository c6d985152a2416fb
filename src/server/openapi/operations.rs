//! Every operation of the HTTP interface.

use serde_json::{Value, json};

use super::arguments::{
    BackgroundSwitch, DeletedRunsQuery, ExportQuery, PromptSetKept, PromptSetName, RunLabel,
    RunNumber, RunsQuery, VariantId, VariantsAsked, VariantsOf,
};
use super::operation::Operation;
use super::schemas::Schemas;
use crate::domain::about::About;
use crate::domain::background::Background;
use crate::domain::benchmark::{BenchmarkResponse, PruningResponse, QuantizationResponse};
use crate::domain::dashboard::Dashboard;
use crate::domain::defaults;
use crate::domain::error::ErrorCode::{
    Conflict, Deleted, Internal, ModelNotUsable, NotFound, QueueFull, RunFailed, ShuttingDown,
};
use crate::domain::event::Sequenced;
use crate::domain::filter::MeasuredModel;
use crate::domain::model::LibraryListing;
use crate::domain::prompt_set::PromptSet;
use crate::domain::run::{
    BaselineRequest, DeletedRun, NoiseRequest, PruningRequest, QuantizationRequest, Run,
    RunRequest, RunSummary,
};
use crate::domain::trade_off::TradeOff;
use crate::domain::variant::{VariantForecasts, VariantRecord};
use crate::export::RunExport;

const BENCHMARK: &str = "Benchmark";
const HISTORY: &str = "History";
const LIBRARY: &str = "Library";
const PROMPTS: &str = "Prompts";
const DASHBOARD: &str = "Dashboard";
const SERVER: &str = "Server";

/// What the operations are grouped by.
pub(super) fn tags() -> Value {
    json!([
        {"name": BENCHMARK, "description": "Measuring a model, alone or against what was made of it, and following it."},
        {"name": HISTORY, "description": "Runs that were asked for: read, name, export, delete."},
        {"name": LIBRARY, "description": "The models that can be measured."},
        {"name": PROMPTS, "description": "Named lists of prompts."},
        {"name": DASHBOARD, "description": "What Whittle's own pages load and keep."},
        {"name": SERVER, "description": "Whittle itself, and this description."},
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

fn measuring(schemas: &mut Schemas) -> Vec<Operation> {
    let request = json!({
        "test_queries": defaults::PROMPTS,
        "iterations": defaults::ITERATIONS,
        "max_tokens": defaults::MAX_TOKENS,
    });
    let refusals = [
        NotFound,
        Conflict,
        ModelNotUsable,
        QueueFull,
        Internal,
        ShuttingDown,
    ];
    let number = json!({"id": 1});
    let level = json!({"technique": "quantization", "quantization_level": "q4_0", "quality": true});
    let ratio = json!({
        "technique": "pruning",
        "pruning_ratio": 0.3,
        "method": "width",
        "then_quantize": "q8_0",
    });
    let noise = json!({"iterations": defaults::NOISE_LAUNCHES});
    vec![
        Operation::post::<BaselineRequest>(
            "/api/benchmark/baseline",
            "benchmarkBaseline",
            BENCHMARK,
            schemas,
            &request,
        )
        .says(
            "Measure a model and wait for the figures",
            "Queues a run and answers when it has ended. Fields that are left out take the \
             defaults. A caller that hangs up does not end the run. A run that fails answers with \
             the error that says why; it is kept in the history all the same.",
        )
        .answers::<BenchmarkResponse>(schemas, "The figures; null: not measured.")
        .with("links", links("$response.body#/run_id"))
        .fails(&refusals)
        .fails(&[RunFailed]),
        Operation::post::<QuantizationRequest>(
            "/api/benchmark/quantization",
            "benchmarkQuantization",
            BENCHMARK,
            schemas,
            &level,
        )
        .says(
            "Quantize a model, measure both, and wait for what it changes",
            "Makes the variant, or takes the one that was made before, and measures the model and \
             its variant in turns in one run: nobody has to measure the model first. With \
             `quality`, also what the variant lost. Otherwise as `/api/benchmark/baseline`. Several \
             levels at once: `recipes` of `/api/runs`.",
        )
        .answers::<QuantizationResponse>(
            schemas,
            "The figures of both, and the changes; null: not measured.",
        )
        .with("links", links("$response.body#/run_id"))
        .fails(&refusals)
        .fails(&[RunFailed]),
        Operation::post::<PruningRequest>(
            "/api/benchmark/pruning",
            "benchmarkPruning",
            BENCHMARK,
            schemas,
            &ratio,
        )
        .says(
            "Prune a model, measure both, and wait for what it changes",
            "Removes a share of the weights of the transformer blocks, chosen on a built-in \
             calibration text, repairs what is left where that can be done, and checks the file on \
             another text: `pruning` says what was removed where, what it cost, and in \
             `not_refitted` why nothing was repaired, if so. `width` removes neurons of \
             every feed-forward network, `depth` whole blocks, `auto` both. `quick` reads less of that \
             text and loses a little more; by depth, `loss_budget` ends the search before more is \
             lost. With `then_quantize`, the pruned model is quantized. Otherwise as \
             `/api/benchmark/quantization`. A model that cannot be pruned so is refused at once, with \
             the reason.",
        )
        .answers::<PruningResponse>(
            schemas,
            "The figures of both, and the changes; null: not measured.",
        )
        .with("links", links("$response.body#/run_id"))
        .fails(&refusals)
        .fails(&[RunFailed]),
        Operation::post::<NoiseRequest>("/api/noise", "measureNoise", BENCHMARK, schemas, &noise)
            .says(
                "Measure a model against itself",
                "Queues a run of two copies of the model, at least 10 launches of each, and answers \
                 at once. What they show is no difference: from then on, a change of this model \
                 counts as better or worse only where its whole interval lies beyond. Until then 5 % \
                 are assumed for times and 1 % for memory.",
            )
            .answers::<Run>(schemas, "The run, queued.")
            .with("links", links("$response.body#/id"))
            .fails(&refusals),
        Operation::post::<RunRequest>("/api/runs", "startRun", BENCHMARK, schemas, &request)
            .says(
                "Start a run",
                "Queues a run and answers at once; with `recipes`, one that makes these variants and \
                 measures them against the model. Follow it at `/events/runs/{id}`, or read it at \
                 `/api/runs/{id}`. One run is measured at a time; at most 16 wait.",
            )
            .answers::<Run>(schemas, "The run, queued.")
            .with("links", links("$response.body#/id"))
            .fails(&refusals),
        Operation::post::<RunNumber>("/api/runs/cancel", "cancelRun", BENCHMARK, schemas, &number)
            .says(
                "End a run",
                "Ends a run at any stage. A run that has ended already stays as it is.",
            )
            .answers::<Run>(schemas, "The run, ended.")
            .fails(&[NotFound, Deleted, Conflict, Internal]),
        Operation::get("/events/runs/{id}", "followRun", BENCHMARK)
            .says(
                "Follow a run",
                "Server-sent events. The data of each is JSON: a `Sequenced`. The first is a \
                 snapshot of the run; then come the stored events after the one that \
                 `Last-Event-ID` names, then live ones. The stream ends after the last event of \
                 the run. Reconnect with the id of the last event to miss none.",
            )
            .named_by::<RunNumber>(schemas)
            .takes_header(
                "Last-Event-ID",
                "The id of the last event that was seen; anything but a number counts as none.",
            )
            .answers_media(
                &[("text/event-stream", stream(schemas))],
                "The events, until the run ends.",
            )
            .fails(&[NotFound, Deleted, Internal]),
    ]
}

fn reading(schemas: &mut Schemas) -> Vec<Operation> {
    vec![
        Operation::get("/api/runs", "listRuns", HISTORY)
            .says(
                "List runs",
                "Newest first. For the next page, send the last run's id as `before`.",
            )
            .takes::<RunsQuery>(schemas)
            .answers::<Vec<RunSummary>>(schemas, "The runs; an empty list: no more.")
            .fails(&[Internal]),
        Operation::get("/api/runs/{id}", "getRun", HISTORY)
            .says("Read a run", "All that is kept of a run, without its raw samples.")
            .named_by::<RunNumber>(schemas)
            .answers::<Run>(schemas, "The run.")
            .fails(&[NotFound, Deleted, Internal]),
        Operation::get("/api/run", "getRunByQuery", HISTORY)
            .says("Read a run, by query", "The same as `/api/runs/{id}`.")
            .takes::<RunNumber>(schemas)
            .answers::<Run>(schemas, "The run.")
            .fails(&[NotFound, Deleted, Internal]),
        Operation::get("/api/runs/models", "listMeasuredModels", HISTORY)
            .says(
                "List measured models",
                "The models that listed runs have, by name: what `model` of the list can be. They \
                 need not be in the library any more.",
            )
            .answers::<Vec<MeasuredModel>>(schemas, "The models.")
            .fails(&[Internal]),
        Operation::get("/api/runs/{id}/export", "exportRun", HISTORY)
            .says(
                "Export a run",
                "The run with its raw samples, as a file. An answer that ends before its end is a \
                 fault of the server on the way.",
            )
            .named_by::<RunNumber>(schemas)
            .takes::<ExportQuery>(schemas)
            .answers_media(
                &[
                    ("application/json", json!({"schema": schemas.answer::<RunExport>()})),
                    ("text/csv", json!({"schema": {"type": "string"}})),
                ],
                "The file.",
            )
            .with("headers", json!({
                "Content-Disposition": {
                    "description": "The file's name: `attachment; filename=\"whittle-run-1.json\"`.",
                    "required": true,
                    "schema": {"type": "string"},
                },
            }))
            .fails(&[NotFound, Deleted, Internal]),
        Operation::get("/api/runs/export.schema.json", "getExportSchema", HISTORY)
            .says("Read the schema of an export", "JSON Schema, draft 2020-12.")
            .answers_media(
                &[("application/schema+json", json!({"schema": {"type": "object"}}))],
                "The schema.",
            ),
    ]
}

fn changing(schemas: &mut Schemas) -> Vec<Operation> {
    let number = json!({"id": 1});
    let label = json!({"id": 1, "name": "before the update", "note": ""});
    vec![
        Operation::post::<RunLabel>("/api/runs/label", "labelRun", HISTORY, schemas, &label)
            .says(
                "Name a run, and note something on it",
                "A field that is left out or null stays as it is; an empty text removes.",
            )
            .answers::<Run>(schemas, "The run, as it is now.")
            .fails(&[NotFound, Deleted, Internal]),
        Operation::post::<RunNumber>("/api/runs/delete", "deleteRun", HISTORY, schemas, &number)
            .says(
                "Delete a run",
                "Hides a run that has ended. It can be restored for 7 days; then it is removed for \
                 good. A run that was deleted already stays so.",
            )
            .answers::<()>(schemas, "It is deleted.")
            .fails(&[NotFound, Conflict, Internal]),
        Operation::get("/api/runs/deleted", "listDeletedRuns", HISTORY)
            .says(
                "List deleted runs",
                "Those that can still be restored, newest first, whatever the day of their deletion. For \
                 the next page, send the last run's id as `before`.",
            )
            .takes::<DeletedRunsQuery>(schemas)
            .answers::<Vec<DeletedRun>>(schemas, "The runs; an empty list: no more.")
            .fails(&[Internal]),
        Operation::post::<RunNumber>("/api/runs/restore", "restoreRun", HISTORY, schemas, &number)
            .says(
                "Restore a deleted run",
                "Shows a deleted run again. A run that was not deleted stays as it is.",
            )
            .answers::<Run>(schemas, "The run, as it was.")
            .fails(&[NotFound, Internal]),
    ]
}

fn prompt_sets(schemas: &mut Schemas) -> Vec<Operation> {
    let prompts = json!(["What is autism?", {"prompt": "2 + 2?", "expected": {"text": "4"}}]);
    let kept = json!({"name": "sums", "prompts": prompts});
    let name = json!({"name": "sums"});
    let delete = "/api/prompt-sets/delete";
    vec![
        Operation::get("/api/prompt-sets", "listPromptSets", PROMPTS)
            .says(
                "List the prompt sets",
                "All of them with their prompts, by name.",
            )
            .answers::<Vec<PromptSet>>(schemas, "The sets.")
            .fails(&[Internal]),
        Operation::get("/api/prompt-set", "getPromptSet", PROMPTS)
            .says("Read a prompt set", "One set with its prompts.")
            .takes::<PromptSetName>(schemas)
            .answers::<PromptSet>(schemas, "The set.")
            .fails(&[NotFound, Internal]),
        Operation::post::<PromptSetKept>(
            "/api/prompt-sets",
            "keepPromptSet",
            PROMPTS,
            schemas,
            &kept,
        )
        .says(
            "Keep a prompt set",
            "Keeps it in place of the one with its name, if there is one. At most 200 are kept, of 8 MB together.",
        )
        .answers::<PromptSet>(schemas, "The set, as it is kept.")
        .fails(&[Conflict, Internal]),
        Operation::post::<PromptSetName>(delete, "deletePromptSet", PROMPTS, schemas, &name)
            .says(
                "Remove a prompt set",
                "Removes it and answers with it: kept again, it is back.",
            )
            .answers::<PromptSet>(schemas, "The set, as it was.")
            .fails(&[NotFound, Internal]),
    ]
}

fn variants(schemas: &mut Schemas) -> Vec<Operation> {
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
                 is not started while anything is measured: 409. A model that cannot be pruned so is \
                 refused with the reason.",
            )
            .answers::<VariantForecasts>(schemas, "One for each recipe, in order.")
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
                 made here are never deleted.",
            )
            .answers::<VariantRecord>(schemas, "What it was.")
            .fails(&[NotFound, Conflict]),
    ]
}

fn others(schemas: &mut Schemas) -> Vec<Operation> {
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
        Operation::get("/api/dashboard", "loadDashboard", DASHBOARD)
            .says(
                "Load the dashboard",
                "All that the dashboard shows. It follows the page: fields may come and go.",
            )
            .answers::<Dashboard>(schemas, "The dashboard's data.")
            .fails(&[Internal]),
        Operation::post::<RunRequest>("/api/remember", "remember", DASHBOARD, schemas, &kept)
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

/// What can be done with the run whose number is at `number` of an answer.
fn links(number: &str) -> Value {
    let by_number = |operation: &str, what: &str| json!({"operationId": operation, "description": what, "parameters": {"id": number}});
    let with_number = |operation: &str, what: &str| json!({"operationId": operation, "description": what, "requestBody": {"id": number}});
    json!({
        "follow": by_number("followRun", "Its events."),
        "read": by_number("getRun", "All that is kept of it."),
        "export": by_number("exportRun", "Its file."),
        "cancel": with_number("cancelRun", "Ends it."),
        "delete": with_number("deleteRun", "Deletes it once it has ended."),
        "restore": with_number("restoreRun", "Restores it once it is deleted."),
    })
}

/// Before 3.2, OpenAPI has no word for the events of a stream: as is usual, the
/// schema is that of each event.
fn stream(schemas: &mut Schemas) -> Value {
    json!({
        "schema": {
            "description": "One event of the stream.",
            "type": "object",
            "properties": {
                "id": {"description": "Its `seq`.", "type": "string", "pattern": r"^\d+$"},
                "data": {
                    "type": "string",
                    "contentMediaType": "application/json",
                    "contentSchema": schemas.answer::<Sequenced>(),
                },
            },
            "required": ["id", "data"],
        },
    })
}
