//! What a search found, as much of it as is asked for: whether it was made now or
//! earlier makes no difference.

use crate::domain::pruning::{BlockSearch, CurvePoint, Wish};

/// What a search found.
#[derive(Debug, PartialEq)]
pub(super) struct Found {
    /// The blocks to remove, in the order in which they went.
    pub(super) removed: Vec<u32>,
    /// Perplexity before the first and after each.
    pub(super) curve: Vec<CurvePoint>,
    /// How many of them were known before.
    pub(super) n_known: u32,
    /// Tokens that were read.
    pub(super) n_tokens: usize,
    /// Perplexity over that of the whole model, had the next block gone that would
    /// have cost more than the budget; none: the search was not ended by it.
    pub(super) refused: Option<f64>,
}

impl Found {
    /// What `search` found of what is asked for, on a text of so many tokens; as
    /// many blocks were known before.
    pub(super) fn of(search: &BlockSearch, wish: Wish, n_known: u32, n_tokens: usize) -> Self {
        let refused = wish.refused(&search.curve);
        let until = match refused {
            Some((place, _)) => place,
            None => wish.n_remove as usize + 1,
        };
        let curve: Vec<CurvePoint> = search.curve.iter().take(until).copied().collect();
        let removed: Vec<u32> = curve
            .iter()
            .filter_map(|point| point.removed_layer)
            .collect();
        Self {
            n_known: n_known.min(removed.len() as u32),
            removed,
            curve,
            n_tokens,
            refused: refused.map(|(_, ratio)| ratio),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::loss_budget::LossBudget;

    fn wish(n_remove: u32, budget: Option<f64>) -> Wish {
        let budget = budget.map(|ratio| LossBudget::try_from(ratio).expect("a budget"));
        Wish { n_remove, budget }
    }

    #[test]
    fn a_search_for_more_blocks_serves_for_fewer() {
        let search = BlockSearch::of_five();
        for (n_remove, removed) in [(1, &[3][..]), (2, &[3, 0]), (3, &[3, 0, 2])] {
            let wish = wish(n_remove, None);
            assert!(wish.is_met(&search.curve));
            let found = Found::of(&search, wish, 2, 512);
            assert_eq!(found.removed, removed);
            assert_eq!(found.curve, search.curve[..=n_remove as usize]);
            assert_eq!(found.n_known, n_remove.min(2));
            assert_eq!((found.n_tokens, found.refused), (512, None));
        }
        assert!(!wish(4, None).is_met(&search.curve));
        assert!(!wish(1, None).is_met(&[]), "nothing is known");
    }

    #[test]
    fn a_budget_is_judged_on_what_is_known() {
        let search = BlockSearch::of_five();
        let found = |wish: Wish| {
            let found = Found::of(&search, wish, 3, 512);
            (wish.is_met(&search.curve), found.removed, found.refused)
        };
        // It ends before the first that costs too much, though the next costs less.
        let stopped = (true, vec![3], Some(1.5));
        assert_eq!(found(wish(3, Some(1.45))), stopped);
        assert_eq!(found(wish(4, Some(1.45))), stopped, "no more need be known");
        assert_eq!(found(wish(2, Some(1.5))), (true, vec![3, 0], None));
        assert_eq!(found(wish(1, Some(1.2))), (true, vec![3], None));
        let (is_met, removed, refused) = found(wish(2, Some(1.05)));
        assert!(is_met && removed.is_empty());
        assert!(refused.is_some_and(|ratio| (ratio - 1.1).abs() < 1e-12));
        // What is beyond what is known may be within it.
        assert_eq!(found(wish(4, Some(1.6))), (false, vec![3, 0, 2], None));
    }
}
