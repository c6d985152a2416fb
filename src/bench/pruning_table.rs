//! Pruning by every method beside what others do, for the README's table: files
//! are made by a worker, read by another, and gone.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::imatrix::CALIBRATION_TEXT;
use super::machine::MachineLoad;
use super::quality::{QualityPlan, measure_quality};
use super::workbench::Workbench;
use crate::backend::{Grant, WorkerError, WorkerLauncher, WorkerProcess};
use crate::domain::metrics::Reading;
use crate::domain::protocol::{PruneCommand, WorkerCommand, WorkerEvent, Yardstick};
use crate::domain::pruned_labels::Origin;
use crate::domain::pruning::{
    BlockSearch, Prune, PruningCut, PruningMethod, PruningProgress, PruningRatio,
};
use crate::domain::quality::{CHUNK_TOKENS, Estimate};

/// What removes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pruner {
    /// One of Whittle's methods.
    Method(PruningMethod),
    /// What others do.
    Yardstick(Yardstick),
}

/// What is compared.
#[derive(Debug)]
pub struct PruningTable<'a> {
    /// How workers are started.
    pub launcher: &'a WorkerLauncher,
    /// The model.
    pub base: &'a Path,
    /// Where files lie meanwhile.
    pub folder: &'a Path,
    /// Chunks of calibration text; none: as many as pruning reads by default.
    pub n_calibration_chunks: Option<u32>,
    /// How many of the first chunks of the evaluation text are read; several
    /// times, where there are several. Others' are read by the first alone.
    pub n_chunks: &'a [u32],
    /// What a search for blocks found (`Self::search`), so that it is not repeated.
    pub searched: BlockSearch,
    /// Threads.
    pub n_threads: u32,
}

/// What one of them did.
#[derive(Debug)]
pub struct PruningRow {
    /// Which.
    pub pruner: Pruner,
    /// What it removed.
    pub cut: PruningCut,
    /// ln(perplexity / the model's), one for each number of chunks that it was read
    /// by, or why there is none.
    pub ln_perplexity_ratio: Vec<Result<Estimate, String>>,
}

