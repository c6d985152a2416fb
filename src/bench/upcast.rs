//! A quantized base as F16, written by the engine to be pruned as that: it lies on the
//! workbench of what is made, and is gone with that at the latest.

use std::fs;
use std::io;
use std::path::PathBuf;

use super::base_file::BaseFile;
use super::blocking::open;
use super::making::Making;
use super::order::Order;
use super::shelf;
use super::variant::{VariantError, Workshop, storage};
use super::workbench::Workbench;
use crate::domain::model::Model;
use crate::domain::pruning::Prune;
use crate::domain::quantization::QuantizationType;
use crate::domain::recipe::Quantize;

/// A base as F16.
pub(super) struct Upcast {
    pub(super) file: BaseFile,
    path: PathBuf,
}

impl Workshop {
    /// Lets a worker write the base as F16, once there is room for it.
    pub(super) async fn upcast(
        &self,
        base: &Model,
        file: &BaseFile,
        workbench: &Workbench,
        on_progress: &mut (impl FnMut(Making) + Send),
    ) -> Result<Upcast, VariantError> {
        let path = workbench.folder().join("upcast.gguf");
        let order = Order {
            base,
            file,
            quantize: Quantize::to(QuantizationType::F16),
            imatrix: None,
        };
        let mut tell = |making: Making| {
            on_progress(match making {
                Making::Tensors(done, of) => Making::Upcasting(done, of),
                other => other,
            });
        };
        self.write(&order, workbench, &path, &mut tell).await?;
        shelf::check_written(path.clone()).await?;
        let unusable = |error| storage(&self.variants, &error);
        let written = open(path.clone()).await.map_err(unusable)?;
        let size_bytes = written.metadata().map_err(unusable)?.len();
        let model = Model {
            size_bytes,
            ..base.clone()
        };
        let file = BaseFile::open(&model, &written).await?;
        Ok(Upcast { file, path })
    }
}

impl Upcast {
    /// Gives its room back before the workbench does.
    pub(super) fn remove(self) -> io::Result<()> {
        fs::remove_file(self.path)
    }
}

/// What tells the file that is pruned from every other: the base, or what it is upcast to.
pub(super) fn source_key(base: &Model, prune: Prune) -> String {
    match prune.upcast {
        false => base.sha256.clone(),
        true => format!("{} as F16", base.sha256),
    }
}

/// Its type, with how it came to be: `F16, upcast from Q4_1`.
pub(super) fn source_kind(base: &Model, prune: Prune) -> String {
    match prune.upcast {
        false => base.kind(),
        true => format!("F16, upcast from {}", base.kind()),
    }
}

/// Refuses to upcast what has all of its weights.
pub(super) fn refuse_needless(
    base: &Model,
    file: &BaseFile,
    prune: Prune,
) -> Result<(), VariantError> {
    if !prune.upcast || file.is_quantized() {
        return Ok(());
    }
    Err(VariantError::Needless(format!(
        "{} is {} and not quantized, so that there is nothing to upcast; leave upcast out, and it is pruned by its own weights",
        base.called(),
        base.kind()
    )))
}

/// What the user of such a file must know.
pub(super) fn warning(base: &Model) -> String {
    format!(
        "Pruned from an F16 upcast of {}: what quantizing lost stays lost.",
        base.file_type
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::pruning::{PruningMethod, PruningRatio};

    #[test]
    fn what_is_not_upcast_is_what_it_was() {
        let base = Model {
            sha256: "ab".to_owned(),
            ..Model::sample("Q4_1", Some("quantized from F16"))
        };
        let as_it_is = Prune::new(PruningMethod::Depth, PruningRatio::USUAL);
        let upcast = Prune {
            upcast: true,
            ..as_it_is
        };
        // Variants and orders of blocks that were kept stay known.
        assert_eq!(source_key(&base, as_it_is), "ab");
        assert_ne!(source_key(&base, upcast), "ab");
        assert_eq!(source_kind(&base, as_it_is), "Q4_1, quantized from F16");
        let kind = "F16, upcast from Q4_1, quantized from F16";
        assert_eq!(source_kind(&base, upcast), kind);
    }
}
