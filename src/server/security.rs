//! What a server on the user's own machine must refuse, since every web page
//! that the user visits can send requests to it.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::domain::error::{AppError, ErrorCode};

/// The Host headers that are answered: exact, against DNS rebinding.
#[derive(Debug, Clone)]
pub struct AllowedHosts(Arc<[String]>);

impl AllowedHosts {
    /// The loopback names with the port of `address`.
    pub fn loopback(address: SocketAddr) -> Self {
        let port = address.port();
        let mut hosts = vec![
            format!("localhost:{port}"),
            format!("127.0.0.1:{port}"),
            format!("[::1]:{port}"),
            address.to_string(),
        ];
        if port == 80 {
            hosts.extend(["localhost", "127.0.0.1", "[::1]"].map(str::to_owned));
        }
        Self(hosts.into())
    }
}

/// Refuses requests for another host.
pub(super) async fn check_host(
    State(allowed): State<AllowedHosts>,
    request: Request,
    next: Next,
) -> Response {
    let authority = request
        .uri()
        .authority()
        .map(|authority| authority.as_str());
    let header = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let host = authority.or(header).unwrap_or("");
    if allowed.0.iter().any(|name| name.eq_ignore_ascii_case(host)) {
        return next.run(request).await;
    }
    AppError::new(
        ErrorCode::Forbidden,
        "this Host is not allowed; open the address that whittle serve printed",
    )
    .into_response()
}

/// The answer to a request that another site's page sent.
pub(super) fn cross_site() -> AppError {
    AppError::new(
        ErrorCode::Forbidden,
        "a page of another site sent this request; only Whittle's own pages may",
    )
}

/// The content security policy of a page; scripts need its nonce.
pub(super) fn page_policy(nonce: &str) -> String {
    // Leptos hydrates through an inline script and WebAssembly; charts and
    // bars are placed by style attributes.
    policy(&format!("'self' 'nonce-{nonce}' 'wasm-unsafe-eval'"))
}

fn policy(scripts: &str) -> String {
    format!(
        "default-src 'self'; script-src {scripts}; style-src 'self'; \
         style-src-attr 'unsafe-inline'; img-src 'self' data:; object-src 'none'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

/// Puts the headers on every answer; a page keeps its own policy.
pub(super) async fn security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(value) = HeaderValue::from_str(&policy("'self'")) {
        headers
            .entry(header::CONTENT_SECURITY_POLICY)
            .or_insert(value);
    }
    response
}
