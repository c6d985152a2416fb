//! A single worker, asked without a server.

use std::fs::File;
use std::path::Path;

use whittle::backend::{Grant, WorkerLauncher, WorkerProcess};
use whittle::domain::protocol::{LoadCommand, QuantizeCommand, WorkerCommand, WorkerEvent};
use whittle::domain::quantization::QuantizationType;
use whittle::domain::run::FlashAttention;

use crate::workers::real_workers;

/// What a worker needs that reads this model.
pub fn reading(model: &Path) -> Grant {
    Grant {
        model: Some(File::open(model).expect("the model")),
        ..Grant::default()
    }
}

/// What a worker needs that reads this model and writes to this folder.
pub fn writing(model: &Path, folder: &Path) -> Grant {
    Grant {
        write_to: Some(folder.to_path_buf()),
        ..reading(model)
    }
}

/// Starts it.
pub async fn start(launcher: &WorkerLauncher, grant: Grant) -> WorkerProcess {
    let started = WorkerProcess::start(launcher, grant).await;
    started.expect("a worker").0
}

/// Loads the model at `path` as the worker finds it, in a context that is as small
/// as can be.
pub fn load(path: String) -> LoadCommand {
    LoadCommand {
        path,
        n_ctx: 64,
        n_batch: 64,
        n_ubatch: 64,
        n_threads: 1,
        mmap: false,
        n_gpu_layers: 0,
        flash_attention: FlashAttention::Auto,
    }
}

/// Quantizes a model to a new file.
pub async fn quantize(model: &Path, target: &Path, level: QuantizationType) {
    let folder = target.parent().expect("a folder");
    let mut worker = start(&real_workers(), writing(model, folder)).await;
    let command = WorkerCommand::Quantize(QuantizeCommand {
        source: Grant::model_path(model),
        target: target.to_string_lossy().into_owned(),
        level,
        imatrix: None,
        allow_requantize: false,
        n_threads: 1,
        provenance: "quantized".to_owned(),
    });
    let answer = worker.ask(&command, "quantizing", |_| ()).await;
    assert!(
        matches!(answer, Ok(WorkerEvent::Quantized { .. })),
        "{answer:?}"
    );
}
