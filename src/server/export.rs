//! `GET /api/runs/{id}/export`: a run as a file, sent while it is read.

use std::collections::HashMap;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream, StreamExt};

use super::AppState;
use super::router::run_number;
use crate::domain::error::{AppError, ErrorCode};
use crate::domain::run::Run;
use crate::export::{ExportFormat, SCHEMA};
use crate::store::Place;

/// Requests that are read at once; one may hold 100,000 gaps and a long text.
const PAGE: u32 = 4;

/// Sends the run as a file to keep.
pub(super) async fn export_run(
    State(state): State<AppState>,
    Path(id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, AppError> {
    let format = ExportFormat::try_from(query.get("format").map(String::as_str))?;
    let run = state.run(run_number(&id)?).await?;
    let launches = state.store().launches(run.id).await?;
    let head = format.head(&run, launches).map_err(|error| {
        tracing::error!(run = run.id.0, %error, "an export failed");
        AppError::new(
            ErrorCode::Internal,
            "the run could not be exported; see the log",
        )
    })?;
    let file = format!("attachment; filename=\"{}\"", format.file_name(run.id));
    let headers = [
        (CONTENT_TYPE, format.content_type().to_owned()),
        (CONTENT_DISPOSITION, file),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    let body = stream::iter([Ok(Bytes::from(head))])
        .chain(pages(state, format, run))
        .chain(stream::iter([Ok(Bytes::from_static(format.tail()))]));
    Ok((headers, Body::from_stream(body)).into_response())
}

/// `GET /api/runs/export.schema.json`.
pub(super) async fn schema() -> Response {
    ([(CONTENT_TYPE, "application/schema+json")], SCHEMA).into_response()
}

/// The requests, page by page: no connection to the history is held while a
/// slow reader takes its time. An error ends the answer before its end, which
/// the reader sees as a broken download.
fn pages(
    state: AppState,
    format: ExportFormat,
    run: Run,
) -> impl Stream<Item = anyhow::Result<Bytes>> {
    let start: Option<Place> = Some((0, 0, 0));
    stream::unfold((state, run, start), move |(state, run, after)| async move {
        let after = after?;
        match page(&state, format, &run, after).await {
            Ok((bytes, last)) => Some((Ok(bytes), (state, run, Some(last?)))),
            Err(error) => {
                tracing::error!(run = run.id.0, %error, "an export broke off");
                Some((Err(error), (state, run, None)))
            }
        }
    })
}

/// The requests after `after`, and the place of the last; none: there are none.
async fn page(
    state: &AppState,
    format: ExportFormat,
    run: &Run,
    after: Place,
) -> anyhow::Result<(Bytes, Option<Place>)> {
    let requests = state.store().requests(run.id, after, PAGE).await?;
    let place = |request: &crate::domain::sample::ArmRequest| {
        let sample = &request.sample;
        (request.arm_position, sample.iteration, sample.prompt)
    };
    let last = requests.last().map(place);
    let bytes = format.requests(run, &requests, after == (0, 0, 0))?;
    Ok((Bytes::from(bytes), last))
}
