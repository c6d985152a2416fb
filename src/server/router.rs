//! Every route and every layer, in order.

use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router, middleware};
use leptos::config::LeptosOptions;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{LeptosRoutes, ResponseOptions, generate_route_list};
use tower_http::compression::CompressionLayer;
use tower_http::csrf::{CsrfLayer, ProtectionError};
use tower_http::limit::RequestBodyLimitLayer;

use super::{AllowedHosts, AppState, assets, events, export, security, status};
use crate::app::{App, shell};
use crate::domain::error::AppError;
use crate::domain::run::Run;

/// Largest body of a request.
const MAX_BODY_BYTES: usize = 1 << 20;

/// The whole interface over `state`, answering to `hosts`.
pub fn router(state: AppState, hosts: AllowedHosts) -> Router {
    let options = state.leptos_options();
    let context = {
        let state = state.clone();
        move || {
            provide_context(state.clone());
            set_page_policy();
        }
    };
    let fallback = leptos_axum::render_app_async_with_context(context.clone(), {
        let options = options.clone();
        move || shell(options.clone())
    });
    let with_fallback = move |request: Request| async move {
        match assets::asset(&request) {
            Some(asset) => asset,
            None if request.uri().path().starts_with("/api/") => {
                StatusCode::NOT_FOUND.into_response()
            }
            None => fallback(request).await.into_response(),
        }
    };
    Router::new()
        .route("/healthz", get(health))
        .route("/api/runs/{id}", get(run))
        .route("/api/runs/{id}/export", get(export::export_run))
        .route("/api/runs/export.schema.json", get(export::schema))
        .leptos_routes_with_context(&state, generate_route_list(App), context, move || {
            shell(options.clone())
        })
        .fallback(with_fallback)
        // Before the compression: it reads the errors.
        .layer(middleware::from_fn(status::json_errors))
        // Event streams are not compressed: a gauge must not wait in a buffer.
        .layer(CompressionLayer::new())
        .route("/events/runs/{id}", get(events::follow))
        .layer(DefaultBodyLimit::disable())
        .layer(RequestBodyLimitLayer::new(MAX_BODY_BYTES))
        .layer(
            CsrfLayer::new().with_rejection_response(|_: ProtectionError| {
                security::cross_site().into_response()
            }),
        )
        .layer(middleware::from_fn_with_state(hosts, security::check_host))
        .layer(middleware::from_fn(security::security_headers))
        .with_state(state)
}

/// Scripts run with the nonce of the very page alone.
fn set_page_policy() {
    let nonce = leptos::nonce::use_nonce();
    let options = use_context::<ResponseOptions>();
    if let (Some(nonce), Some(options)) = (nonce, options)
        && let Ok(policy) = HeaderValue::from_str(&security::page_policy(&nonce.to_string()))
    {
        options.insert_header(CONTENT_SECURITY_POLICY, policy);
        // A page shows the state of this moment.
        options.insert_header(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

async fn health(State(state): State<AppState>) -> Response {
    match state.is_healthy().await {
        Ok(()) => Json(serde_json::json!({"status": "ok"})).into_response(),
        Err(error) => error.into_response(),
    }
}

async fn run(State(state): State<AppState>, Path(id): Path<String>) -> Result<Json<Run>, AppError> {
    Ok(Json(state.run(run_number(&id)?).await?))
}

/// The number in a path.
pub(super) fn run_number(id: &str) -> Result<i64, AppError> {
    id.parse()
        .map_err(|_| AppError::bad_request("a run's id is a number; GET /api/runs lists the runs"))
}

impl axum::extract::FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos_options()
    }
}
