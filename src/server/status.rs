//! Gives an answer under `/api` the status that its error asks for, and every
//! refusal on the way the same JSON form.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::domain::error::{AppError, ErrorCode};

/// No error is longer.
const MAX_ERROR_BYTES: usize = 64 << 10;

/// Server functions answer every error with 500, and redirect browsers: here
/// the code in the body decides, and the answer is always JSON.
pub(super) async fn json_errors(mut request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with("/api/") {
        return next.run(request).await;
    }
    if request.method() == Method::POST && !is_json(request.headers().get(CONTENT_TYPE)) {
        return AppError::new(
            ErrorCode::NotJson,
            "the body must be JSON; send it with Content-Type: application/json",
        )
        .into_response();
    }
    request
        .headers_mut()
        .insert(ACCEPT, HeaderValue::from_static("application/json"));
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    match response.status() {
        status if status.is_success() => response,
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED
            if !is_json(response.headers().get(CONTENT_TYPE)) =>
        {
            AppError::new(
                ErrorCode::NotFound,
                format!("there is nothing at {path} for this method; the README lists the routes"),
            )
            .into_response()
        }
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => with_own_status(response).await,
    }
}

async fn with_own_status(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, MAX_ERROR_BYTES).await else {
        return AppError::new(ErrorCode::Internal, "the server's answer broke off").into_response();
    };
    if let Ok(error) = serde_json::from_slice::<AppError>(&bytes) {
        // The limit of the body shows only as a text from within.
        if error.error.message.contains("length limit exceeded") {
            return too_large();
        }
        return error.into_response();
    }
    parts.headers.remove(axum::http::header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(bytes))
}

fn too_large() -> Response {
    AppError::new(
        ErrorCode::TooLarge,
        "the body is larger than 1 MiB, all prompts together; send fewer or shorter ones",
    )
    .into_response()
}

fn is_json(value: Option<&HeaderValue>) -> bool {
    let text = value.and_then(|value| value.to_str().ok()).unwrap_or("");
    let kind = text.split(';').next().unwrap_or("").trim();
    kind.eq_ignore_ascii_case("application/json")
}
