//! That the browser, which reads answers in a way of its own, reads each as the
//! server does.

use std::fmt::Debug;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::DOCUMENT;
use super::operations;
use super::schemas::Schemas;
use super::values::values;
use crate::domain::json::tree;

/// What an operation answers with as JSON.
pub(super) trait Answer: JsonSchema + DeserializeOwned + PartialEq + Debug {}

impl<T: JsonSchema + DeserializeOwned + PartialEq + Debug> Answer for T {}

/// Reads a text as the browser does, and says whether it is an answer there; one
/// that is must be the same to the server.
pub(super) fn is_read_alike<T: Answer>(text: &str) -> bool {
    let Ok(in_browser) = tree::from_str::<T>(text) else {
        return false;
    };
    let on_server = serde_json::from_str::<T>(text);
    assert_eq!(in_browser, on_server.expect("an answer to the server too"));
    true
}

/// Holds every answer that the document describes against `check`, with what reads it.
fn for_each_answer(check: impl Fn(&Value, fn(&str) -> bool, Index)) {
    let document: Value = serde_json::from_str(DOCUMENT).expect("JSON");
    let config = ProptestConfig {
        cases: 48,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut n_answers = 0;
    for operation in operations::all(&mut Schemas::new()) {
        let Some(is_read_alike) = operation.is_read_alike else {
            continue;
        };
        n_answers += 1;
        let answer = &document["paths"][operation.path][operation.method]["responses"]["200"];
        let schema = &answer["content"]["application/json"]["schema"];
        let cases = (values(schema, &document), any::<Index>());
        let outcome = TestRunner::new(config.clone()).run(&cases, |(answer, place)| {
            check(&answer, is_read_alike, place);
            Ok(())
        });
        outcome.unwrap_or_else(|error| panic!("{}: {error}", operation.path));
    }
    assert!(n_answers >= 20, "only {n_answers} answers");
}

/// The places of all values in it.
fn places(value: &Value, place: &str, all: &mut Vec<String>) {
    all.push(place.to_owned());
    match value {
        Value::Object(fields) => fields
            .iter()
            .for_each(|(name, value)| places(value, &format!("{place}/{name}"), all)),
        Value::Array(items) => (0..)
            .zip(items)
            .for_each(|(at, value)| places(value, &format!("{place}/{at}"), all)),
        _ => {}
    }
}

fn without(mut value: Value, place: &str) -> Value {
    let Some((parent, name)) = place.rsplit_once('/') else {
        return Value::Null;
    };
    match value.pointer_mut(parent) {
        Some(Value::Object(fields)) => drop(fields.remove(name)),
        Some(Value::Array(items)) => drop(items.pop()),
        _ => {}
    }
    value
}

#[test]
fn the_browser_reads_every_answer_as_the_server_does() {
    for_each_answer(|answer, is_read_alike, _| {
        assert!(is_read_alike(&answer.to_string()), "{answer:#}");
    });
}

#[test]
fn the_browser_takes_no_answer_that_the_server_would_not() {
    for_each_answer(|answer, is_read_alike, place| {
        let mut all = Vec::new();
        places(answer, "", &mut all);
        let place = place.get(&all);
        is_read_alike(&without(answer.clone(), place).to_string());
        for other in [
            Value::Null,
            true.into(),
            (-7).into(),
            0.5.into(),
            "text".into(),
            Value::Array(Vec::new()),
            Value::Object(Default::default()),
        ] {
            let mut changed = answer.clone();
            if let Some(value) = changed.pointer_mut(place) {
                *value = other;
            }
            is_read_alike(&changed.to_string());
        }
    });
}
