//! The operations on named lists of prompts.

use serde_json::json;

use super::PROMPTS;
use crate::domain::error::ErrorCode::{Conflict, Internal, NotFound};
use crate::domain::prompt_set::PromptSet;
use crate::server::openapi::arguments::{PromptSetKept, PromptSetName};
use crate::server::openapi::operation::Operation;
use crate::server::openapi::schemas::Schemas;

pub(super) fn prompt_sets(schemas: &mut Schemas) -> Vec<Operation> {
    let prompts = json!(["What is autism?", {"prompt": "2 + 2?", "expected": {"text": "4"}}]);
    let kept = json!({"name": "sums", "prompts": prompts});
    let name = json!({"name": "sums"});
    let delete = "/api/prompt-sets/delete";
    vec![
        Operation::get("/api/prompt-sets", "listPromptSets", PROMPTS)
            .says(
                "List the prompt sets",
                "All of them with their prompts, by name.",
            )
            .answers::<Vec<PromptSet>>(schemas, "The sets.")
            .fails(&[Internal]),
        Operation::get("/api/prompt-set", "getPromptSet", PROMPTS)
            .says("Read a prompt set", "One set with its prompts.")
            .takes::<PromptSetName>(schemas)
            .answers::<PromptSet>(schemas, "The set.")
            .fails(&[NotFound, Internal]),
        Operation::post::<PromptSetKept>(
            "/api/prompt-sets",
            "keepPromptSet",
            PROMPTS,
            schemas,
            &kept,
        )
        .says(
            "Keep a prompt set",
            "Keeps it in place of the one with its name, if there is one. At most 200 are kept, of 8 MB together.",
        )
        .answers::<PromptSet>(schemas, "The set, as it is kept.")
        .fails(&[Conflict, Internal]),
        Operation::post::<PromptSetName>(delete, "deletePromptSet", PROMPTS, schemas, &name)
            .says(
                "Remove a prompt set",
                "Removes it and answers with it: kept again, it is back.",
            )
            .answers::<PromptSet>(schemas, "The set, as it was.")
            .fails(&[NotFound, Internal]),
    ]
}
