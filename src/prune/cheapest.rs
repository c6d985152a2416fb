//! Which of several mixtures costs least: by the measured ln(perplexity / the whole
//! model's) for each weight that goes, since they may lie two points apart, and who removes
//! less loses less.

use crate::gguf::Way;

/// Trials that are made in any case: of what width does, and of what depth does.
const ENDS: usize = 2;
/// Further trials in a row that are no better than the best so far: then it is enough.
const PATIENCE: u32 = 2;

/// Mixtures in the order in which they are tried: that of the fewest blocks, that of the
/// most, and those between with ever more blocks.
pub(super) fn in_order_of_trial(mut ways: Vec<Way>) -> Vec<Way> {
    ways.sort_by_key(|way| way.n_blocks_removed);
    if let Some(most) = ways.pop() {
        ways.insert(ways.len().min(1), most);
    }
    ways
}

/// The place of the cheapest of mixtures, which are tried in this order until that gets
/// worse. `loss_of` measures what a place loses, and the whole model loses `whole`: mean
/// negative log likelihoods, nats.
pub(super) fn cheapest<E>(
    ways: &[Way],
    whole: f64,
    mut loss_of: impl FnMut(usize) -> Result<f64, E>,
) -> Result<usize, E> {
    let (mut best, mut least, mut n_worse) = (0, f64::INFINITY, 0);
    for (place, way) in ways.iter().enumerate() {
        // For each share of the blocks' weights, which is as good as for each weight.
        let cost = (loss_of(place)? - whole) / way.ratio;
        if cost < least {
            (best, least, n_worse) = (place, cost, 0);
        } else if place >= ENDS {
            n_worse += 1;
        }
        if n_worse >= PATIENCE {
            break;
        }
    }
    Ok(best)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn way(n_blocks_removed: u32, ratio: f64) -> Way {
        Way {
            n_blocks_removed,
            n_ff: 128,
            n_groups_removed: 0,
            ratio,
            block_weights: 0,
            n_params: 0,
        }
    }

    /// The cheapest, and those that were tried, by their blocks, where these lose so much.
    fn chosen(losses: &[(u32, f64)]) -> (u32, Vec<u32>) {
        let ways = losses.iter().map(|(n_blocks, _)| way(*n_blocks, 0.5));
        let ways = in_order_of_trial(ways.collect());
        let mut tried = Vec::new();
        let found = cheapest(&ways, 3.0, |place| {
            let n_blocks = ways[place].n_blocks_removed;
            tried.push(n_blocks);
            let loss = losses.iter().find(|(other, _)| *other == n_blocks);
            Ok::<_, Infallible>(loss.expect("a loss").1)
        });
        let Ok(place) = found;
        (ways[place].n_blocks_removed, tried)
    }

    #[test]
    fn who_removes_less_is_not_cheaper_for_that() {
        // A raw loss of 4.00 is less than one of 4.03; for each weight it is more.
        let ways = [way(0, 0.49), way(1, 0.51)];
        let losses = [4.0, 4.03];
        let Ok(place) = cheapest(&ways, 3.0, |place| Ok::<_, Infallible>(losses[place]));
        assert_eq!(place, 1);
        // Of what removes as much, the raw loss decides.
        let ways = [way(0, 0.5), way(1, 0.5)];
        let Ok(place) = cheapest(&ways, 3.0, |place| Ok::<_, Infallible>(losses[place]));
        assert_eq!(place, 0);
    }

    #[test]
    fn both_ends_are_tried_and_the_others_until_it_gets_worse() {
        let valley = [
            (0, 4.0),
            (1, 3.9),
            (2, 3.8),
            (3, 3.9),
            (4, 4.1),
            (5, 3.7),
            (6, 5.0),
        ];
        assert_eq!(chosen(&valley), (2, vec![0, 6, 1, 2, 3, 4]));
        let rise = [(0, 3.5), (1, 3.6), (2, 3.7), (3, 3.4), (4, 4.0)];
        assert_eq!(chosen(&rise), (0, vec![0, 4, 1, 2]));
        let fall = [(0, 5.0), (1, 6.0), (2, 6.0), (3, 6.0), (4, 4.0)];
        assert_eq!(chosen(&fall), (4, vec![0, 4, 1, 2]));
        assert_eq!(chosen(&[(2, 4.0)]), (2, vec![2]));
    }

    #[test]
    fn what_is_no_number_is_never_the_cheapest() {
        assert_eq!(chosen(&[(0, f64::NAN), (1, 9.0), (2, f64::INFINITY)]).0, 1);
        assert_eq!(chosen(&[(0, f64::NAN)]).0, 0, "there is no other");
    }
}
