//! How much is asked of a search for blocks, and whether it has found that.

use super::{BlockSearch, CurvePoint, KnownOrder};
use crate::domain::loss_budget::LossBudget;

/// How much is asked of a search.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    /// How many blocks are to go.
    pub n_remove: u32,
    /// What may be lost; none: whatever it costs.
    pub budget: Option<LossBudget>,
}

impl Wish {
    /// Whether a search with this curve has found enough, or all that may go.
    pub fn is_met(self, curve: &[CurvePoint]) -> bool {
        curve.len() > self.n_remove as usize || self.refused(curve).is_some()
    }

    /// The first point of those asked for that costs more than the budget, and
    /// perplexity there over that of the whole model.
    pub fn refused(self, curve: &[CurvePoint]) -> Option<(usize, f64)> {
        let budget = self.budget?.ratio();
        let whole = curve.first()?.perplexity;
        let asked = curve.iter().take(self.n_remove as usize + 1);
        let mut ratios = asked.map(|point| point.perplexity / whole).enumerate();
        ratios.find(|(_, ratio)| *ratio > budget)
    }

    /// How much of what is asked for a search knows that has come so far.
    pub fn known(self, search: &BlockSearch) -> KnownOrder {
        let n_known = search.n_known().min(self.n_remove);
        match self.refused(&search.curve) {
            // That it stays is known, too, and nothing behind it is asked for.
            Some((place, _)) => {
                let n_gone = place.saturating_sub(1) as u32;
                KnownOrder {
                    n_known: n_gone,
                    n_wanted: n_gone,
                }
            }
            None => KnownOrder {
                n_known,
                n_wanted: self.n_remove,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_whole_where_the_search_would_end_at_once() {
        let search = BlockSearch::of_five();
        let known = |search: &BlockSearch, n_remove, budget: Option<f64>| {
            let budget = budget.map(|ratio| LossBudget::try_from(ratio).expect("a budget"));
            let wish = Wish { n_remove, budget };
            let known = wish.known(search);
            let is_met = !search.curve.is_empty() && wish.is_met(&search.curve);
            assert_eq!(known.is_whole(), is_met, "{wish:?}");
            (known.n_known, known.n_wanted)
        };
        assert_eq!(known(&search, 2, None), (2, 2));
        assert_eq!(known(&search, 4, None), (3, 4));
        assert_eq!(known(&search, 4, Some(1.6)), (3, 4), "it may go on");
        assert_eq!(known(&search, 4, Some(1.45)), (1, 1), "the second stays");
        assert_eq!(known(&search, 4, Some(1.05)), (0, 0), "nothing goes");
        assert_eq!(known(&BlockSearch::begin(5), 4, Some(1.05)), (0, 4));
        assert_eq!(known(&BlockSearch::default(), 4, None), (0, 4));
    }
}