impl PruningTable<'_> {
    /// Prunes by each of `pruners` and reads what came of it.
    ///
    /// # Errors
    /// When a worker fails.
    pub async fn rows(
        &self,
        ratio: PruningRatio,
        pruners: &[Pruner],
        mut on_progress: impl FnMut(Pruner, &PruningProgress) + Send,
    ) -> Result<Vec<PruningRow>, WorkerError> {
        let workbench = self.workbench().await?;
        let (mut rows, mut files) = (Vec::new(), Vec::new());
        for (number, pruner) in (0..).zip(pruners) {
            let target = workbench.folder().join(format!("{number}.gguf"));
            let (cut, _) = self.made(*pruner, ratio, &target, &mut on_progress).await?;
            files.push((File::open(&target).map_err(WorkerError::Start)?, target));
            rows.push(PruningRow {
                pruner: *pruner,
                cut,
                ln_perplexity_ratio: Vec::new(),
            });
        }
        let base = File::open(self.base).map_err(WorkerError::Start)?;
        for (place, n_chunks) in self.n_chunks.iter().enumerate() {
            let is_read = |row: &PruningRow| place == 0 || matches!(row.pruner, Pruner::Method(_));
            let read: Vec<bool> = rows.iter().map(is_read).collect();
            let plan = QualityPlan {
                launcher: self.launcher,
                baseline: (&base, self.base.to_path_buf()),
                variants: files
                    .iter()
                    .zip(&read)
                    .filter(|(_, is_read)| **is_read)
                    .map(|((file, path), _)| (file, path.clone()))
                    .collect(),
                text: None,
                n_chunks: *n_chunks,
                n_threads: self.n_threads,
                prompts: Vec::new(),
                max_tokens: 1,
                memory_bytes: None,
            };
            let found = measure_quality(&plan, |_| ()).await?;
            let those = rows.iter_mut().zip(&read).filter(|(_, is_read)| **is_read);
            for ((row, _), (quality, _)) in those.zip(found.variants) {
                row.ln_perplexity_ratio.push(match quality {
                    Reading::Measured(quality) => Ok(quality.ln_perplexity_ratio),
                    Reading::NotMeasured(reason) => Err(reason),
                });
            }
        }
        Ok(rows)
    }

    /// Searches for the blocks to remove up to `ratio`: what it finds holds for any
    /// smaller ratio, too.
    ///
    /// # Errors
    /// When the worker fails.
    pub async fn search(
        &self,
        ratio: PruningRatio,
        mut on_progress: impl FnMut(Pruner, &PruningProgress) + Send,
    ) -> Result<BlockSearch, WorkerError> {
        let workbench = self.workbench().await?;
        let target = workbench.folder().join("searched.gguf");
        let pruner = Pruner::Yardstick(Yardstick::Blocks);
        let (_, search) = self.made(pruner, ratio, &target, &mut on_progress).await?;
        Ok(search)
    }

    async fn workbench(&self) -> Result<Workbench, WorkerError> {
        let key = format!("table-{}", std::process::id());
        let workbench = Workbench::claim(self.folder, &key).await;
        workbench.map_err(WorkerError::Start)
    }

    /// What was removed, and how far a search for blocks has come.
    async fn made(
        &self,
        pruner: Pruner,
        ratio: PruningRatio,
        target: &Path,
        on_progress: &mut (impl FnMut(Pruner, &PruningProgress) + Send),
    ) -> Result<(PruningCut, BlockSearch), WorkerError> {
        let folder = target.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        let scratch = folder.join("scratch");
        std::fs::create_dir_all(&scratch).map_err(WorkerError::Start)?;
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let method = match pruner {
            Pruner::Method(method) => method,
            Pruner::Yardstick(Yardstick::Neurons(_)) => PruningMethod::Width,
            Pruner::Yardstick(Yardstick::Blocks) => PruningMethod::Depth,
        };
        let prune = Prune::new(method, ratio);
        let n_chunks = self.n_calibration_chunks;
        let command = PruneCommand {
            source: Grant::model_path(self.base),
            target: text(target),
            scratch: text(&scratch),
            prune,
            searched: match pruner {
                Pruner::Method(PruningMethod::Depth) | Pruner::Yardstick(Yardstick::Blocks) => {
                    self.searched.clone()
                }
                // Its time is told with the search that it takes.
                _ => BlockSearch::default(),
            },
            text: CALIBRATION_TEXT.to_owned(),
            n_ctx: CHUNK_TOKENS,
            n_chunks: n_chunks.unwrap_or_else(|| prune.calibration_chunks()),
            n_threads: self.n_threads,
            origin: Origin {
                name: "base".to_owned(),
                kind: String::new(),
                sha256: String::new(),
            },
        };
        let command = match pruner {
            Pruner::Method(_) => WorkerCommand::Prune(command),
            Pruner::Yardstick(yardstick) => WorkerCommand::PruneByYardstick {
                prune: command,
                yardstick,
            },
        };
        let grant = Grant {
            model: Some(File::open(self.base).map_err(WorkerError::Start)?),
            write_to: Some(folder),
            memory_bytes: MachineLoad::read().worker_memory_bytes(),
            ..Grant::default()
        };
        let doing = "pruning";
        let (mut worker, _) = WorkerProcess::start(self.launcher, grant).await?;
        let mut searched = BlockSearch::default();
        let answer = worker.ask(&command, doing, |event| match event {
            WorkerEvent::Pruning(progress) => on_progress(pruner, progress),
            WorkerEvent::Searched(search) => searched.clone_from(search),
            _ => (),
        });
        match answer.await? {
            WorkerEvent::Pruned(cut) => {
                worker.stop().await;
                Ok((*cut, searched))
            }
            other => Err(worker.unexpected(doing, &other)),
        }
    }
}
