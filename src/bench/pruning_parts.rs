//! Into which parts the time falls that pruning takes.

use crate::domain::pruning::{KnownOrder, Prune, PruningMethod};

/// Of pruning with a search, the parts that are reading with the whole model and
/// the search; the rest is repair.
const SEARCHING: [f64; 2] = [0.05, 0.55];
/// The same where mixtures are compared, the last part.
const COMPARING: [f64; 3] = [0.03, 0.25, 0.32];

/// The parts of pruning: reading with the whole model, the search, comparing mixtures
/// and repair. What is known of the order in which blocks go is not searched for, and
/// where all is known, the whole model is not read.
pub(super) fn pruning_parts(prune: Prune, order: Option<KnownOrder>) -> [f64; 4] {
    let [reading, searching, comparing] = match prune.method {
        PruningMethod::Width => [0.0; 3],
        PruningMethod::Depth => [SEARCHING[0], SEARCHING[1], 0.0],
        PruningMethod::Auto => COMPARING,
    };
    let repairing = 1.0 - reading - searching - comparing;
    let left = order.map_or(1.0, |order| order.share_left(prune.quick));
    let reading = if left > 0.0 { reading } else { 0.0 };
    let parts = [reading, left * searching, comparing, repairing];
    let whole: f64 = parts.iter().sum();
    parts.map(|part| part / whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::pruning::PruningRatio;

    #[test]
    fn what_is_known_of_an_order_takes_no_part() {
        for method in PruningMethod::ALL {
            let prune = Prune::new(method, PruningRatio::USUAL);
            let parts = |n_known: Option<u32>| {
                let order = n_known.map(|n_known| KnownOrder {
                    n_known,
                    n_wanted: 9,
                });
                let parts = pruning_parts(prune, order);
                assert!((parts.iter().sum::<f64>() - 1.0).abs() < 1e-9);
                parts
            };
            let [unseen, none, some, all] = [None, Some(0), Some(3), Some(9)].map(parts);
            assert_eq!(unseen, none);
            assert_eq!(all[..2], [0.0; 2], "{method}");
            assert!(all[3] >= some[3] && some[3] >= none[3]);
            match method.searches() {
                true => assert!(some[1] < none[1] && some[0] > 0.0 && some[1] > 0.0),
                false => assert_eq!(none, [0.0, 0.0, 0.0, 1.0]),
            }
        }
    }
}
