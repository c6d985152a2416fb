//! The parameters of an address: one that its operation does not take is refused by its
//! name, because a filter that is misspelt would filter nothing.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::extract::{MatchedPath, Query, Request};
use axum::http::Method;
use serde_json::Value;

use super::openapi;
use crate::domain::error::AppError;

/// Characters of a name that an error repeats.
const NAME_CHARS: usize = 100;

/// The parameters that each operation takes in its query, by method and path, as the
/// document says.
static TAKEN: LazyLock<HashMap<(String, String), Vec<String>>> = LazyLock::new(|| {
    let document: Value = serde_json::from_str(openapi::DOCUMENT).unwrap_or_default();
    let mut taken = HashMap::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let all = operation["parameters"].as_array().into_iter().flatten();
            let of_query = all.filter(|parameter| parameter["in"] == "query");
            let names = of_query.filter_map(|parameter| parameter["name"].as_str());
            let names = names.map(str::to_owned).collect();
            taken.insert((method.to_ascii_uppercase(), path.clone()), names);
        }
    }
    taken
});

/// Refuses the first parameter that the operation does not take.
pub(super) fn refuse_unknown(request: &Request) -> Result<(), AppError> {
    let path = request.extensions().get::<MatchedPath>();
    let (Some(path), Some(_)) = (path, request.uri().query()) else {
        return Ok(());
    };
    let method = match request.method() {
        &Method::HEAD => &Method::GET,
        method => method,
    };
    let operation = (method.to_string(), path.as_str().to_owned());
    let Some(known) = TAKEN.get(&operation) else {
        return Ok(());
    };
    let given = Query::<Vec<(String, String)>>::try_from_uri(request.uri());
    let given = given.map_or_else(|_| Vec::new(), |Query(given)| given);
    let Some((name, _)) = given.into_iter().find(|(name, _)| !known.contains(name)) else {
        return Ok(());
    };
    let name: String = name.chars().take(NAME_CHARS).collect();
    let (method, path) = operation;
    let takes = match known.is_empty() {
        true => "it takes none".to_owned(),
        false => format!("its parameters are {}", known.join(", ")),
    };
    Err(AppError::bad_request(format!(
        "{name} is no parameter of {method} {path}; {takes}"
    )))
}
