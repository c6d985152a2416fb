//! `whittle upcast`: a quantized model as F16, whole or not at all.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};

use super::given;
use crate::backend::{Grant, WorkerLauncher, WorkerProcess};
use crate::bench::machine::MachineLoad;
use crate::domain::protocol::{WorkerCommand, WorkerEvent};
use crate::gguf::{check_model, open_model};

pub(super) async fn upcast(source: &Path, target: &Path) -> anyhow::Result<()> {
    given::model("SOURCE", source)?;
    let (model, header) = open_model(source)
        .map_err(|error| anyhow!("SOURCE {} cannot be used: {error}", source.display()))?;
    if target.exists() {
        bail!(
            "{} exists already; remove it or choose another name",
            target.display()
        );
    }
    let temporary = target.with_extension("gguf.part");
    let written = write(model, source, &temporary, &header.file_type).await;
    if written.is_err() {
        // It may not have been made.
        let _ = fs::remove_file(&temporary);
    }
    written?;
    check_model(&temporary).context("the engine wrote a file that cannot be used")?;
    File::open(&temporary)?.sync_all()?;
    fs::rename(&temporary, target)?;
    println!("{}: {} as F16", target.display(), header.file_type);
    Ok(())
}

/// Writes `model`, the file that was checked at `source`, to `target`.
async fn write(model: File, source: &Path, target: &Path, file_type: &str) -> anyhow::Result<()> {
    let grant = Grant {
        model: Some(model),
        write_to: target
            .parent()
            .map(|folder| match folder.as_os_str().is_empty() {
                true => PathBuf::from("."),
                false => folder.to_path_buf(),
            }),
        memory_bytes: MachineLoad::read().worker_memory_bytes(),
        ..Grant::default()
    };
    let (mut worker, _) = WorkerProcess::start(&WorkerLauncher::current_program()?, grant).await?;
    let command = WorkerCommand::UpcastToF16 {
        source: Grant::model_path(source),
        target: target.to_string_lossy().into_owned(),
        provenance: format!("upcast from {file_type}"),
    };
    let doing = "writing the F16 file";
    match worker.ask(&command, doing, |_| ()).await? {
        WorkerEvent::Upcast => worker.stop().await,
        other => return Err(worker.unexpected(doing, &other).into()),
    }
    Ok(())
}
