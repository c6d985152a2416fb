//! A model with fewer neurons, heads, blocks, or some of these: what stays is refitted, block
//! after block on the model as it has become so far.

use std::cell::Cell;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use super::base::Base;
use super::calibration::Calibration;
use super::error::PruneError;
use super::layer::{Choice, Layers};
use super::memory::fit_layers;
use super::stream::Stream;
use super::{Job, matrix};
use crate::domain::pruning::PruningProgress;
use crate::domain::pruning_memory::LayerNeeds;
use crate::gguf::{BlockCut, Content, PruningPlan, Way};

/// What is to stay of a model.
#[derive(Debug, Clone)]
pub(super) struct Stays {
    /// Whether each block does.
    pub(super) blocks: Vec<bool>,
    /// Neurons of each of them.
    pub(super) n_ff: u32,
    /// How many groups of heads go from each of them.
    pub(super) n_groups_removed: u32,
    /// Whether `ffn_down` gets a bias.
    pub(super) with_bias: bool,
}

impl Stays {
    /// All but these blocks.
    pub(super) fn without(base: &Base, removed: &[u32]) -> Self {
        let stay = |layer: u32| !removed.contains(&layer);
        Self {
            blocks: (0..base.shape.n_blocks()).map(stay).collect(),
            n_ff: base.shape.n_ff,
            n_groups_removed: 0,
            with_bias: false,
        }
    }

    /// All but these blocks, as narrow as `way` says.
    pub(super) fn of(base: &Base, plan: &PruningPlan, way: &Way, removed: &[u32]) -> Self {
        Self {
            n_ff: way.n_ff,
            n_groups_removed: way.n_groups_removed,
            // Where blocks go alone, the file is as large as they make it.
            with_bias: plan.with_bias && way.n_ff < base.shape.n_ff,
            ..Self::without(base, removed)
        }
    }
}

/// What becomes of every block.
pub(super) struct Rebuilt {
    /// Of each block.
    pub(super) cuts: Vec<BlockCut>,
    /// The text to be judged by, behind the last block.
    pub(super) judged: Option<Stream>,
    /// Blocks, from 0, whose statistics were singular.
    pub(super) singular: Vec<u32>,
}

/// Fails where the memory does not suffice.
pub(super) fn fit(base: &Base, text: &Calibration, job: &Job<'_>) -> Result<(), PruneError> {
    let needs = LayerNeeds {
        n_tokens: text.n_tokens() as u64,
        n_ff: base.shape.n_ff.into(),
        n_embd: base.shape.n_embd.into(),
        n_heads: base.shape.heads.map_or(0, |heads| heads.width().into()),
        block_bytes: base.block_bytes(),
    };
    fit_layers(needs, job.memory_bytes)
}

/// Chooses what goes from each block that stays, and refits the rest. New weights
/// lie in the job's scratch folder until the file is written. Also carries the text
/// `judged` through the new model.
pub(super) fn rebuild(
    base: &mut Base,
    text: &Calibration,
    (stays, choice): (&Stays, Choice),
    judged: Option<&Calibration>,
    job: &Job<'_>,
    on_progress: &mut dyn FnMut(PruningProgress),
) -> Result<Rebuilt, PruneError> {
    let (n_embd, n_ctx) = (base.shape.n_embd, job.calibration.n_ctx);
    let stream = Stream::new(base.embeddings(text)?, n_embd, n_ctx);
    let judged = match judged {
        Some(text) => Some(Stream::new(base.embeddings(text)?, n_embd, n_ctx)),
        None => None,
    };
    let n_layers = base.shape.n_blocks();
    let at = Cell::new(1);
    let mut on_part = || {
        let layer = at.get();
        on_progress(PruningProgress::Layer { layer, n_layers });
    };
    let mut kept = Kept::new(job)?;
    let mut layers = Layers {
        base,
        scratch: job.scratch,
        n_ctx,
        n_threads: job.n_threads,
        par: matrix::threads(job.n_threads),
        choice,
        with_bias: stays.with_bias,
        n_groups_removed: stays.n_groups_removed,
        dense: (choice == Choice::Surgeon).then(|| stream.clone()),
        pruned: stream,
        has_parted: false,
        lost_blocks: false,
        judged,
        on_part: &mut on_part,
    };
    let mut rebuilt = Rebuilt {
        cuts: Vec::new(),
        judged: None,
        singular: Vec::new(),
    };
    let leading = stays.blocks.iter().take_while(|stay| !**stay).count() as u32;
    layers.skip(0..leading)?;
    for (layer, stay) in (0..).zip(&stays.blocks) {
        at.set(layer + 1);
        (layers.on_part)();
        if !stay {
            rebuilt.cuts.push(BlockCut::Remove);
            continue;
        }
        let gone_behind = stays.blocks[layer as usize + 1..]
            .iter()
            .take_while(|stay| !**stay);
        let behind = layer + 1..layer + 1 + gone_behind.count() as u32;
        if !layers.has_parted && behind.is_empty() && stays.n_ff == layers.base.shape.n_ff {
            layers.pass(layer)?;
            rebuilt.cuts.push(BlockCut::Keep);
            continue;
        }
        let narrowed = layers.narrow(layer, behind, stays.n_ff as usize)?;
        if narrowed.is_singular {
            rebuilt.singular.push(layer);
        }
        let narrowing = narrowed.narrowing(|weights| kept.content(weights))?;
        rebuilt.cuts.push(BlockCut::Narrow(narrowing));
    }
    rebuilt.judged = layers.judged;
    Ok(rebuilt)
}

/// New weights on their way to the file: memory never holds a whole model.
struct Kept {
    path: PathBuf,
    file: File,
    n_bytes: u64,
}

impl Kept {
    fn new(job: &Job<'_>) -> Result<Self, PruneError> {
        let path = job.scratch.join("weights.bin");
        let keeping = PruneError::file("the new weights cannot be kept");
        Ok(Self {
            file: File::create(&path).map_err(keeping)?,
            path,
            n_bytes: 0,
        })
    }

    fn content(&mut self, bytes: &[u8]) -> Result<Content, PruneError> {
        let keeping = PruneError::file("the new weights cannot be kept");
        self.file.write_all(bytes).map_err(keeping)?;
        let offset = self.n_bytes;
        self.n_bytes += bytes.len() as u64;
        Ok(Content::File {
            path: self.path.clone(),
            offset,
        })
    }
}
