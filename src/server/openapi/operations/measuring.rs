//! The operations that measure, and follow what is measured.

use serde_json::{Value, json};

use super::BENCHMARK;
use crate::domain::benchmark::{BenchmarkResponse, PruningResponse, QuantizationResponse};
use crate::domain::defaults;
use crate::domain::error::ErrorCode::{
    Conflict, Deleted, Internal, ModelNotUsable, NotFound, QueueFull, RunFailed, ShuttingDown,
};
use crate::domain::event::Sequenced;
use crate::domain::run::{
    BaselineRequest, NoiseRequest, PruningRequest, QuantizationRequest, Run, RunRequest,
};
use crate::server::openapi::arguments::RunNumber;
use crate::server::openapi::operation::Operation;
use crate::server::openapi::schemas::Schemas;

pub(super) fn measuring(schemas: &mut Schemas) -> Vec<Operation> {
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
             its variant in turns in one run: nobody has to measure the model first. \
             `improvements` are bare figures, which may be noise: count what `verdicts` calls \
             better or worse. With `quality`, also what the variant lost. Otherwise as `/api/benchmark/baseline`. Several \
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
             every feed-forward network and from 45 % on attention heads, `depth` whole blocks and, \
             where no number of them is within a point of the ratio, some neurons of the others, \
             `auto` as much of each as costs least for each weight that goes. `quick` reads less of that text, tries fewer blocks and \
             loses a little more; by depth, `loss_budget` ends the search before more is lost. With `then_quantize`, the pruned model is quantized. \
             A model that is quantized already loses its neurons in groups and is not repaired, unless `upcast` \
             has it written as F16 first: then all is as of any other, but the file is of F16 weights where \
             `then_quantize` says nothing else, and what quantizing lost stays lost. Otherwise as \
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
