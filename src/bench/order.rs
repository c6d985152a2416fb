//! A quantized file in the making: a worker predicts its size and writes it, and
//! what it cannot do is said in words.

use std::fs;
use std::path::Path;

use super::base_file::BaseFile;
use super::blocking::off_thread;
use super::digest;
use super::imatrix::KeptImatrix;
use super::making::Making;
use super::room::Wanted;
use super::variant::{VariantError, Workshop, storage};
use super::workbench::Workbench;
use crate::backend::{WorkerError, WorkerProcess};
use crate::domain::environment::ENGINE_VERSION;
use crate::domain::model::Model;
use crate::domain::protocol::{QuantizeCommand, WorkerCommand, WorkerEvent};
use crate::domain::recipe::Quantize;
use crate::domain::variant::Fallback;

/// What a worker did.
pub(super) struct Quantized {
    pub(super) fallbacks: Vec<Fallback>,
    pub(super) quantize_s: f64,
}

/// A file in the making.
pub(super) struct Order<'a> {
    /// What is quantized: the base, or what was pruned of it.
    pub(super) base: &'a Model,
    pub(super) file: &'a BaseFile,
    pub(super) quantize: Quantize,
    pub(super) imatrix: Option<&'a KeptImatrix>,
}

impl Workshop {
    /// Lets a worker write the file, once there is room for it.
    pub(super) async fn write(
        &self,
        order: &Order<'_>,
        workbench: &Workbench,
        part: &Path,
        on_progress: &mut (impl FnMut(Making) + Send),
    ) -> Result<Quantized, VariantError> {
        let mut worker = self.start(order.file, Some(workbench.folder())).await?;
        let sizes = predict(&mut worker, order.base, order.file, &[order.quantize]).await?;
        let wanted = Wanted {
            name: &order.name(),
            n_bytes: sizes.first().copied().unwrap_or(0),
        };
        self.ensure_room(wanted)?;
        // The worker reads its own folder, and not the cache.
        let imatrix = match order.imatrix {
            None => None,
            Some(imatrix) => {
                let copy = workbench.folder().join("imatrix.dat");
                let (from, to) = (imatrix.path.clone(), copy.clone());
                let copied = off_thread(move || fs::copy(from, to)).await;
                copied.map_err(|error| storage(&self.variants, &error))?;
                Some(copy.to_string_lossy().into_owned())
            }
        };
        let command = WorkerCommand::Quantize(QuantizeCommand {
            source: order.file.source(),
            target: part.to_string_lossy().into_owned(),
            level: order.quantize.level,
            imatrix,
            allow_requantize: order.file.is_quantized(),
            n_threads: self.n_threads,
            provenance: order.provenance(),
        });
        on_progress(Making::Tensors(0, order.file.n_tensors()));
        let doing = "quantizing";
        let answer = worker.ask(&command, doing, |event| {
            if let WorkerEvent::TensorProgress { tensor, n_tensors } = event {
                on_progress(Making::Tensors(*tensor, *n_tensors));
            }
        });
        match answer.await {
            Ok(WorkerEvent::Quantized {
                fallbacks,
                quantize_s,
            }) => {
                worker.stop().await;
                Ok(Quantized {
                    fallbacks,
                    quantize_s,
                })
            }
            Ok(other) => Err(worker.unexpected(doing, &other).into()),
            Err(error) => {
                let written = fs::metadata(part).map_or(0, |part| part.len());
                Err(self.explain(wanted, written, error))
            }
        }
    }
}

impl Order<'_> {
    /// What tells the variant from every other.
    pub(super) fn address(&self) -> String {
        let imatrix = self
            .imatrix
            .map_or("none", |imatrix| &imatrix.record.sha256);
        digest::of(format!(
            "variant 1\n{}\n{}\n{}\n{ENGINE_VERSION}\n{imatrix}",
            self.base.sha256,
            self.quantize.level.level(),
            self.quantize.imatrix
        ))
    }

    fn name(&self) -> String {
        format!("{} of {}", self.quantize.level, self.base.called())
    }

    fn provenance(&self) -> String {
        let with = match self.imatrix {
            Some(_) => "quantized with an importance matrix from",
            None => "quantized from",
        };
        format!("{with} {}", self.base.kind())
    }
}

/// Bytes of the files that recipes would make.
pub(super) async fn predict(
    worker: &mut WorkerProcess,
    base: &Model,
    file: &BaseFile,
    recipes: &[Quantize],
) -> Result<Vec<u64>, VariantError> {
    let doing = "predicting the size";
    let command = WorkerCommand::PredictVariants {
        source: file.source(),
        recipes: recipes.to_vec(),
    };
    let answer = worker.ask(&command, doing, |_| ()).await;
    match answer {
        Ok(WorkerEvent::Predicted { tensor_bytes }) => Ok(tensor_bytes
            .into_iter()
            .map(|bytes| file.header_bytes().saturating_add(bytes))
            .collect()),
        Ok(other) => Err(worker.unexpected(doing, &other).into()),
        Err(WorkerError::Refused { message, .. }) => Err(VariantError::Refused(format!(
            "{} cannot be quantized: {message}",
            base.called()
        ))),
        Err(error) => Err(error.into()),
    }
}
