//! Which neurons go, and what the others' outgoing weights become: the optimal
//! brain surgeon (Hassibi and Stork 1993), for whole neurons as in ZipLM (Kurtic
//! and others 2023) and SlimGPT (Ling and others 2024).
//!
//! With C the second moments of the inputs x of `ffn_down` and w_j the outgoing
//! weights of neuron j, removing it costs at least ||w_j||² / [C⁻¹]_jj of squared
//! error, reached by w_i -= [C⁻¹]_ij / [C⁻¹]_jj w_j for all others.

use faer::{Mat, Par};

use super::error::PruneError;
use super::matrix::{self, Ridged};

/// Of the mean second moment, on the diagonal.
pub(super) const RIDGE: f64 = 0.03;
/// Neurons that go at once, between two looks at the scores: so many, or of a wide
/// layer its 64th part.
const GROUP: usize = 32;

/// What is left of a layer, or of its attention.
pub(super) struct Operated {
    /// The neurons that stay, ascending.
    pub(super) keep: Vec<usize>,
    /// Their outgoing weights, a row for each.
    pub(super) weights: Mat<f64>,
    /// Whether the moments were singular, so that the ridge had to be raised.
    pub(super) is_singular: bool,
}

/// Removes neurons until `n_keep` are left; `weights` has a row for each.
pub(super) fn operate(
    moments: &Mat<f32>,
    mut weights: Mat<f64>,
    n_keep: usize,
    par: Par,
) -> Result<Operated, PruneError> {
    let n = weights.nrows();
    if n_keep >= n {
        return Ok(Operated {
            keep: (0..n).collect(),
            weights,
            is_singular: false,
        });
    }
    let ridged = Ridged::of(moments.as_ref(), RIDGE)?;
    let is_singular = ridged.is_raised;
    let mut inverse = ridged.into_inverse();
    let columns: Vec<usize> = (0..weights.ncols()).collect();
    // The neurons that rows stand for, and the rows that still do.
    let mut neurons: Vec<usize> = (0..n).collect();
    let mut alive = neurons.clone();
    while alive.len() > n_keep {
        let n_go = GROUP.max(n / 64).min(alive.len() - n_keep);
        let gone = cheapest(&alive, &scores(&inverse, &weights), n_go);
        eliminate(&mut inverse, &mut weights, &gone, par)?;
        alive.retain(|row| gone.binary_search(row).is_err());
        // Rows that stand for nothing cost time too.
        if alive.len() * 5 < neurons.len() * 4 || alive.len() == n_keep {
            inverse = matrix::part(inverse.as_ref(), &alive, &alive);
            weights = matrix::part(weights.as_ref(), &alive, &columns);
            neurons = alive.iter().map(|row| neurons[*row]).collect();
            alive = (0..neurons.len()).collect();
        }
    }
    Ok(Operated {
        weights,
        keep: neurons,
        is_singular,
    })
}

/// The outgoing weights of the neurons `keep` when the others go: what `operate`
/// arrives at, from other moments.
pub(super) fn compensated(
    moments: &Mat<f32>,
    weights: &Mat<f64>,
    keep: &[usize],
) -> Result<Mat<f64>, PruneError> {
    let every: Vec<usize> = (0..moments.ncols()).collect();
    let left = matrix::part(moments.as_ref(), keep, keep);
    // The same ridge as of the whole.
    let means = [moments, &left].map(|matrix| matrix::mean_diagonal(matrix.as_ref()));
    let share = RIDGE * means[0] / means[1].max(f64::MIN_POSITIVE);
    let ridged = Ridged::of(left.as_ref(), share)?;
    let seen = matrix::part(moments.as_ref(), keep, &every);
    let mut right = matrix::widened(seen.as_ref()) * weights;
    for column in 0..right.ncols() {
        for (row, neuron) in keep.iter().enumerate() {
            right[(row, column)] += ridged.ridge * weights[(*neuron, column)];
        }
    }
    Ok(ridged.solve(right.as_ref()))
}

/// What removing each neuron alone would cost.
fn scores(inverse: &Mat<f64>, weights: &Mat<f64>) -> Vec<f64> {
    let mut squares = vec![0.0; weights.nrows()];
    for column in 0..weights.ncols() {
        for (square, weight) in squares.iter_mut().zip(weights.col_as_slice(column)) {
            *square += weight * weight;
        }
    }
    let score = |(neuron, square): (usize, f64)| square / inverse[(neuron, neuron)];
    squares.into_iter().enumerate().map(score).collect()
}

/// The `n` of `alive` with the least scores, ascending.
pub(super) fn cheapest(alive: &[usize], scores: &[f64], n: usize) -> Vec<usize> {
    let mut order = alive.to_vec();
    order.sort_by(|a, b| scores[*a].total_cmp(&scores[*b]));
    order.truncate(n);
    order.sort_unstable();
    order
}

