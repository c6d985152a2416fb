//! One operation: a method of a path, what it takes and what it answers.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::errors;
use super::reading::{self, Answer};
use super::schemas::Schemas;
use crate::domain::error::ErrorCode;

/// An operation, written as OpenAPI has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Operation {
    #[serde(skip)]
    pub(super) path: &'static str,
    #[serde(skip)]
    pub(super) method: &'static str,
    /// Reads what it answers in both ways that there are.
    #[serde(skip)]
    pub(super) is_read_alike: Option<fn(&str) -> bool>,
    operation_id: &'static str,
    tags: [&'static str; 1],
    summary: &'static str,
    description: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parameters: Vec<Parameter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_body: Option<Value>,
    responses: BTreeMap<String, Value>,
}

#[derive(Serialize)]
struct Parameter {
    name: String,
    #[serde(rename = "in")]
    place: &'static str,
    required: bool,
    description: String,
    schema: Schema,
}

impl Operation {
    pub(super) fn get(path: &'static str, id: &'static str, tag: &'static str) -> Self {
        let operation = Self {
            path,
            method: "get",
            is_read_alike: None,
            operation_id: id,
            tags: [tag],
            summary: "",
            description: "",
            parameters: Vec::new(),
            request_body: None,
            responses: BTreeMap::new(),
        };
        // Of any, a parameter may be unknown.
        operation.fails(&[ErrorCode::Forbidden, ErrorCode::BadRequest])
    }

    /// A POST that sends a `T`, such as `example`; nothing where `T` needs no field.
    pub(super) fn post<T: JsonSchema>(
        path: &'static str,
        id: &'static str,
        tag: &'static str,
        schemas: &mut Schemas,
        example: &Value,
    ) -> Self {
        let is_needed = schemas
            .fields::<T>()
            .iter()
            .any(|(_, _, is_needed)| *is_needed);
        let schema = schemas.request::<T>();
        let media = json!({"schema": schema, "example": example});
        let operation = Self {
            method: "post",
            request_body: Some(json!({
                "required": is_needed,
                "content": {"application/json": media},
            })),
            ..Self::get(path, id, tag)
        };
        operation.fails(&[ErrorCode::TooLarge, ErrorCode::NotJson])
    }

    /// What it is for, in a line and at length.
    pub(super) fn says(self, summary: &'static str, description: &'static str) -> Self {
        Self {
            summary,
            description,
            ..self
        }
    }

    /// Takes the fields of `T` in its query.
    pub(super) fn takes<T: JsonSchema>(mut self, schemas: &mut Schemas) -> Self {
        for (name, schema, required) in schemas.fields::<T>() {
            self.add_parameter("query", name, schema, required);
        }
        self
    }

    /// Takes the fields of `T` in its path.
    pub(super) fn named_by<T: JsonSchema>(mut self, schemas: &mut Schemas) -> Self {
        for (name, schema, _) in schemas.fields::<T>() {
            self.add_parameter("path", name, schema, true);
        }
        self
    }

    /// Takes a text in a header.
    pub(super) fn takes_header(mut self, name: &str, description: &str) -> Self {
        let schema = json!({"type": "string", "description": description});
        let schema = schema.try_into().expect("a schema");
        self.add_parameter("header", name.to_owned(), schema, false);
        self
    }

    fn add_parameter(
        &mut self,
        place: &'static str,
        name: String,
        mut schema: Schema,
        required: bool,
    ) {
        let description = schema.remove("description");
        let description = description.as_ref().and_then(Value::as_str);
        self.parameters.push(Parameter {
            description: description.expect("a doc comment").to_owned(),
            name,
            place,
            required,
            schema,
        });
    }

    /// Answers 200 with a `T` as JSON.
    pub(super) fn answers<T: Answer>(mut self, schemas: &mut Schemas, description: &str) -> Self {
        let schema = schemas.answer::<T>();
        self.is_read_alike = Some(reading::is_read_alike::<T>);
        self.answers_media(
            &[("application/json", json!({"schema": schema}))],
            description,
        )
    }

    /// Answers 200 with one of these media types.
    pub(super) fn answers_media(mut self, media: &[(&str, Value)], description: &str) -> Self {
        let content: Map<String, Value> = media
            .iter()
            .map(|(kind, media)| ((*kind).to_owned(), media.clone()))
            .collect();
        let answer = json!({"description": description, "content": content});
        self.responses.insert("200".to_owned(), answer);
        self
    }

    /// Adds a member to its answer 200.
    pub(super) fn with(mut self, member: &str, value: Value) -> Self {
        let answer = self.responses.get_mut("200").expect("its answer");
        answer[member] = value;
        self
    }

    /// May answer with these errors.
    pub(super) fn fails(mut self, codes: &[ErrorCode]) -> Self {
        for code in codes {
            let answer = json!({"$ref": format!("#/components/responses/{}", errors::name(*code))});
            self.responses.insert(code.status().to_string(), answer);
        }
        self
    }
}
