//! Which groups of inputs go, as the surgeon sees it: removing those of R at once costs
//! at least tr(W_Rᵀ [C⁻¹]_RR⁻¹ W_R) of squared error, which the others make good as for
//! single ones.

use faer::{Mat, Par};

use super::error::PruneError;
use super::matrix::{self, Ridged};
use super::surgeon::{Operated, RIDGE, eliminate};

/// Removes groups of `width` inputs, one after the other that which costs least, until
/// `n_keep` groups are left; `weights` has a row for each input.
pub(super) fn operate_on_groups(
    moments: &Mat<f32>,
    mut weights: Mat<f64>,
    (width, n_keep): (usize, usize),
    par: Par,
) -> Result<Operated, PruneError> {
    let members = |group: usize| -> Vec<usize> { (group * width..(group + 1) * width).collect() };
    let columns: Vec<usize> = (0..weights.ncols()).collect();
    let ridged = Ridged::of(moments.as_ref(), RIDGE)?;
    let is_singular = ridged.is_raised;
    let mut inverse = ridged.into_inverse();
    let mut alive: Vec<usize> = (0..weights.nrows() / width.max(1)).collect();
    while alive.len() > n_keep {
        let score = |group: &usize| cost(&inverse, &weights, &members(*group));
        let scores: Vec<f64> = alive.iter().map(score).collect::<Result<_, _>>()?;
        let places = 0..alive.len();
        let Some(cheapest) = places.min_by(|a, b| scores[*a].total_cmp(&scores[*b])) else {
            break;
        };
        let gone = alive.remove(cheapest);
        eliminate(&mut inverse, &mut weights, &members(gone), par)?;
    }
    let keep: Vec<usize> = alive.into_iter().flat_map(members).collect();
    Ok(Operated {
        weights: matrix::part(weights.as_ref(), &keep, &columns),
        keep,
        is_singular,
    })
}

/// What removing these inputs at once would cost.
fn cost(inverse: &Mat<f64>, weights: &Mat<f64>, gone: &[usize]) -> Result<f64, PruneError> {
    let columns: Vec<usize> = (0..weights.ncols()).collect();
    let among = matrix::part(inverse.as_ref(), gone, gone);
    let outgoing = matrix::part(weights.as_ref(), gone, &columns);
    let seen = &matrix::invert_small(&among)? * &outgoing;
    let of_column = |column: usize| -> f64 {
        let pairs = outgoing.col_as_slice(column).iter();
        let pairs = pairs.zip(seen.col_as_slice(column));
        pairs.map(|(weight, seen)| weight * seen).sum()
    };
    Ok((0..weights.ncols()).map(of_column).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three groups of two inputs. The second repeats the first, but for its half; the
    /// third says little, of two signals that nothing else knows.
    fn moments() -> Mat<f32> {
        let mut moments = Mat::zeros(6, 6);
        for (row, column, value) in [
            (0, 0, 4.0),
            (1, 1, 4.0),
            (2, 2, 4.0),
            (3, 3, 4.0),
            (0, 2, 4.0),
            (1, 3, 3.9),
            (4, 4, 0.5),
            (5, 5, 0.5),
        ] {
            moments[(row, column)] = value;
            moments[(column, row)] = value;
        }
        moments
    }

    #[test]
    fn a_group_that_others_can_stand_for_goes_first() {
        let weights = Mat::from_fn(6, 3, |row, column| 1.0 + (row * 3 + column) as f64 / 9.0);
        let left = |n_keep| {
            let found = operate_on_groups(&moments(), weights.clone(), (2, n_keep), Par::Seq);
            found.expect("a cut").keep
        };
        assert_eq!(left(3), [0, 1, 2, 3, 4, 5]);
        let two = left(2);
        assert_eq!(
            two[2..],
            [4, 5],
            "one of those that repeat each other is gone"
        );
        // What is left of those says most now.
        assert_eq!(left(1), two[..2]);
    }

    #[test]
    fn the_others_take_over_what_single_inputs_would() {
        let weights = Mat::from_fn(6, 3, |row, column| (row as f64 - column as f64) / 2.0);
        let found = operate_on_groups(&moments(), weights.clone(), (2, 2), Par::Seq);
        let found = found.expect("a cut");
        let right = super::super::surgeon::compensated(&moments(), &weights, &found.keep);
        let off = right.expect("weights") - &found.weights;
        assert!(off.norm_l2() < 1e-6, "{}", off.norm_l2());
    }
}
