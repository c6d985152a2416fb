//! The one error of the interface, made from the errors of the rooms.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::domain::error::{AppError, ErrorCode};
use crate::library::LibraryError;
use crate::queue::QueueError;
use crate::store::StoreError;

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the history failed");
        Self::new(ErrorCode::Internal, error.to_string())
    }
}

impl From<QueueError> for AppError {
    fn from(error: QueueError) -> Self {
        let code = match error {
            QueueError::Full => ErrorCode::QueueFull,
            QueueError::ShuttingDown => ErrorCode::ShuttingDown,
            QueueError::NotOurs(_) => ErrorCode::Conflict,
            QueueError::Store(error) => return error.into(),
        };
        Self::new(code, error.to_string())
    }
}

impl From<LibraryError> for AppError {
    fn from(error: LibraryError) -> Self {
        let code = match error {
            LibraryError::Unknown(_) => ErrorCode::NotFound,
            LibraryError::Unreadable { .. }
            | LibraryError::Unusable(_)
            | LibraryError::InOllama { .. } => ErrorCode::ModelNotUsable,
            LibraryError::StillHashing(_) | LibraryError::NotDeleted { .. } => ErrorCode::Conflict,
            LibraryError::NotAFolder(_) | LibraryError::NotMadeHere(_) => ErrorCode::BadRequest,
            LibraryError::Start(_) | LibraryError::InUse(_) => ErrorCode::Internal,
        };
        Self::new(code, error.to_string())
    }
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        let status = self.error.code.status();
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self)).into_response()
    }
}
