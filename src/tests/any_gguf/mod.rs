//! What holds for any GGUF file, damaged or made to harm: reading, writing and pruning
//! it does not panic or take more memory than a small multiple of its size; what is
//! read can be written, and what is pruned is the model that was forecast.

pub mod seeds;

use std::alloc::System;
use std::io::{self, Cursor};

use cap::Cap;
use whittle::domain::pruning::{Prune, PruningMethod, PruningRatio};
use whittle::gguf::{
    AttentionCut, BlockCut, BlockShape, Content, Document, Down, ModelShape, Narrowing,
    PruningPlan, Rewrite, SliceEnd, TensorType, Way, check, plan_pruning, pruned, slice_blocks,
    without_blocks,
};

/// Ends the process when the reader wants more than its share.
#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// Bytes of memory for each byte of input: a key costs 13 bytes in the file,
/// and its entry in the list some 100.
const SHARE: usize = 32;
/// The same for pruning: the document, the new file, and the document of that.
const PRUNING_SHARE: usize = 3 * SHARE;
/// What an empty input may take: messages, tables.
const BASE: usize = 16 << 10;

/// Reads a file and does with it what can be done. The memory of all threads is
/// counted: nothing else runs meanwhile.
pub fn try_file(input: &[u8]) {
    let before = MEMORY.allocated();
    let allow = |share: usize| {
        let limit = before + BASE + share * input.len();
        let set = MEMORY.set_limit(limit);
        set.expect("the limit is above what is taken");
    };
    allow(SHARE);
    let is_model = check(Cursor::new(input), input.len() as u64).is_ok();
    if let Ok(document) = Document::read(Cursor::new(input), input.len() as u64) {
        write(&Rewrite::of(&document), input);
        allow(PRUNING_SHARE);
        cut(&document, is_model, input);
    }
    let set = MEMORY.set_limit(usize::MAX);
    set.expect("no limit is above all");
}

fn write(rewrite: &Rewrite<'_>, input: &[u8]) {
    let written = rewrite.write(&mut Cursor::new(input), &mut io::sink(), |_, _| ());
    written.expect("what was read can be written");
}

/// Cuts what can be cut.
fn cut(document: &Document, is_model: bool, input: &[u8]) {
    let Ok(shape) = ModelShape::of(document) else {
        return;
    };
    for (method, share) in PruningMethod::ALL
        .into_iter()
        .flat_map(|method| [(method, 0.3), (method, 0.5)])
    {
        let ratio = PruningRatio::try_from(share).expect("a ratio");
        let Ok(plan) = plan_pruning(&shape, Prune::new(method, ratio)) else {
            continue;
        };
        for way in &plan.ways {
            if let Some(new) = prune((document, &shape), &plan, *way, input) {
                read_again(&new, is_model, *way, &shape);
            }
        }
    }
    let without = without_blocks(document, &shape, &[0]);
    let slice = slice_blocks(document, &shape, &[0], SliceEnd::Block);
    for rewrite in [without, slice].into_iter().flatten() {
        write(&rewrite, input);
    }
}

/// The file that is pruned so, which is as large as was forecast; none: it cannot be.
fn prune(
    (document, shape): (&Document, &ModelShape),
    plan: &PruningPlan,
    way: Way,
    input: &[u8],
) -> Option<Vec<u8>> {
    let name = "pruned";
    let cuts = (0..).zip(&shape.blocks);
    let cuts = cuts.map(|(layer, block)| cut_block(layer, block, shape, plan, way));
    let rewrite = pruned(document, shape, cuts.collect());
    let forecast = plan.size_bytes(document, shape, way, name, &[]);
    let (Ok(mut rewrite), Ok(n_bytes)) = (rewrite, forecast.clone()) else {
        assert!(forecast.is_err(), "what was forecast can be made");
        return None;
    };
    rewrite.label(name, &[]);
    let mut new = Vec::with_capacity(n_bytes as usize);
    let written = rewrite.write(&mut Cursor::new(input), &mut new, |_, _| ());
    written.expect("what was read can be written");
    assert_eq!(new.len() as u64, n_bytes, "it is as large as was forecast");
    Some(new)
}

/// The first blocks go, and so do the last neurons of the others.
fn cut_block(
    layer: u32,
    block: &BlockShape,
    shape: &ModelShape,
    plan: &PruningPlan,
    way: Way,
) -> BlockCut {
    if layer < way.n_blocks_removed {
        return BlockCut::Remove;
    }
    if way.n_ff == shape.n_ff {
        return BlockCut::Keep;
    }
    let refitted = |kind: TensorType, n_columns: u32| {
        let n_weights = u64::from(n_columns) * u64::from(shape.n_embd);
        match kind.bytes_of(n_weights) {
            Some(n_bytes) if plan.with_bias => Down::Refitted {
                kind,
                weights: Content::Bytes(vec![0; n_bytes as usize]),
                bias: Some(vec![0.0; shape.n_embd as usize]),
            },
            _ => Down::Columns,
        }
    };
    let attention = || {
        let heads = shape.heads.filter(|_| way.n_groups_removed > 0)?;
        let n_groups = heads.n_groups - way.n_groups_removed;
        Some(AttentionCut {
            groups: Some((0..n_groups).collect()),
            output: refitted(block.output?, n_groups * heads.group_width()),
        })
    };
    BlockCut::Narrow(Narrowing {
        keep: (0..way.n_ff).collect(),
        down: refitted(block.down, way.n_ff),
        attention: attention(),
    })
}

/// Reads a pruned file, which is the model that was planned.
fn read_again(new: &[u8], is_model: bool, way: Way, old: &ModelShape) {
    let n_bytes = new.len() as u64;
    if is_model {
        check(Cursor::new(new), n_bytes).expect("it is still a model");
    }
    let document = Document::read(Cursor::new(new), n_bytes).expect("what was written is whole");
    let shape = ModelShape::of(&document).expect("what was pruned can be pruned again");
    let n_blocks = old.n_blocks() - way.n_blocks_removed;
    assert_eq!((shape.n_blocks(), shape.n_ff), (n_blocks, way.n_ff));
    if let Some(heads) = old.heads {
        let n_groups = shape.heads.map(|heads| heads.n_groups);
        assert_eq!(n_groups, Some(heads.n_groups - way.n_groups_removed));
    }
    assert_eq!(shape.block_weights(), way.block_weights);
    assert_eq!(document.n_params(), way.n_params);
}
