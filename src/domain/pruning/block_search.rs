//! A search for blocks as far as it has come: what it found, and what another one
//! needs to go on from there as if it had never ended.

use serde::{Deserialize, Serialize};

use super::CurvePoint;

/// A search for blocks to remove, as far as it has come.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct BlockSearch {
    /// Before the first removal and after each, in the order in which blocks go; empty:
    /// nothing is known.
    pub curve: Vec<CurvePoint>,
    /// How much each block of the base changes what goes through it, when that was last
    /// seen.
    pub influence: Vec<Option<f64>>,
    /// How much the loss grew without each block of the base, when that was last tried;
    /// none: it was not.
    pub costs: Vec<Option<f64>>,
}

impl BlockSearch {
    /// Of a model of so many blocks, before anything is known.
    pub fn begin(n_blocks: u32) -> Self {
        Self {
            curve: Vec::new(),
            influence: vec![None; n_blocks as usize],
            costs: vec![None; n_blocks as usize],
        }
    }

    /// Of five blocks: 3, 0 and 2 go, and cost 1.1, 1.5 and 1.4 times the perplexity.
    #[cfg(test)]
    pub(crate) fn of_five() -> Self {
        let points = [
            (None, 20.0),
            (Some(3), 22.0),
            (Some(0), 30.0),
            (Some(2), 28.0),
        ];
        let point = |(removed_layer, perplexity)| CurvePoint {
            removed_layer,
            removed_share: 0.0,
            perplexity,
        };
        Self {
            curve: points.into_iter().map(point).collect(),
            ..Self::begin(5)
        }
    }

    /// How many blocks have their place in the order.
    pub fn n_known(&self) -> u32 {
        self.curve.len().saturating_sub(1) as u32
    }

    /// The blocks that go, in order, by their places in the base.
    pub fn removed(&self) -> impl Iterator<Item = u32> {
        self.curve.iter().filter_map(|point| point.removed_layer)
    }

    /// Whether it may be one of a model of so many blocks, and can be gone on from.
    pub fn is_of(&self, n_blocks: u32) -> bool {
        let mut order: Vec<u32> = self.removed().collect();
        order.sort_unstable();
        order.dedup();
        let is_sound = |point: &CurvePoint| point.perplexity.is_finite() && point.perplexity > 0.0;
        [self.influence.len(), self.costs.len()] == [n_blocks as usize; 2]
            && !self.curve.is_empty()
            && order.len() == self.n_known() as usize
            && order.len() < n_blocks as usize
            && order.last().is_none_or(|last| *last < n_blocks)
            && self.curve[0].removed_layer.is_none()
            && self.curve.iter().all(is_sound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(removed: &[u32]) -> BlockSearch {
        let point = |removed_layer| CurvePoint {
            removed_layer,
            removed_share: 0.0,
            perplexity: 20.0,
        };
        let gone = removed.iter().copied().map(Some);
        BlockSearch {
            curve: std::iter::once(None).chain(gone).map(point).collect(),
            ..BlockSearch::begin(4)
        }
    }

    #[test]
    fn only_what_a_search_of_such_a_model_finds_is_one() {
        assert!(search(&[]).is_of(4) && search(&[2, 0, 3]).is_of(4));
        assert_eq!(search(&[2, 0]).n_known(), 2);
        assert!(!search(&[2]).is_of(5), "of another number of blocks");
        assert!(!search(&[4]).is_of(4), "there is no such block");
        assert!(!search(&[2, 2]).is_of(4), "one that goes twice");
        assert!(!search(&[2, 0, 3, 1]).is_of(4), "all of them");
        assert!(!BlockSearch::begin(4).is_of(4) && !BlockSearch::default().is_of(0));
        let mut wrong = search(&[2]);
        wrong.curve[1].perplexity = f64::INFINITY;
        assert!(!wrong.is_of(4));
        wrong.curve.remove(0);
        assert!(!wrong.is_of(4), "it has no beginning");
    }
}
