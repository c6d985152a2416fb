//! Making variants: a base model, a recipe, one file that is made once.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::base_file::BaseFile;
use super::order::{Order, predict};
use super::shelf::{Finished, Shelf};
use super::workbench::{self, Workbench};
use crate::backend::{Grant, WorkerError, WorkerLauncher, WorkerProcess};
use crate::domain::model::Model;
use crate::domain::recipe::{Quantize, Recipe};
use crate::domain::variant::{VariantForecast, VariantForecasts, lossy_ancestor, requantized};

/// Where variants are made and kept.
#[derive(Debug, Clone)]
pub struct Workshop {
    /// How workers are started.
    pub launcher: WorkerLauncher,
    /// The data folder's `variants/`.
    pub variants: PathBuf,
    /// The data folder's `cache/`, for importance matrices.
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

/// How far making a variant has come.
#[derive(Debug, Clone, PartialEq)]
pub enum Making {
    /// The importance matrix is being collected: chunks done and in all.
    Imatrix(u32, u32),
    /// Tensors are being rewritten: tensors done and in all.
    Tensors(u32, u32),
    /// The file is being read once more, for its hash.
    Hashing,
}

/// Why a variant was not made. Nothing is left behind.
#[derive(Debug, thiserror::Error)]
pub enum VariantError {
    /// The model, the recipe or the machine forbids it; the sentence says what
    /// to do.
    #[error("{0}")]
    Refused(String),
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
        let quantize = checked(recipe)?;
        let file = BaseFile::open(base, file).await?;
        let imatrix = match quantize.imatrix {
            false => None,
            true => {
                let collected = self.imatrix(base, &file, &mut on_progress).await;
                Some(collected.map_err(|error| file.blame(base, error))?)
            }
        };
        let order = Order {
            base,
            file: &file,
            quantize,
            imatrix: imatrix.as_ref(),
        };
        let address = order.address();
        let shelf = Shelf::new(&self.variants);
        let workbench = Workbench::claim(&self.variants, &address)
            .await
            .map_err(|error| storage(&self.variants, &error))?;
        if let Some(found) = shelf.find(&address, base).await? {
            return Ok(found);
        }
        let part = workbench.folder().join("variant.gguf");
        let written = self
            .write(&order, &workbench, &part, &mut on_progress)
            .await;
        let quantized = written.map_err(|error| file.blame(base, error))?;
        if !file.is_unchanged() {
            return Err(file.changed(base));
        }
        on_progress(Making::Hashing);
        let finished = Finished {
            address,
            recipe: *recipe,
            imatrix: imatrix.map(|imatrix| imatrix.record),
            quantized,
            warnings: file.warnings(base),
            part,
        };
        let variant = shelf.put(base, finished).await?;
        Ok(variant)
    }

    /// What recipes would make of `base`, without making it.
    ///
    /// # Errors
    /// When the base cannot be quantized so.
    pub async fn forecast(
        &self,
        base: &Model,
        file: &File,
        recipes: &[Quantize],
    ) -> Result<VariantForecasts, VariantError> {
        let file = BaseFile::open(base, file).await?;
        let mut worker = self.start(&file, None).await?;
        let sizes = predict(&mut worker, base, &file, recipes).await?;
        worker.stop().await;
        let forecast = |(quantize, size_bytes): (&Quantize, u64)| VariantForecast {
            quantize: *quantize,
            size_bytes,
            bits_per_weight: (base.n_params > 0)
                .then(|| size_bytes as f64 * 8.0 / base.n_params as f64),
            warnings: file.warnings(base),
        };
        Ok(VariantForecasts {
            variants: recipes.iter().zip(sizes).map(forecast).collect(),
            free_bytes: self.free_bytes(),
        })
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
    }

    pub(super) async fn start(
        &self,
        file: &BaseFile,
        write_to: Option<&Path>,
    ) -> Result<WorkerProcess, VariantError> {
        let grant = Grant {
            model: Some(file.file().try_clone().map_err(WorkerError::Start)?),
            write_to: write_to.map(Path::to_path_buf),
            memory_bytes: self.launcher.memory_bytes,
            ..Grant::default()
        };
        Ok(WorkerProcess::start(&self.launcher, grant).await?.0)
    }
}

/// What is to be done, if a recipe can be carried out.
fn checked(recipe: &Recipe) -> Result<Quantize, VariantError> {
    let refused = |reason: String| Err(VariantError::Refused(reason));
    let Some(quantize) = recipe.quantize else {
        return refused("the recipe changes nothing: the model itself is the baseline".to_owned());
    };
    let level = quantize.level;
    if level.needs_imatrix() && !quantize.imatrix {
        return refused(format!(
            "{level} needs an importance matrix: with so few bits, errors must fall where they matter least. Ask for it with \"imatrix\": true, or --imatrix"
        ));
    }
    if level.is_unquantized() && quantize.imatrix {
        return refused(format!(
            "{level} quantizes nothing, so that an importance matrix changes nothing; leave it out"
        ));
    }
    Ok(quantize)
}

/// Bytes that are free where `folder` is.
fn free_bytes(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Why something could not be kept in `folder`.
pub(super) fn storage(folder: &Path, error: &std::io::Error) -> VariantError {
    use std::io::ErrorKind;

    let what = match error.kind() {
        ErrorKind::StorageFull => "the disk is full: ",
        ErrorKind::QuotaExceeded => "the quota is used up: ",
        _ => "",
    };
    VariantError::Storage(format!(
        "{what}{} cannot be written to ({error})",
        folder.display()
    ))
}

impl BaseFile {
    /// What is lost with such a base: its own types may be exact, and its weights
    /// come from a file that was not.
    fn warnings(&self, base: &Model) -> Vec<String> {
        let kind = base.kind();
        let was_quantized = lossy_ancestor(base.provenance.as_deref()).is_some();
        (self.is_quantized() || was_quantized)
            .then(|| requantized(&kind))
            .into_iter()
            .collect()
    }
}
