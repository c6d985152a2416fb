//! The operations on runs that were asked for: reading and changing them.

use serde_json::json;

use super::{HISTORY, INTERNAL};
use crate::domain::error::ErrorCode::{Conflict, Deleted, Internal, NotFound};
use crate::domain::filter::MeasuredModel;
use crate::domain::run::{DeletedRun, Run, RunSummary};
use crate::export::RunExport;
use crate::server::openapi::arguments::{
    DeletedRunsQuery, ExportQuery, RunLabel, RunNumber, RunsQuery,
};
use crate::server::openapi::operation::Operation;
use crate::server::openapi::schemas::Schemas;

pub(super) fn reading(schemas: &mut Schemas) -> Vec<Operation> {
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
        Operation::get("/api/run", "getRunByQuery", INTERNAL)
            .says("Read a run, by query", "The same as `/api/runs/{id}`, which programs use.")
            .takes::<RunNumber>(schemas)
            .answers::<Run>(schemas, "The run.")
            .fails(&[NotFound, Deleted, Internal]),
        Operation::get("/api/runs/models", "listMeasuredModels", INTERNAL)
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

pub(super) fn changing(schemas: &mut Schemas) -> Vec<Operation> {
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
