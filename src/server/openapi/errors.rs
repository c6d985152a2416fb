//! The answers for errors: one for each status, told from the error codes.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::schemas::Schemas;
use crate::domain::error::{AppError, ErrorCode};

/// The name of the answer of an error's status.
pub(super) fn name(code: ErrorCode) -> &'static str {
    match code.status() {
        400 => "BadRequest",
        403 => "Forbidden",
        404 => "NotFound",
        405 => "MethodNotAllowed",
        409 => "Conflict",
        413 => "TooLarge",
        415 => "NotJson",
        422 => "ModelNotUsable",
        429 => "QueueFull",
        503 => "ShuttingDown",
        _ => "Failed",
    }
}

/// All of them, by name.
pub(super) fn answers(schemas: &mut Schemas) -> BTreeMap<&'static str, Value> {
    let schema = schemas.answer::<AppError>();
    let mut kinds: BTreeMap<&'static str, Vec<(ErrorCode, String)>> = BTreeMap::new();
    for (code, words) in schemas.variants::<ErrorCode>() {
        kinds.entry(name(code)).or_default().push((code, words));
    }
    let answers = kinds.into_iter().map(|(name, codes)| {
        let says: Vec<String> = codes
            .iter()
            .map(|(code, words)| says(*code, words))
            .collect();
        let examples: Map<String, Value> = codes.iter().map(|(code, _)| example(*code)).collect();
        let media = json!({"schema": schema.clone(), "examples": examples});
        let answer = json!({
            "description": says.join("\n"),
            "content": {"application/json": media},
        });
        (name, answer)
    });
    answers.collect()
}

fn word(code: ErrorCode) -> String {
    let word = serde_json::to_value(code).expect("JSON");
    word.as_str().expect("a word").to_owned()
}

/// Its doc comment without the status, which stands above it.
fn says(code: ErrorCode, words: &str) -> String {
    let status = format!(": {}.", code.status());
    let sentence = words.strip_suffix(status.as_str()).unwrap_or(words);
    format!("`{}`: {sentence}.", word(code))
}

fn example(code: ErrorCode) -> (String, Value) {
    let message = match code {
        ErrorCode::BadRequest => "iterations is 0; it must be 1 to 100",
        ErrorCode::Forbidden => {
            "this Host is not allowed; open the address that whittle serve printed"
        }
        ErrorCode::NotFound => "there is no run 7; GET /api/runs lists the runs",
        ErrorCode::Deleted => {
            "run 7 was deleted; it can be restored until it is removed for good, 7 days after that"
        }
        ErrorCode::MethodNotAllowed => {
            "/api/runs/7 takes GET, not DELETE; GET /api/openapi.json describes what to send"
        }
        ErrorCode::Conflict => "run 7 has not ended; cancel it first, then delete it",
        ErrorCode::TooLarge => "the body is larger than 1 MiB; send shorter prompts",
        ErrorCode::NotJson => {
            "the body must be JSON, such as {}; send it with Content-Type: application/json"
        }
        ErrorCode::ModelNotUsable => "half.gguf is truncated; download it again",
        ErrorCode::QueueFull => "the queue is full: 16 runs wait; try again when one has ended",
        ErrorCode::RunFailed => "run 7 failed: the worker ended by SIGSEGV",
        ErrorCode::Internal => "a fault of Whittle; see its log",
        ErrorCode::ShuttingDown => "Whittle is shutting down; start it again to measure",
    };
    let error = AppError::new(code, message);
    (word(code), json!({"value": error}))
}
