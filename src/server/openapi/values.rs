//! Random values after a schema of the document.

use proptest::collection::vec;
use proptest::num::f64::{NEGATIVE, NORMAL, POSITIVE, ZERO};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value};

/// Most items of a list.
const ITEMS: usize = 2;

/// Values that a schema of the document describes. What the types do not check,
/// such as the pattern of a text, is not kept to.
pub(super) fn values(schema: &Value, document: &Value) -> BoxedStrategy<Value> {
    let mut parts = Vec::new();
    if let Some(to) = schema["$ref"].as_str() {
        let referred = document.pointer(&to[1..]).expect("a component");
        parts.push(values(referred, document));
    }
    for choices in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[choices].as_array() {
            parts.push(one_of(choices.iter().map(|one| values(one, document))));
        }
    }
    if let Some(value) = schema.get("const") {
        parts.push(Just(value.clone()).boxed());
    } else if let Some(choices) = schema["enum"].as_array() {
        parts.push(select(choices.clone()).boxed());
    } else {
        let kinds = match &schema["type"] {
            Value::Array(kinds) => kinds.as_slice(),
            Value::Null => &[],
            kind => std::slice::from_ref(kind),
        };
        if !kinds.is_empty() {
            let kinds = kinds.iter().map(|kind| of_kind(kind, schema, document));
            parts.push(one_of(kinds));
        }
    }
    assert!(!parts.is_empty(), "anything goes for {schema}");
    parts.prop_map(merged).boxed()
}

fn one_of(choices: impl Iterator<Item = BoxedStrategy<Value>>) -> BoxedStrategy<Value> {
    proptest::strategy::Union::new(choices).boxed()
}

/// A value of all its parts; only objects have several.
fn merged(parts: Vec<Value>) -> Value {
    let merge = |mut whole: Value, part: Value| {
        if let (Some(whole), Value::Object(part)) = (whole.as_object_mut(), &part) {
            whole.extend(part.clone());
            return Value::Object(std::mem::take(whole));
        }
        part
    };
    parts.into_iter().reduce(merge).unwrap_or_default()
}

fn of_kind(kind: &Value, schema: &Value, document: &Value) -> BoxedStrategy<Value> {
    match kind.as_str().expect("a type") {
        "null" => Just(Value::Null).boxed(),
        "boolean" => any::<bool>().prop_map(Value::from).boxed(),
        "integer" => integers(schema),
        "number" => match (schema["minimum"].as_f64(), schema["maximum"].as_f64()) {
            (Some(least), Some(most)) => (least..=most).prop_map(Value::from).boxed(),
            _ => (NORMAL | ZERO | POSITIVE | NEGATIVE)
                .prop_map(Value::from)
                .boxed(),
        },
        "string" => any::<String>().prop_map(Value::from).boxed(),
        "array" => match schema["prefixItems"].as_array() {
            Some(items) => {
                let items = items.iter().map(|item| values(item, document));
                items.collect::<Vec<_>>().prop_map(Value::from).boxed()
            }
            None => vec(values(&schema["items"], document), 0..=ITEMS)
                .prop_map(Value::from)
                .boxed(),
        },
        "object" => objects(schema, document),
        other => panic!("a value of type {other}"),
    }
}

fn integers(schema: &Value) -> BoxedStrategy<Value> {
    match schema["format"].as_str() {
        Some("int64") => any::<i64>().prop_map(Value::from).boxed(),
        Some("uint64") => any::<u64>().prop_map(Value::from).boxed(),
        _ => {
            let most = schema["maximum"].as_u64().unwrap_or(u32::MAX.into());
            (0..=most).prop_map(Value::from).boxed()
        }
    }
}

/// Fields that need not be there are there half of the time.
fn objects(schema: &Value, document: &Value) -> BoxedStrategy<Value> {
    let required = schema["required"].as_array().into_iter().flatten();
    let required: Vec<&str> = required.filter_map(Value::as_str).collect();
    let properties = schema["properties"].as_object().into_iter().flatten();
    let field = |(name, schema): (&String, &Value)| {
        let name = Just(name.clone());
        let value = values(schema, document);
        match required.contains(&name.0.as_str()) {
            true => (name, value.prop_map(Some).boxed()),
            false => (name, option::of(value).boxed()),
        }
    };
    let fields: Vec<_> = properties.map(field).collect();
    let object = |fields: Vec<(String, Option<Value>)>| {
        let present = fields
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        Value::Object(present.collect::<Map<_, _>>())
    };
    fields.prop_map(object).boxed()
}
