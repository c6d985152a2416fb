//! `GET /api/openapi.json`: what the HTTP interface is, for people and for
//! programs that write clients.
//!
//! The document is a file, made from the types by a test, which fails when the
//! two differ: the server carries no generator.

#[cfg(test)]
mod arguments;
#[cfg(test)]
mod document;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod operation;
#[cfg(test)]
mod operations;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod schemas;
#[cfg(test)]
mod values;

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

/// The document, OpenAPI 3.1.
pub(crate) const DOCUMENT: &str = include_str!("../openapi.json");

/// Answers with the document.
pub(super) async fn document() -> Response {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT).into_response()
}
