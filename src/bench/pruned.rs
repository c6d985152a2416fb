//! Pruned variants: pruned by one worker, checked by another, and where the
//! recipe says so quantized by a third.

use std::fs;
use std::path::{Path, PathBuf};

use super::base_file::BaseFile;
use super::blocking::{off_thread, open};
use super::digest;
use super::imatrix::{self, KeptImatrix};
use super::making::Making;
use super::order::Order;
use super::prune_order::PruneOrder;
use super::shelf::{self, Finished, Shelf};
use super::variant::{Variant, VariantError, Workshop, storage};
use super::workbench::Workbench;
use crate::domain::model::Model;
use crate::domain::pruning::PruningReport;
use crate::domain::recipe::{Quantize, Recipe};

/// A pruned file.
enum Pruned {
    /// On the shelf, as it was made earlier.
    Kept(Variant),
    /// On its workbench: gone with it.
    Fresh {
        workbench: Workbench,
        part: PathBuf,
        report: PruningReport,
    },
}

impl Workshop {
    /// The pruned variant that `recipe` describes.
    pub(super) async fn make_pruned(
        &self,
        base: &Model,
        file: &BaseFile,
        recipe: &Recipe,
        on_progress: &mut (impl FnMut(Making) + Send),
    ) -> Result<Variant, VariantError> {
        let Some(prune) = recipe.prune else {
            return Err(super::variant::changes_nothing());
        };
        let order = PruneOrder::new(base, file, prune).await?;
        let made = match recipe.quantize {
            None => self.keep_pruned(&order, on_progress).await,
            Some(quantize) => self.prune_and_quantize(&order, quantize, on_progress).await,
        };
        made.map_err(|error| file.blame(base, error))
    }

    async fn keep_pruned(
        &self,
        order: &PruneOrder<'_>,
        on_progress: &mut (impl FnMut(Making) + Send),
    ) -> Result<Variant, VariantError> {
        // The workbench stands until the file is on the shelf.
        let (_workbench, part, report) = match self.pruned(order, on_progress).await? {
            Pruned::Kept(variant) => return Ok(variant),
            Pruned::Fresh {
                workbench,
                part,
                report,
            } => (workbench, part, report),
        };
        on_progress(Making::Hashing);
        let finished = Finished {
            address: order.address(),
            recipe: Recipe::pruned(order.prune),
            imatrix: None,
            quantized: None,
            warnings: order.warnings(&report),
            pruning: Some(report),
            part,
        };
        Shelf::new(&self.variants).put(order.base, finished).await
    }

    async fn prune_and_quantize(
        &self,
        order: &PruneOrder<'_>,
        quantize: Quantize,
        on_progress: &mut (impl FnMut(Making) + Send),
    ) -> Result<Variant, VariantError> {
        let (base, shelf) = (order.base, Shelf::new(&self.variants));
        let address = address(order, quantize);
        let workbench = self.claim(&address).await?;
        if let Some(found) = shelf.find(&address, base).await? {
            return Ok(found);
        }
        // Whoever prunes waits for no other workbench: nobody waits in a circle.
        let pruned = self.pruned(order, on_progress).await?;
        let unusable = |error| storage(&self.variants, &error);
        let (path, own_report) = match &pruned {
            Pruned::Kept(variant) => (&variant.path, kept_report(variant)?),
            Pruned::Fresh { part, report, .. } => (part, report.clone()),
        };
        let mut report = own_report.clone();
        let model = self
            .pruned_model(order, (path, &report), quantize.imatrix)
            .await?;
        let opened = open(path.clone()).await.map_err(unusable)?;
        let source = BaseFile::open(&model, &opened).await?;
        let imatrix: Option<KeptImatrix> = match quantize.imatrix {
            false => None,
            true => Some(self.imatrix(&model, &source, on_progress).await?),
        };
        let quantizing = Order {
            base: &model,
            file: &source,
            quantize,
            imatrix: imatrix.as_ref(),
        };
        let part = workbench.folder().join("variant.gguf");
        let quantized = self
            .write(&quantizing, &workbench, &part, on_progress)
            .await?;
        report.check = self.check(base, order.file, &part, on_progress).await?;
        if !order.file.is_unchanged() {
            return Err(order.file.changed(base));
        }
        on_progress(Making::Hashing);
        let mut warnings = order.requantizing();
        warnings.extend(order.warnings(&report));
        let finished = Finished {
            address,
            recipe: Recipe {
                prune: Some(order.prune),
                quantize: Some(quantize),
            },
            imatrix: imatrix.map(|imatrix| imatrix.record),
            quantized: Some(quantized),
            pruning: Some(report),
            warnings,
            part,
        };
        let variant = shelf.put(base, finished).await?;
        if let Pruned::Fresh { part, .. } = &pruned {
            self.keep_for_other_types(&order.address(), part, own_report)
                .await;
        }
        Ok(variant)
    }

