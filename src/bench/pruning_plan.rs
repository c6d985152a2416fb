//! What pruning would remove of a base, read from its header.

use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};

use super::base_file::BaseFile;
use super::upcast::refuse_needless;
use super::variant::VariantError;
use crate::backend::WorkerError;
use crate::domain::model::Model;
use crate::domain::not_refitted::NotRefitted;
use crate::domain::pruned_labels::Origin;
use crate::domain::pruning::{KnownOrder, Prune, PruningForecast, PruningMethod};
use crate::domain::pruning_memory::{LayerNeeds, SearchNeeds};
use crate::domain::quality::CHUNK_TOKENS;
use crate::gguf::{
    Document, GgufError, ModelShape, NotPrunable, PruningPlan, Rewrite, Tensor, plan_pruning,
};

/// What would be removed.
pub(super) struct Planned {
    pub(super) forecast: PruningForecast,
    /// Bytes of the file that is pruned: the base, or what it is upcast to.
    pub(super) source_bytes: u64,
    /// Bytes of the largest slice of it that is loaded on its own.
    pub(super) slice_bytes: u64,
    /// How many neurons can only go or stay together.
    neurons_together: u32,
    /// Why what stays will not be refitted, as far as the header says.
    pub(super) not_refitted: Option<NotRefitted>,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
enum PlanError {
    #[error(transparent)]
    Read(#[from] GgufError),
    #[error(transparent)]
    NotPrunable(#[from] NotPrunable),
}

/// What `prune` would remove of the base, into a file that says that it comes from
/// `origin`.
pub(super) async fn plan(
    base: &Model,
    file: &BaseFile,
    prune: Prune,
    origin: Origin,
) -> Result<Planned, VariantError> {
    refuse_needless(base, file, prune)?;
    let own = file.file().try_clone().map_err(WorkerError::Start)?;
    let size_bytes = base.size_bytes;
    let planned = tokio::task::spawn_blocking(move || read(&own, size_bytes, prune, &origin));
    let planned = planned
        .await
        .map_err(|error| VariantError::Refused(error.to_string()))?;
    planned.map_err(|error| match error {
        PlanError::NotPrunable(reason) => {
            VariantError::Refused(format!("{}: {reason}", base.called()))
        }
        PlanError::Read(error) => VariantError::Refused(format!(
            "{} cannot be used any more ({error}); put it back and try again",
            base.called()
        )),
    })
}

fn read(file: &File, size_bytes: u64, prune: Prune, origin: &Origin) -> Result<Planned, PlanError> {
    let mut reader = BufReader::with_capacity(1 << 16, file);
    reader.seek(SeekFrom::Start(0)).map_err(GgufError::from)?;
    let base = Document::read(reader, size_bytes)?;
    let (document, source_bytes) = match prune.upcast {
        false => (base, size_bytes),
        true => {
            let upcast = base.as_f16()?;
            let size_bytes = Rewrite::of(&upcast).size_bytes();
            (upcast, size_bytes)
        }
    };
    let shape = ModelShape::of(&document)?;
    let plan = plan_pruning(&shape, prune)?;
    let way = plan.first();
    let n_queries = shape.heads.map_or(0, |heads| heads.n_queries);
    let name = origin.name(prune, way.ratio);
    let texts = origin.texts(prune, way.ratio);
    let n_least = if prune.quick { 0 } else { shape.n_ff };
    let n_chunks = prune
        .calibration_chunks()
        .max(n_least.div_ceil(CHUNK_TOKENS));
    let n_tokens = u64::from(n_chunks) * u64::from(CHUNK_TOKENS);
    Ok(Planned {
        forecast: PruningForecast {
            achieved_pruning_ratio: way.ratio,
            params_before: shape.n_params,
            params_after: way.n_params,
            bytes_before: size_bytes,
            bytes_after: plan.size_bytes(&document, &shape, way, &name, &texts)?,
            n_blocks_before: shape.n_blocks(),
            n_blocks_after: shape.n_blocks() - way.n_blocks_removed,
            n_ff_before: shape.n_ff,
            n_ff_after: way.n_ff,
            n_heads_removed: way.n_groups_removed * n_queries,
            is_settled: plan.ways.len() == 1 && prune.loss_budget.is_none(),
            order: unseen_order(&plan),
            memory_bytes: memory_bytes(&document, &shape, source_bytes, &plan),
        },
        source_bytes,
        slice_bytes: slice_bytes(&document, shape.n_blocks(), prune.method),
        neurons_together: plan.neurons_together,
        not_refitted: plan.not_refitted(&shape, n_tokens),
    })
}

/// The order of as many blocks as it takes, of which nobody has looked what is known.
fn unseen_order(plan: &PruningPlan) -> Option<KnownOrder> {
    let n_wanted = plan.ways.iter().map(|way| way.n_blocks_removed).max();
    plan.prune.method.searches().then(|| KnownOrder {
        n_known: 0,
        n_wanted: n_wanted.unwrap_or(0),
    })
}

/// Bytes of memory at the peak. Where whole blocks go alone, what stays is refitted only
/// where that fits.
fn memory_bytes(
    document: &Document,
    shape: &ModelShape,
    size_bytes: u64,
    plan: &PruningPlan,
) -> u64 {
    let prune = plan.prune;
    let (n_ff, n_embd) = (u64::from(shape.n_ff), u64::from(shape.n_embd));
    let n_ctx = u64::from(CHUNK_TOKENS);
    let n_chunks = u64::from(prune.calibration_chunks());
    let layers = LayerNeeds {
        // A layer needs as many tokens as it has neurons.
        n_tokens: n_chunks.max(n_ff.div_ceil(n_ctx)) * n_ctx,
        n_ff,
        n_embd,
        n_heads: shape.heads.map_or(0, |heads| heads.width().into()),
        block_bytes: slice_bytes(document, shape.n_blocks(), PruningMethod::Width),
    };
    let search = SearchNeeds {
        file_bytes: size_bytes,
        n_blocks: shape.n_blocks().into(),
        n_ff,
        n_embd,
        n_vocab: shape.n_vocab.into(),
        n_ctx,
        n_tokens: u64::from(prune.search_chunks()) * n_ctx,
    };
    match prune.method {
        PruningMethod::Width => layers.bytes(),
        PruningMethod::Depth if !plan.narrows(shape) => search.bytes(),
        PruningMethod::Depth | PruningMethod::Auto => layers.bytes().max(search.bytes()),
    }
}

/// A block; with a search also what comes behind the last, which has a block of
/// zeros and the embeddings of the whole vocabulary.
fn slice_bytes(document: &Document, n_blocks: u32, method: PruningMethod) -> u64 {
    let of = |is_meant: &dyn Fn(&str) -> bool| -> u64 {
        let tensors = document.tensors();
        let meant = tensors.filter(|tensor| is_meant(tensor.name()));
        meant.map(Tensor::n_bytes).sum()
    };
    let block = |layer: u32| {
        let prefix = format!("blk.{layer}.");
        of(&|name| name.starts_with(&prefix))
    };
    let largest = (0..n_blocks).map(block).max().unwrap_or(0);
    match method {
        PruningMethod::Width => largest,
        PruningMethod::Depth | PruningMethod::Auto => {
            largest + of(&|name| !name.starts_with("blk."))
        }
    }
}

impl Planned {
    /// What is lost with such a base.
    pub(super) fn warnings(&self, base: &Model) -> Vec<String> {
        let narrows = self.forecast.n_ff_after < self.forecast.n_ff_before;
        let words = self.not_refitted.map(|why| match why {
            NotRefitted::Quantized if narrows => format!(
                "Pruned coarsely: the base is {}, whose neurons go in groups of {}, and what stays cannot be repaired. {}",
                base.kind(),
                self.neurons_together,
                NotRefitted::LOSES_LESS
            ),
            why => why.words(),
        });
        words.into_iter().collect()
    }
}
