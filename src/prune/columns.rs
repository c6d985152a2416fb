//! Which neurons go from a quantized model: its `ffn_down` keeps so many columns
//! together, and those that stay stay as they are, so that nothing can be
//! repaired.
//!
//! With C the second moments of the inputs of `ffn_down` and W_R the outgoing
//! weights of the neurons removed, the squared error is tr(W_Rᵀ C_RR W_R). It is
//! kept small greedily, group by group.

use std::ops::Range;

use faer::{Mat, Par};

use super::matrix;

/// The neurons that stay, ascending, when groups of `together` go until `n_keep`
/// are left.
pub(super) fn choose(
    moments: &Mat<f32>,
    weights: &Mat<f32>,
    together: usize,
    n_keep: usize,
    par: Par,
) -> Vec<usize> {
    let n = weights.nrows();
    let members = |group: usize| group * together..((group + 1) * together).min(n);
    let mut alive: Vec<usize> = (0..n.div_ceil(together.max(1))).collect();
    let own = |group: &usize| {
        let sent = sent(moments, weights, members(*group), members(*group), par);
        product_sum(weights, &sent, members(*group), 0)
    };
    // What the error would grow by.
    let mut errors: Vec<f64> = alive.iter().map(own).collect();
    while alive.len() * together > n_keep {
        let of = alive.iter().copied();
        let Some(gone) = of.min_by(|a, b| errors[*a].total_cmp(&errors[*b])) else {
            break;
        };
        alive.retain(|group| *group != gone);
        let sent = sent(moments, weights, 0..n, members(gone), par);
        for group in &alive {
            errors[*group] += 2.0 * product_sum(weights, &sent, members(*group), group * together);
        }
    }
    alive.into_iter().flat_map(members).collect()
}

/// C_tf W_f.
fn sent(
    moments: &Mat<f32>,
    weights: &Mat<f32>,
    to: Range<usize>,
    from: Range<usize>,
    par: Par,
) -> Mat<f32> {
    let (to, from): (Vec<usize>, Vec<usize>) = (to.collect(), from.collect());
    let columns: Vec<usize> = (0..weights.ncols()).collect();
    let moments = matrix::part(moments.as_ref(), &to, &from);
    let weights = matrix::part(weights.as_ref(), &from, &columns);
    matrix::product(moments.as_ref(), weights.as_ref(), 1.0, par)
}

/// The sum of the products of the `members` of `weights` with as many rows of
/// `sent`, from `first` on.
fn product_sum(weights: &Mat<f32>, sent: &Mat<f32>, members: Range<usize>, first: usize) -> f64 {
    let n = members.len();
    let of_column = |column: usize| -> f64 {
        let weights = &weights.col_as_slice(column)[members.clone()];
        let sent = &sent.col_as_slice(column)[first..first + n];
        let products = weights.iter().zip(sent);
        products.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    (0..weights.ncols()).map(of_column).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_goes_that_cancels_another() {
        // Groups of two that send out 1.5, 4, -4 and 4, all of one signal.
        let signal = [1.0, 0.5, 2.0, 2.0, -2.0, -2.0, 3.0, 1.0_f32];
        let moments = Mat::from_fn(8, 8, |row, column| {
            let noise = if row == column { 0.01 } else { 0.0 };
            signal[row] * signal[column] + noise
        });
        let weights = Mat::from_fn(8, 1, |_, _| 1.0_f32);
        let left = |n_keep| choose(&moments, &weights, 2, n_keep, Par::Seq);
        assert_eq!(left(6), [2, 3, 4, 5, 6, 7]);
        // The first is gone, and the third makes good for a part of it.
        assert_eq!(left(4), [2, 3, 6, 7]);
        assert_eq!(left(8), (0..8).collect::<Vec<_>>());
    }
}
