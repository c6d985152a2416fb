//! The front end, embedded in the binary with its compressed twins.

use axum::extract::Request;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use rust_embed::{Embed, EmbeddedFile};

#[derive(Embed)]
#[folder = "$CARGO_MANIFEST_DIR/target/site"]
#[allow_missing = true]
struct Site;

/// Whether the front end was built before the server.
pub(super) fn are_embedded() -> bool {
    Site::get("pkg/whittle.js").is_some()
}

/// Answers with an asset; none: there is no such asset.
pub(super) fn asset(request: &Request) -> Option<Response> {
    let path = request.uri().path().trim_start_matches('/');
    let content_type = content_type(path)?;
    let (file, encoding) = best(path, request.headers())?;
    let etag = etag(&file, encoding);
    let headers = [
        (CONTENT_TYPE, content_type.to_owned()),
        // Names stay the same from build to build: always ask, rarely send.
        (CACHE_CONTROL, "no-cache".to_owned()),
        (VARY, "accept-encoding".to_owned()),
        (ETAG, etag.clone()),
    ];
    let known = request.headers().get(IF_NONE_MATCH);
    if known.is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return Some((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let mut response = (headers, file.data.into_owned()).into_response();
    if let Some(encoding) = encoding {
        let value = axum::http::HeaderValue::from_static(encoding);
        response.headers_mut().insert(CONTENT_ENCODING, value);
    }
    Some(response)
}

/// The smallest form that the browser takes.
fn best(path: &str, headers: &HeaderMap) -> Option<(EmbeddedFile, Option<&'static str>)> {
    let accepted = headers
        .get(ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok());
    for (encoding, suffix) in [("br", "br"), ("gzip", "gz")] {
        let accepts = |list: &str| list.split(',').any(|item| item.trim() == encoding);
        if accepted.is_some_and(accepts)
            && let Some(file) = Site::get(&format!("{path}.{suffix}"))
        {
            return Some((file, Some(encoding)));
        }
    }
    Some((Site::get(path)?, None))
}

fn etag(file: &EmbeddedFile, encoding: Option<&str>) -> String {
    let hash = file.metadata.sha256_hash();
    let hex: String = hash
        .iter()
        .take(12)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("\"{hex}-{}\"", encoding.unwrap_or("id"))
}

/// The types that a front end consists of; nothing else is an asset.
fn content_type(path: &str) -> Option<&'static str> {
    Some(match path.rsplit_once('.')?.1 {
        "js" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => return None,
    })
}
