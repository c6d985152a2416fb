//! The one error of the HTTP interface, the same from every route.

use std::fmt;

use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

use super::json::JsonText;

/// Longest reason that an error tells on, in characters.
const REASON_CHARS_LIMIT: usize = 400;

/// What kind of thing went wrong; decides the HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The request itself is wrong: 400.
    BadRequest,
    /// The Host or the origin of the request is not allowed: 403.
    Forbidden,
    /// No such model or run: 404.
    NotFound,
    /// The run was deleted and can still be restored: 404.
    Deleted,
    /// The path exists for other methods, which the header Allow names: 405.
    MethodNotAllowed,
    /// The request cannot be done in the present state: 409.
    Conflict,
    /// The body is larger than the server takes: 413.
    TooLarge,
    /// The body is not JSON: 415.
    NotJson,
    /// The model exists and cannot be used: 422.
    ModelNotUsable,
    /// The queue is full: 429.
    QueueFull,
    /// The run itself failed: 500.
    RunFailed,
    /// A fault of the server: 500.
    Internal,
    /// The server is shutting down: 503.
    ShuttingDown,
}

impl ErrorCode {
    /// The HTTP status that goes with the code.
    pub fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Forbidden => 403,
            Self::NotFound | Self::Deleted => 404,
            Self::MethodNotAllowed => 405,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::NotJson => 415,
            Self::ModelNotUsable => 422,
            Self::QueueFull => 429,
            Self::RunFailed | Self::Internal => 500,
            Self::ShuttingDown => 503,
        }
    }
}

/// `{"error": {"code", "message"}}`: what failed, for which input, what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AppError {
    /// The only field, so that the body reads as the interface promises.
    pub error: ErrorBody,
}

/// The inside of an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ErrorBody {
    /// The kind, for programs.
    pub code: ErrorCode,
    /// The sentence, for people.
    pub message: String,
}

impl AppError {
    /// An error of `code` with a sentence that names the input and the remedy.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            error: ErrorBody {
                code,
                message: message.into(),
            },
        }
    }

    /// A body that is not read to its end.
    pub fn too_large() -> Self {
        Self::new(
            ErrorCode::TooLarge,
            "the body is larger than 1 MiB, all prompts together; send fewer or shorter ones",
        )
    }

    /// Shorthand for the most common kind.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::BadRequest, message)
    }
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error.message)
    }
}

impl FromServerFnError for AppError {
    type Encoder = JsonText;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            // How the limit of the body shows. What serde says of a value ends in
            // its place, whatever the value.
            ServerFnErrorErr::Deserialization(reason)
                if reason.ends_with("length limit exceeded") =>
            {
                Self::too_large()
            }
            // The browser reads answers alone.
            ServerFnErrorErr::Deserialization(reason) if cfg!(feature = "hydrate") => {
                Self::new(ErrorCode::Internal, reason)
            }
            ServerFnErrorErr::Args(reason)
            | ServerFnErrorErr::MissingArg(reason)
            | ServerFnErrorErr::Deserialization(reason) => Self::bad_request(format!(
                "the request could not be read: {}; GET /api/openapi.json describes its fields",
                with_place_apart(&reason)
            )),
            ServerFnErrorErr::Request(reason) => Self::new(
                ErrorCode::Internal,
                format!("the server did not answer ({reason}); is Whittle still running?"),
            ),
            other => Self::new(ErrorCode::Internal, other.to_string()),
        }
    }
}

/// A reason with its place set apart, where serde tells one: behind a sentence of ours
/// " at line 1 column 21" reads as if that went on.
fn with_place_apart(reason: &str) -> String {
    let place = reason.rsplit_once(" at line ").and_then(|(reason, place)| {
        let (line, column) = place.split_once(" column ")?;
        let is_number = |text: &str| text.parse::<usize>().is_ok();
        (is_number(line) && is_number(column)).then_some((reason, line, column))
    });
    match place {
        None => shortened(reason),
        Some((reason, line, column)) => {
            format!("{} (line {line}, column {column})", shortened(reason))
        }
    }
}

/// A reason may quote a whole wrong value: enough to find it is told on.
fn shortened(reason: &str) -> String {
    if reason.chars().count() <= REASON_CHARS_LIMIT {
        return reason.to_owned();
    }
    let mut short: String = reason.chars().take(REASON_CHARS_LIMIT).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(reason: &str) -> String {
        let reason = reason.to_owned();
        let error = AppError::from_server_fn_error(ServerFnErrorErr::Deserialization(reason));
        error.error.message
    }

    #[test]
    fn where_a_value_is_wrong_stands_apart_from_what_is_wrong_with_it() {
        let rest = "; GET /api/openapi.json describes its fields";
        let reads = |reason: &str, read: &str| {
            assert_eq!(
                said(reason),
                format!("the request could not be read: {read}{rest}")
            );
        };
        reads(
            "it is the share, 0.1 to 0.5 at line 1 column 21",
            "it is the share, 0.1 to 0.5 (line 1, column 21)",
        );
        reads("no place", "no place");
        reads("wait at line 1 column B", "wait at line 1 column B");
        let long = format!("{} at line 2 column 1", "x".repeat(REASON_CHARS_LIMIT + 1));
        reads(
            &long,
            &format!("{}… (line 2, column 1)", "x".repeat(REASON_CHARS_LIMIT)),
        );
    }
}