    /// The file pruned of the base: made and checked now, or found.
    async fn pruned(
        &self,
        order: &PruneOrder<'_>,
        on_progress: &mut (impl FnMut(Making) + Send),
    ) -> Result<Pruned, VariantError> {
        let address = order.address();
        let workbench = self.claim(&address).await?;
        let shelf = Shelf::new(&self.variants);
        if let Some(found) = shelf.find(&address, order.base).await? {
            return Ok(Pruned::Kept(found));
        }
        let part = workbench.folder().join("pruned.gguf");
        if let Some(report) = self.take_kept_pruned(&address, &part).await {
            return Ok(Pruned::Fresh {
                workbench,
                part,
                report,
            });
        }
        let cut = self.prune(order, &workbench, &part, on_progress).await?;
        let check = self
            .check(order.base, order.file, &part, on_progress)
            .await?;
        if !order.file.is_unchanged() {
            return Err(order.file.changed(order.base));
        }
        Ok(Pruned::Fresh {
            workbench,
            part,
            report: PruningReport { cut, check },
        })
    }

    /// A pruned file as a model to quantize; its hash only where that is needed.
    async fn pruned_model(
        &self,
        order: &PruneOrder<'_>,
        (path, report): (&Path, &PruningReport),
        is_hashed: bool,
    ) -> Result<Model, VariantError> {
        let unusable = |error| storage(&self.variants, &error);
        let sha256 = match is_hashed {
            true => digest::of_file(path.to_path_buf())
                .await
                .map_err(unusable)?,
            false => String::new(),
        };
        let own = path.to_path_buf();
        let measured = off_thread(move || Ok(fs::metadata(own)?.len()));
        let size_bytes = measured.await.map_err(unusable)?;
        let header = shelf::check_written(path.to_path_buf()).await?;
        Ok(Model {
            name: order.name(report),
            file_name: format!("{}, {}", order.base.called(), order.prune.label()),
            sha256,
            ..shelf::made_of(order.base, header, size_bytes)
        })
    }
}

/// What tells a variant that is pruned and quantized from every other, before
/// anything of it is made.
fn address(order: &PruneOrder<'_>, quantize: Quantize) -> String {
    let imatrix = match quantize.imatrix {
        false => "none".to_owned(),
        true => imatrix::settings(),
    };
    digest::of(format!(
        "pruned and quantized 1\n{}\n{}\n{imatrix}",
        order.address(),
        quantize.level.level(),
    ))
}

fn kept_report(variant: &Variant) -> Result<PruningReport, VariantError> {
    let record = variant.model.variant.as_ref();
    let report = record.and_then(|record| record.pruning.clone());
    report.ok_or_else(|| {
        let path = variant.path.display();
        VariantError::Storage(format!(
            "what lies beside {path} does not say what was pruned; delete the variant on the Models page"
        ))
    })
}
