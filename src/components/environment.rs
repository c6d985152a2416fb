//! The machine and settings that a run was measured on.

use leptos::prelude::*;

use crate::components::each::each;
use crate::domain::environment::{ChatTemplate, Environment, Sandbox};
use crate::domain::units;

/// The record as a list of terms.
#[component]
pub fn EnvironmentList(
    /// The record.
    environment: Environment,
) -> impl IntoView {
    view! { <Terms rows=rows(environment)/> }
}

/// Facts as a list of terms.
#[component]
pub fn Terms(
    /// Terms with their values, in order.
    rows: Vec<(&'static str, String)>,
) -> impl IntoView {
    let row = |(term, value): (&'static str, String)| {
        view! {
            <div>
                <dt>{term}</dt>
                <dd>{value}</dd>
            </div>
        }
    };
    view! { <dl class="terms">{each(rows, row)}</dl> }
}

/// What native code in a worker can reach, in a sentence.
pub fn sandbox_words(sandbox: &Sandbox) -> String {
    match sandbox {
        Sandbox::Full => "Workers reach the model's file and nothing else: no other file, no \
                          network (Landlock, seccomp)."
            .to_owned(),
        Sandbox::Partial { reason } => format!("Workers are confined in part: {reason}."),
        Sandbox::Off { reason } => format!(
            "Workers are not confined: {reason}. Every file is still checked before native code \
             reads it; measure only models that you trust."
        ),
    }
}

fn rows(e: Environment) -> Vec<(&'static str, String)> {
    let unknown = || "not told by the system".to_owned();
    let or_unknown = |value: Option<String>| value.unwrap_or_else(unknown);
    let yes_no = |value: bool| if value { "yes" } else { "no" }.to_owned();
    let megabytes = |mb: f64| format!("{} MB", units::number(mb));
    let missing = match e.engine.missing_instruction_sets.as_slice() {
        [] => "none".to_owned(),
        sets => sets.join(", "),
    };
    let template = match e.chat_template {
        ChatTemplate::Applied => "the model's own".to_owned(),
        ChatTemplate::RawPrompt(reason) => format!("raw prompt: {reason}"),
    };
    vec![
        ("Whittle", e.whittle_version),
        ("Engine", e.engine.version),
        ("Built with", e.engine.built_with.join(", ")),
        ("Instruction sets", e.engine.system_info),
        ("Sets not compiled for", missing),
        ("Device", e.device),
        ("Processor", e.cpu_model),
        (
            "Physical cores",
            or_unknown(e.physical_cores.map(|n| n.to_string())),
        ),
        ("Logical cores", e.logical_cores.to_string()),
        ("Memory", megabytes(e.total_memory_mb)),
        ("Available before", megabytes(e.available_memory_mb)),
        ("System", e.system),
        ("Frequency governor", or_unknown(e.cpu_governor)),
        ("Threads", e.n_threads.to_string()),
        (
            "Context",
            format!("{} tokens", units::count(e.n_ctx.into())),
        ),
        ("Batch, logical", e.n_batch.to_string()),
        ("Batch, physical", e.n_ubatch.to_string()),
        ("Flash attention", e.flash_attention),
        ("KV cache types", e.kv_types),
        ("File mapped", yes_no(e.mmap)),
        ("Weights repacked", yes_no(e.repack)),
        ("In huge pages", or_unknown(e.huge_pages_mb.map(megabytes))),
        ("Layers on a GPU", e.n_gpu_layers.to_string()),
        ("Warm-ups a launch", e.warm_ups.to_string()),
        ("Chat template", template),
        (
            "Load average before",
            or_unknown(e.load_average_before.map(units::number)),
        ),
        (
            "Load average after",
            or_unknown(e.load_average_after.map(units::number)),
        ),
        ("Swap before", megabytes(e.swap_used_before_mb)),
        ("Swap after", megabytes(e.swap_used_after_mb)),
        ("Swapped out", or_unknown(e.swapped_out_mb.map(megabytes))),
        ("Machine asleep", or_unknown(e.slept_s.map(units::duration))),
        (
            "Page faults from disk",
            or_unknown(e.major_page_faults.map(units::count)),
        ),
        (
            "Confinement",
            or_unknown(e.sandbox.as_ref().map(sandbox_words)),
        ),
        ("SHA-256 of the model", e.model_sha256),
    ]
}
