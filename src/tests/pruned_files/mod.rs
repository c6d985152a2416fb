//! What llama.cpp loads of cut files, tried with its own loader: every kind of
//! change that pruning relies on, on every architecture that it is offered for.
//!
//! Removing what does nothing changes nothing: weights are set to zero first,
//! then removed, and the model must answer as before.

mod blocks;
mod heads;
pub mod model;
mod neurons;
mod optional;
mod values;

use std::fs::File;
use std::path::Path;

use whittle::backend::Grant;
use whittle::bench::{QualityPlan, measure_quality};
use whittle::domain::protocol::{WorkerCommand, WorkerEvent};

use self::model::Model;
use crate::one_worker::{self, reading, start};
use crate::workers::real_workers;

const ARCHITECTURES: [&str; 4] = ["llama", "qwen2", "qwen3", "gemma3"];
/// Divergence below which two models are the same; another order of additions
/// makes less.
const SAME_KLD: f64 = 1e-6;

/// Loads a file in a fresh worker, or says why that will not.
async fn load(path: &Path) -> Result<(), String> {
    let mut worker = start(&real_workers(), reading(path)).await;
    let load = WorkerCommand::Load(one_worker::load(Grant::model_path(path)));
    let loaded = worker.ask(&load, "loading", |_| ()).await;
    match loaded.map_err(|error| error.to_string())? {
        WorkerEvent::Loaded(_) => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

/// The mean divergence of files from a model.
async fn divergence<const N: usize>(model: &Model, others: [&Path; N]) -> [f64; N] {
    let launcher = real_workers();
    let baseline = File::open(&model.path).expect("the model");
    let files = others.map(|path| File::open(path).expect("the other"));
    let plan = QualityPlan {
        launcher: &launcher,
        baseline: (&baseline, model.path.clone()),
        variants: files.iter().zip(others.map(Path::to_path_buf)).collect(),
        text: None,
        n_chunks: 1,
        n_threads: 1,
        prompts: Vec::new(),
        max_tokens: 1,
        memory_bytes: None,
    };
    let result = measure_quality(&plan, |_| ()).await.expect("figures");
    let mut found = result.variants.iter();
    [(); N].map(|()| {
        let (reading, _) = found.next().expect("one for each");
        let quality = reading.value();
        quality
            .unwrap_or_else(|| panic!("{:?}", reading.reason()))
            .mean_kld
            .value
    })
}

async fn assert_same(model: &Model, other: &Path) {
    let [kld] = divergence(model, [other]).await;
    assert!(kld < SAME_KLD, "{}: {kld}", model.document.architecture());
}
