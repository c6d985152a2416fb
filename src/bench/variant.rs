//! Making variants: a base model, a recipe, one file that is made once.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::base_file::BaseFile;
use super::machine::MachineLoad;
use super::making::Making;
use super::order::Order;
use super::shelf::{Finished, Shelf};
use super::workbench::{self, Workbench};
use crate::backend::{Grant, WorkerError, WorkerLauncher, WorkerProcess};
use crate::domain::model::Model;
use crate::domain::recipe::{Quantize, Recipe};
use crate::domain::variant::{lossy_ancestor, requantized};

/// Where variants are made and kept.
#[derive(Debug, Clone)]
pub struct Workshop {
    /// How workers are started.
    pub launcher: WorkerLauncher,
    /// The data folder's `variants/`.
    pub variants: PathBuf,
    /// The data folder's `cache/`, for importance matrices and orders of blocks.
    pub cache: PathBuf,
    /// Threads of the engine.
    pub n_threads: u32,
}

/// A variant's file, ready to be measured.
#[derive(Debug, Clone)]
pub struct Variant {
    /// As the library shows it.
    pub model: Model,
    /// Its file.
    pub path: PathBuf,
}

/// Why a variant was not made. Nothing is left behind.
#[derive(Debug, thiserror::Error)]
pub enum VariantError {
    /// The model, the recipe or the machine forbids it; the sentence says what
    /// to do.
    #[error("{0}")]
    Refused(String),
    /// It asks for what does nothing to this model; the sentence says what to leave out.
    #[error("{0}")]
    Needless(String),
    /// The worker failed.
    #[error(transparent)]
    Worker(#[from] WorkerError),
    /// The file could not be written.
    #[error("{0}")]
    Storage(String),
}

impl Workshop {
    /// The variant of `base` (open as `file`) that `recipe` describes: made now,
    /// or found as it was made earlier. Dropping the future ends the worker and
    /// removes what it wrote.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn make(
        &self,
        base: &Model,
        file: &File,
        recipe: &Recipe,
        mut on_progress: impl FnMut(Making) + Send,
    ) -> Result<Variant, VariantError> {
        check_recipe(recipe)?;
        let file = BaseFile::open(base, file).await?;
        let on_progress = &mut on_progress;
        match (recipe.prune, recipe.quantize) {
            (Some(_), _) => self.make_pruned(base, &file, recipe, on_progress).await,
            (None, Some(quantize)) => {
                self.make_quantized(base, &file, quantize, on_progress)
                    .await
            }
            (None, None) => Err(changes_nothing()),
        }
    }

    async fn make_quantized(
        &self,
        base: &Model,
        file: &BaseFile,
        quantize: Quantize,
        on_progress: &mut (impl FnMut(Making) + Send),
    ) -> Result<Variant, VariantError> {
        let imatrix = match quantize.imatrix {
            false => None,
            true => {
                let collected = self.imatrix(base, file, on_progress).await;
                Some(collected.map_err(|error| file.blame(base, error))?)
            }
        };
        let order = Order {
            base,
            file,
            quantize,
            imatrix: imatrix.as_ref(),
        };
        let address = order.address();
        let shelf = Shelf::new(&self.variants);
        let workbench = self.claim(&address).await?;
        if let Some(found) = shelf.find(&address, base).await? {
            return Ok(found);
        }
        let part = workbench.folder().join("variant.gguf");
        let written = self.write(&order, &workbench, &part, on_progress).await;
        let quantized = written.map_err(|error| file.blame(base, error))?;
        if !file.is_unchanged() {
            return Err(file.changed(base));
        }
        on_progress(Making::Hashing);
        let finished = Finished {
            address,
            recipe: Recipe {
                quantize: Some(quantize),
                ..Recipe::default()
            },
            imatrix: imatrix.map(|imatrix| imatrix.record),
            quantized: Some(quantized),
            pruning: None,
            warnings: file.requantizing(base),
            part,
        };
        shelf.put(base, finished).await
    }

    /// Bytes that are free where variants are kept.
    pub fn free_bytes(&self) -> Option<u64> {
        free_bytes(&self.variants)
    }

    /// Removes what makers that were killed have left.
    pub fn sweep(&self) {
        for parent in [&self.variants, &self.cache] {
            workbench::sweep(parent);
        }
        self.sweep_kept_pruned();
    }

    /// The place where the variant with this address is made.
    pub(super) async fn claim(&self, address: &str) -> Result<Workbench, VariantError> {
        let claimed = Workbench::claim(&self.variants, address).await;
        claimed.map_err(|error| storage(&self.variants, &error))
    }

    /// A worker that reads the base and takes no more memory than one that measures.
    pub(super) async fn start(
        &self,
        file: &BaseFile,
        write_to: Option<&Path>,
    ) -> Result<WorkerProcess, VariantError> {
        let given = self.launcher.memory_bytes;
        let grant = Grant {
            model: Some(file.file().try_clone().map_err(WorkerError::Start)?),
            write_to: write_to.map(Path::to_path_buf),
            memory_bytes: given.or_else(|| MachineLoad::read().worker_memory_bytes()),
            ..Grant::default()
        };
        Ok(WorkerProcess::start(&self.launcher, grant).await?.0)
    }
}

/// Refuses a recipe that cannot be carried out, whatever the base.
pub(super) fn check_recipe(recipe: &Recipe) -> Result<(), VariantError> {
    let refused = |reason: String| Err(VariantError::Refused(reason));
    if recipe.is_baseline() {
        return Err(changes_nothing());
    }
    let Some(Quantize { level, imatrix }) = recipe.quantize else {
        return Ok(());
    };
    if level.needs_imatrix() && !imatrix {
        return refused(format!(
            "{level} needs an importance matrix: with so few bits, errors must fall where they matter least. Ask for it with \"imatrix\": true, or --imatrix"
        ));
    }
    if level.is_unquantized() && imatrix {
        return refused(format!(
            "{level} quantizes nothing, so that an importance matrix changes nothing; leave it out"
        ));
    }
    Ok(())
}

pub(super) fn changes_nothing() -> VariantError {
    let reason = "the recipe changes nothing: the model itself is the baseline";
    VariantError::Refused(reason.to_owned())
}

/// Bytes that are free where `folder` is.
fn free_bytes(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Why something could not be kept in `folder`.
pub(super) fn storage(folder: &Path, error: &std::io::Error) -> VariantError {
    use std::io::ErrorKind;

    const HELP: &str = "; delete variants on the Models page, or other files, and try again";
    let (what, help) = match error.kind() {
        ErrorKind::StorageFull => ("the disk is full: ", HELP),
        ErrorKind::QuotaExceeded => ("the quota is used up: ", HELP),
        _ => ("", ""),
    };
    VariantError::Storage(format!(
        "{what}{} cannot be written to ({error}){help}",
        folder.display()
    ))
}

impl BaseFile {
    /// What is lost in quantizing such a base: its own types may be exact, and its
    /// weights come from a file that was not.
    pub(super) fn requantizing(&self, base: &Model) -> Vec<String> {
        let kind = base.kind();
        let was_quantized = lossy_ancestor(base.provenance.as_deref()).is_some();
        (self.is_quantized() || was_quantized)
            .then(|| requantized(&kind))
            .into_iter()
            .collect()
    }
}
