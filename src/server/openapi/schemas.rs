//! The schemas of the document, from the types.

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::domain::run::RunSettings;
use crate::domain::{defaults, quality};

/// Requests that hold the settings of a run.
const WITH_SETTINGS: [&str; 5] = [
    "RunRequest",
    "BaselineRequest",
    "QuantizationRequest",
    "PruningRequest",
    "NoiseRequest",
];

/// Collects the types that the operations name. What is sent and what is
/// answered differ: a field with a default may be left out by who asks and is
/// always there in an answer.
pub(super) struct Schemas {
    requests: SchemaGenerator,
    answers: SchemaGenerator,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
            })
        };
        Self {
            requests: settings().for_deserialize().into_generator(),
            answers: settings().for_serialize().into_generator(),
        }
    }

    /// The schema of what is sent, or where it is.
    pub(super) fn request<T: JsonSchema>(&mut self) -> Schema {
        self.requests.subschema_for::<T>()
    }

    /// The schema of what is answered, or where it is.
    pub(super) fn answer<T: JsonSchema>(&mut self) -> Schema {
        self.answers.subschema_for::<T>()
    }

    /// The fields of a type, each with whether it must be there: no component,
    /// but parameters. A parameter that is left out is not there at all, so
    /// that null is none of its values.
    pub(super) fn fields<T: JsonSchema>(&mut self) -> Vec<(String, Schema, bool)> {
        let object = T::json_schema(&mut self.requests);
        let required = object.get("required").cloned().unwrap_or_default();
        let is_required = |name: &str| {
            let required = required.as_array().into_iter().flatten();
            required.into_iter().any(|other| other == name)
        };
        let fields = object.get("properties").and_then(Value::as_object);
        let fields = fields.into_iter().flatten().map(|(name, field)| {
            let mut schema: Schema = field.clone().try_into().expect("a schema");
            without_null(&mut schema);
            (name.clone(), schema, is_required(name))
        });
        fields.collect()
    }

    /// The values of an enum without fields, with their doc comments.
    pub(super) fn variants<T: JsonSchema + DeserializeOwned>(&mut self) -> Vec<(T, String)> {
        let schema = T::json_schema(&mut self.answers);
        let variants = schema.get("oneOf").and_then(Value::as_array);
        let variant = |variant: &Value| {
            let value = serde_json::from_value(variant["const"].clone()).expect("a value");
            let words = variant["description"].as_str().expect("a doc comment");
            (value, words.to_owned())
        };
        variants.expect("variants").iter().map(variant).collect()
    }

    /// All that were named, by name.
    pub(super) fn components(mut self) -> BTreeMap<String, Schema> {
        let mut all = BTreeMap::new();
        let of_both = [&mut self.requests, &mut self.answers]
            .map(|generator| generator.take_definitions(true));
        for (name, schema) in of_both.into_iter().flatten() {
            let mut schema: Schema = schema.try_into().expect("a schema");
            if WITH_SETTINGS.contains(&name.as_str()) {
                add_defaults(&mut schema);
                schema.insert("additionalProperties".to_owned(), false.into());
                if name == "NoiseRequest" {
                    let iterations = schema.pointer_mut("/properties/iterations");
                    let iterations = iterations.expect("a field");
                    iterations["minimum"] = defaults::NOISE_LAUNCHES.into();
                    iterations["default"] = defaults::NOISE_LAUNCHES.into();
                }
            }
            let kept = all.entry(name.clone()).or_insert_with(|| schema.clone());
            assert!(
                *kept == schema,
                "{name} is asked for and answered, and not the same"
            );
        }
        all
    }
}

/// Optional fields come as "this or null".
fn without_null(schema: &mut Schema) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [kind] = types.as_slice() {
            let kind = kind.clone();
            schema.insert("type".to_owned(), kind);
        }
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    let choices = schema.get_mut("anyOf").and_then(Value::as_array_mut);
    let Some(choices) = choices else { return };
    choices.retain(|choice| choice["type"] != "null");
    if let [Value::Object(only)] = choices.as_slice() {
        let only = only.clone();
        schema.remove("anyOf");
        for (key, value) in only {
            schema.ensure_object().entry(key).or_insert(value);
        }
    }
}

/// Says what a field that is left out counts as.
fn add_defaults(schema: &mut Schema) {
    let mut defaults = serde_json::to_value(RunSettings::default()).expect("JSON");
    defaults["test_queries"] = defaults::PROMPTS.into();
    defaults["quality_chunks"] = quality::CHUNKS.into();
    let fields = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (name, field) in fields.expect("fields") {
        match defaults.get(name).filter(|value| !value.is_null()) {
            Some(value) => field["default"] = value.clone(),
            None => drop(field.as_object_mut().map(|field| field.remove("default"))),
        }
    }
}
