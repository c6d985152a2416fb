//! Files with some bytes changed are refused, or cut like any other. `make fuzz` looks
//! for longer, and further.

use std::io::Cursor;

use proptest::prelude::*;

use super::sample::Sample;
use super::{
    AttentionCut, BlockCut, Document, Down, ModelShape, Narrowing, PruningPlan, Rewrite, SliceEnd,
    Value, plan_pruning, pruned, slice_blocks, without_blocks,
};
use crate::domain::pruning::{Prune, PruningMethod, PruningRatio};

/// What follows the header is copied, whatever it is.
const HEADER_BYTES: usize = 2048;

/// As the plan has it, by place: the last blocks and the first neurons stay.
fn first_neurons(plan: &PruningPlan, shape: &ModelShape) -> Vec<BlockCut> {
    let way = plan.first();
    let attention = || {
        let heads = shape.heads.filter(|_| way.n_groups_removed > 0)?;
        Some(AttentionCut {
            groups: Some((way.n_groups_removed..heads.n_groups).collect()),
            output: Down::Columns,
        })
    };
    let cut = |layer| match layer < way.n_blocks_removed {
        true => BlockCut::Remove,
        false if way.n_ff == shape.n_ff => BlockCut::Keep,
        false => BlockCut::Narrow(Narrowing {
            keep: (0..way.n_ff).collect(),
            down: Down::Columns,
            attention: attention(),
        }),
    };
    (0..shape.n_blocks()).map(cut).collect()
}

proptest! {
    #[test]
    fn no_changed_byte_breaks_the_cutting(
        changes in prop::collection::vec((0..HEADER_BYTES, any::<u8>()), 1..4),
    ) {
        let mut sample = Sample::model("gemma3", 2, 8, 64);
        sample.set("gemma3.attention.sliding_window", Value::U32(512));
        let mut bytes = sample.bytes();
        for (place, value) in changes {
            bytes[place] = value;
        }
        let write = |rewrite: &Rewrite<'_>| {
            rewrite.write(&mut Cursor::new(&bytes), &mut std::io::sink(), |_, _| ())
        };
        let Ok(document) = Document::read(Cursor::new(&bytes), bytes.len() as u64) else {
            return Ok(());
        };
        prop_assert!(write(&Rewrite::of(&document)).is_ok());
        let Ok(shape) = ModelShape::of(&document) else {
            return Ok(());
        };
        for method in PruningMethod::ALL {
            let ratio = PruningRatio::try_from(0.5).expect("a ratio");
            let Ok(plan) = plan_pruning(&shape, Prune::new(method, ratio)) else {
                continue;
            };
            let cuts = first_neurons(&plan, &shape);
            let Ok(mut rewrite) = pruned(&document, &shape, cuts) else {
                continue;
            };
            rewrite.label("x", &[]);
            let mut new = Vec::new();
            let written = rewrite.write(&mut Cursor::new(&bytes), &mut new, |_, _| ());
            prop_assert!(written.is_ok());
            if !plan.with_bias {
                let forecast = plan.size_bytes(&document, &shape, plan.first(), "x", &[]);
                prop_assert_eq!(forecast.ok(), Some(new.len() as u64));
            }
        }
        let without = without_blocks(&document, &shape, &[0]);
        let slice = slice_blocks(&document, &shape, &[0], SliceEnd::Block);
        for rewrite in [without, slice].into_iter().flatten() {
            prop_assert!(write(&rewrite).is_ok());
        }
    }
}