/// Takes the neurons `gone` out of the inverse and moves their part to the
/// others. Their own rows become 0.
pub(super) fn eliminate(
    inverse: &mut Mat<f64>,
    weights: &mut Mat<f64>,
    gone: &[usize],
    par: Par,
) -> Result<(), PruneError> {
    let (n, n_out) = (weights.nrows(), weights.ncols());
    let every: Vec<usize> = (0..n).collect();
    let columns: Vec<usize> = (0..n_out).collect();
    let towards = matrix::part(inverse.as_ref(), &every, gone);
    let among = matrix::part(inverse.as_ref(), gone, gone);
    let outgoing = matrix::part(weights.as_ref(), gone, &columns);
    let among = matrix::invert_small(&among)?;
    let moved = &among * &outgoing;
    matrix::subtract_product(weights, towards.as_ref(), moved.as_ref(), par);
    let seen = &among * towards.transpose();
    matrix::subtract_product(inverse, towards.as_ref(), seen.as_ref(), par);
    for neuron in gone {
        for column in 0..n_out {
            weights[(*neuron, column)] = 0.0;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::activations::Moments;
    use super::*;

    /// Deterministic numbers between -1 and 1.
    fn noise(n: usize, seed: u64) -> Vec<f32> {
        let mut state = seed;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1_u32 << 23) as f32 - 1.0
        };
        (0..n).map(|_| next()).collect()
    }

    fn squared_error(moments: &Mat<f32>, difference: &Mat<f64>) -> f64 {
        let moments = matrix::widened(moments.as_ref());
        let product = difference.transpose() * &moments * difference;
        (0..product.nrows()).map(|i| product[(i, i)]).sum()
    }

    #[test]
    fn a_neuron_that_repeats_another_goes_first_and_costs_nothing() {
        // The third neuron is twice the first.
        let mut inputs = noise(3 * 200, 1);
        for token in inputs.chunks_exact_mut(3) {
            token[2] = 2.0 * token[0];
        }
        let x = faer::MatRef::from_column_major_slice(&inputs, 3, 200);
        let moments = Moments::of(x, Par::Seq).whole;
        let weights = Mat::from_fn(3, 2, |row, column| 1.0 + row as f32 - column as f32);
        let operated =
            operate(&moments, matrix::widened(weights.as_ref()), 2, Par::Seq).expect("a cut");
        assert!(operated.keep == [0, 1] || operated.keep == [1, 2]);
        let kept = |neuron: usize| operated.keep.iter().position(|keep| *keep == neuron);
        let difference = Mat::from_fn(3, 2, |row, column| {
            let now = kept(row).map_or(0.0, |row| operated.weights[(row, column)]);
            now - f64::from(weights[(row, column)])
        });
        let before = squared_error(&moments, &matrix::widened(weights.as_ref()));
        assert!(squared_error(&moments, &difference) < 1e-3 * before);
    }

    #[test]
    fn the_update_is_the_least_squares_solution_of_what_stays() {
        let n = 48;
        let inputs = noise(n * 400, 2);
        let x = faer::MatRef::from_column_major_slice(&inputs, n, 400);
        let moments = Moments::of(x, Par::Seq).whole;
        let weights = faer::MatRef::from_column_major_slice(&noise(n * 5, 3), n, 5).to_owned();
        let operated =
            operate(&moments, matrix::widened(weights.as_ref()), 16, Par::Seq).expect("a cut");
        assert_eq!(operated.keep.len(), 16);
        // (C + ridge)_kk w = (C + ridge)_k: W
        let ridge = RIDGE * matrix::mean_diagonal(moments.as_ref());
        let ridged = Mat::from_fn(n, n, |row, column| {
            f64::from(moments[(row, column)]) + if row == column { ridge } else { 0.0 }
        });
        let every: Vec<usize> = (0..n).collect();
        let left = matrix::part(ridged.as_ref(), &operated.keep, &operated.keep);
        let right = matrix::part(ridged.as_ref(), &operated.keep, &every);
        let again = compensated(&moments, &matrix::widened(weights.as_ref()), &operated.keep);
        let off = again.expect("weights") - &operated.weights;
        assert!(off.norm_l2() < 1e-6, "{}", off.norm_l2());
        let residual = &left * &operated.weights - &right * matrix::widened(weights.as_ref());
        for row in 0..residual.nrows() {
            for column in 0..residual.ncols() {
                assert!(
                    residual[(row, column)].abs() < 1e-9,
                    "{}",
                    residual[(row, column)]
                );
            }
        }
    }

    #[test]
    fn inputs_that_say_nothing_are_cut_all_the_same() {
        let moments = Mat::<f32>::zeros(64, 64);
        let weights = Mat::from_fn(64, 2, |row, _| row as f32);
        let operated =
            operate(&moments, matrix::widened(weights.as_ref()), 32, Par::Seq).expect("a cut");
        assert_eq!(operated.keep, (32..64).collect::<Vec<_>>());
    }
}
