//! Gives an answer of the HTTP interface the status that its error asks for, and
//! every refusal on the way the same JSON form.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use leptos::server_fn::axum::server_fn_paths;

use super::query;
use crate::domain::error::{AppError, ErrorCode};

/// No error is longer.
const MAX_ERROR_BYTES: usize = 64 << 10;

/// Whether programs are answered there, and not people.
pub(super) fn is_interface(path: &str) -> bool {
    path.starts_with("/api/") || path.starts_with("/events/") || path == "/healthz"
}

/// Whether a server function takes the method there.
fn takes(path: &str, method: &Method) -> bool {
    server_fn_paths().any(|(other, its)| other == path && its == *method)
}

/// Server functions answer every error with 500, and redirect browsers: here
/// the code in the body decides, and the answer is always JSON.
pub(super) async fn json_errors(mut request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    if !is_interface(&path) {
        return next.run(request).await;
    }
    let method = request.method().clone();
    // Only server functions take a POST; anything else is told so, whatever it sent.
    let is_post = method == Method::POST && takes(&path, &method);
    if is_post && !is_json(request.headers().get(CONTENT_TYPE)) {
        return AppError::new(
            ErrorCode::NotJson,
            "the body must be JSON, such as {}; send it with Content-Type: application/json",
        )
        .into_response();
    }
    if let Err(error) = query::refuse_unknown(&request) {
        return error.into_response();
    }
    request
        .headers_mut()
        .insert(ACCEPT, HeaderValue::from_static("application/json"));
    let response = next.run(request).await;
    match response.status() {
        status if status.is_success() => response,
        StatusCode::NOT_FOUND if !is_json(response.headers().get(CONTENT_TYPE)) => AppError::new(
            ErrorCode::NotFound,
            format!("there is nothing at {path}; GET /api/openapi.json describes the routes"),
        )
        .into_response(),
        StatusCode::METHOD_NOT_ALLOWED => method_not_allowed(&method, &path),
        StatusCode::PAYLOAD_TOO_LARGE => AppError::too_large().into_response(),
        _ => with_own_status(response).await,
    }
}

/// The header Allow comes from axum, outside of every layer: it is not there yet.
fn method_not_allowed(method: &Method, path: &str) -> Response {
    let methods = methods_of(path);
    AppError::new(
        ErrorCode::MethodNotAllowed,
        format!(
            "{path} takes {methods}, not {method}; GET /api/openapi.json describes what to send"
        ),
    )
    .into_response()
}

/// The methods of a path that there is. What is no server function is read.
fn methods_of(path: &str) -> &'static str {
    match (takes(path, &Method::GET), takes(path, &Method::POST)) {
        (true, true) => "GET and POST",
        (false, true) => "POST",
        (_, false) => "GET",
    }
}

async fn with_own_status(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, MAX_ERROR_BYTES).await else {
        return AppError::new(ErrorCode::Internal, "the server's answer broke off").into_response();
    };
    if let Ok(error) = serde_json::from_slice::<AppError>(&bytes) {
        return error.into_response();
    }
    // What axum could not read of an address it says as a text.
    if parts.status == StatusCode::BAD_REQUEST {
        let reason = String::from_utf8_lossy(&bytes);
        return AppError::bad_request(format!(
            "the address could not be read: {reason}; GET /api/openapi.json describes the routes"
        ))
        .into_response();
    }
    parts.headers.remove(axum::http::header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(bytes))
}

fn is_json(value: Option<&HeaderValue>) -> bool {
    let text = value.and_then(|value| value.to_str().ok()).unwrap_or("");
    let kind = text.split(';').next().unwrap_or("").trim();
    kind.eq_ignore_ascii_case("application/json")
}
