//! Numbers for each token, a column for each, and what is known of them.

use faer::{Mat, MatRef, Par};

use super::matrix;

/// One token in so many is held out, to judge by what the others say.
const HELD_OUT: usize = 4;

/// Numbers for each token of the calibration text.
#[derive(Clone)]
pub(super) struct Columns {
    values: Vec<f32>,
    /// Numbers of a token.
    height: usize,
}

impl Columns {
    /// Of `values`, `height` for each token.
    pub(super) fn new(values: Vec<f32>, height: usize) -> Self {
        Self { values, height }
    }

    /// Of a column for each token.
    pub(super) fn of(columns: &Mat<f32>) -> Self {
        let tokens = (0..columns.ncols()).flat_map(|token| columns.col_as_slice(token));
        Self::new(tokens.copied().collect(), columns.nrows())
    }

    /// Tokens.
    pub(super) fn n_tokens(&self) -> usize {
        self.values.len() / self.height.max(1)
    }

    /// Numbers of a token.
    pub(super) fn height(&self) -> usize {
        self.height
    }

    /// All of it, a column for each token.
    pub(super) fn as_mat(&self) -> MatRef<'_, f32> {
        MatRef::from_column_major_slice(&self.values, self.height, self.n_tokens())
    }

    /// Token by token.
    pub(super) fn tokens(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact(self.height.max(1))
    }

    /// Token by token, to be changed.
    pub(super) fn tokens_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        self.values.chunks_exact_mut(self.height.max(1))
    }

    /// The numbers themselves.
    pub(super) fn values(&self) -> &[f32] {
        &self.values
    }

    /// The numbers themselves, to be changed.
    pub(super) fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    /// The mean of each row, tokens counting as `weights` say.
    fn mean(&self, weights: &Weights) -> Vec<f32> {
        let mut sums = vec![0.0_f64; self.height];
        for (token, weight) in self.tokens().zip(&weights.0) {
            for (sum, value) in sums.iter_mut().zip(token) {
                *sum += f64::from(*value) * f64::from(*weight);
            }
        }
        let n = self.n_tokens().max(1) as f64;
        sums.iter().map(|sum| (sum / n) as f32).collect()
    }

    /// Takes the mean away, where there is a bias to put it into, and scales
    /// tokens by the roots of their weights, so that sums over tokens are
    /// weighted. Returns what was taken away.
    pub(super) fn centre(&mut self, has_bias: bool, weights: &Weights) -> Vec<f32> {
        let mean = match has_bias {
            true => self.mean(weights),
            false => vec![0.0; self.height],
        };
        for (token, weight) in self.tokens_mut().zip(&weights.0) {
            let root = weight.sqrt();
            for (value, mean) in token.iter_mut().zip(&mean) {
                *value = (*value - mean) * root;
            }
        }
        mean
    }

    /// Takes the same from each token.
    pub(super) fn subtract(&mut self, constant: &[f32]) {
        for token in self.tokens_mut() {
            for (value, constant) in token.iter_mut().zip(constant) {
                *value -= constant;
            }
        }
    }

    /// The means over tokens of their products with themselves.
    pub(super) fn moments(&self, par: Par) -> Moments {
        Moments::of(self.as_mat(), par)
    }

    /// Leaves the rows `keep`, which ascend.
    pub(super) fn keep(&mut self, keep: &[usize]) {
        if keep.len() == self.height {
            return;
        }
        let (n_tokens, height) = (self.n_tokens(), self.height);
        for token in 0..n_tokens {
            for (to, from) in keep.iter().enumerate() {
                // Never behind what is still to be read.
                self.values[token * keep.len() + to] = self.values[token * height + from];
            }
        }
        self.values.truncate(n_tokens * keep.len());
        self.height = keep.len();
    }
}

/// The tokens that weights are fitted to, and those that are held out.
pub(super) fn split(columns: MatRef<'_, f32>) -> (MatRef<'_, f32>, MatRef<'_, f32>) {
    columns.split_at_col(columns.ncols() - columns.ncols() / HELD_OUT)
}

/// Second moments: means over tokens of the products of their numbers with one another,
/// both triangles.
pub(super) struct Moments {
    /// Over all tokens.
    pub(super) whole: Mat<f32>,
    /// Over those that are not held out.
    pub(super) others: Mat<f32>,
}

impl Moments {
    /// Of numbers with a column for each token, each of which is multiplied once.
    pub(super) fn of(columns: MatRef<'_, f32>, par: Par) -> Self {
        let (others, held) = split(columns);
        let (n, n_others) = (columns.ncols().max(1), others.ncols().max(1));
        let mut sums = Mat::zeros(columns.nrows(), columns.nrows());
        matrix::add_gram(&mut sums, others, par);
        let of_others = matrix::mirrored(&sums, 1.0 / n_others as f32);
        matrix::add_gram(&mut sums, held, par);
        Self {
            whole: matrix::mirrored(&sums, 1.0 / n as f32),
            others: of_others,
        }
    }

    /// Of these numbers alone.
    pub(super) fn part(&self, keep: &[usize]) -> Self {
        let part = |moments: &Mat<f32>| matrix::part(moments.as_ref(), keep, keep);
        Self {
            whole: part(&self.whole),
            others: part(&self.others),
        }
    }
}

/// How much each token counts, 1 on average.
pub(super) struct Weights(Vec<f32>);

impl Weights {
    /// All alike.
    pub(super) fn equal(n_tokens: usize) -> Self {
        Self(vec![1.0; n_tokens])
    }

    /// By the inverse of the mean square of the residual stream: the blocks to
    /// come normalize it, so that an error counts relative to it.
    pub(super) fn relative_to(stream: &Columns) -> Self {
        let inverse = |token: &[f32]| {
            let square: f64 = token.iter().map(|x| f64::from(*x).powi(2)).sum();
            1.0 / (square / token.len().max(1) as f64).max(1e-12)
        };
        let inverses: Vec<f64> = stream.tokens().map(inverse).collect();
        let mean = inverses.iter().sum::<f64>() / inverses.len().max(1) as f64;
        let weights = inverses.iter().map(|inverse| (inverse / mean) as f32);
        Self(weights.collect())
    }

    /// Divides each token by the root of its weight again.
    pub(super) fn undo(&self, columns: &mut Mat<f32>) {
        for (token, weight) in self.0.iter().enumerate() {
            let root = weight.sqrt();
            for value in columns.col_as_slice_mut(token) {
                *value /= root;
            }
        }
    }
}

/// What is known of the inputs of `ffn_down`: second moments around the mean,
/// where there is a bias to put that into.
pub(super) struct Statistics {
    /// The mean of each neuron; 0 where it was left in.
    pub(super) mean: Vec<f32>,
    /// Second moments.
    pub(super) moments: Moments,
}

impl Statistics {
    /// Centres `neurons` and multiplies them by themselves.
    pub(super) fn of(neurons: &mut Columns, has_bias: bool, weights: &Weights, par: Par) -> Self {
        Self {
            mean: neurons.centre(has_bias, weights),
            moments: neurons.moments(par),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_around_the_mean_where_there_is_a_bias() {
        // numpy.cov([[1, 3, 5], [2, 2, 8]], bias=True) = [[2.667, 4], [4, 8]]
        let columns = || Columns::new(vec![1.0, 2.0, 3.0, 2.0, 5.0, 8.0], 2);
        let equal = Weights::equal(3);
        let mut neurons = columns();
        let found = Statistics::of(&mut neurons, true, &equal, Par::Seq);
        assert_eq!(found.mean, [3.0, 4.0]);
        for ((row, column), right) in [
            ((0, 0), 8.0 / 3.0),
            ((1, 0), 4.0),
            ((0, 1), 4.0),
            ((1, 1), 8.0),
        ] {
            assert!((found.moments.whole[(row, column)] - right).abs() < 1e-5);
        }
        let found = Statistics::of(&mut columns(), false, &equal, Par::Seq);
        assert_eq!(found.mean, [0.0, 0.0]);
        assert!((found.moments.whole[(1, 1)] - 24.0).abs() < 1e-5);
    }

    #[test]
    fn weighted_tokens_count_as_if_they_came_more_often() {
        let mut once = Columns::new(vec![1.0, 4.0], 1);
        let weights = Weights(vec![1.5, 0.5]);
        let weighted = Statistics::of(&mut once, true, &weights, Par::Seq);
        let mut often = Columns::new(vec![1.0, 1.0, 1.0, 4.0], 1);
        let counted = Statistics::of(&mut often, true, &Weights::equal(4), Par::Seq);
        assert!((weighted.mean[0] - counted.mean[0]).abs() < 1e-6);
        assert!((weighted.moments.whole[(0, 0)] - counted.moments.whole[(0, 0)]).abs() < 1e-5);
    }

    #[test]
    fn the_tokens_that_are_held_out_are_in_the_whole_alone() {
        // Of eight tokens the last two are held out.
        let columns = Columns::new((1..=8_u8).map(f32::from).collect(), 1);
        let found = columns.moments(Par::Seq);
        assert!((found.others[(0, 0)] - 91.0 / 6.0).abs() < 1e-5);
        assert!((found.whole[(0, 0)] - 204.0 / 8.0).abs() < 1e-5);
    }

    #[test]
    fn rows_are_kept_in_order() {
        let mut columns = Columns::new((0..8_u8).map(f32::from).collect(), 4);
        columns.keep(&[1, 3]);
        assert_eq!(columns.values(), [1.0, 3.0, 5.0, 7.0]);
    }

    #[test]
    fn a_token_of_a_large_stream_counts_less() {
        let weights = Weights::relative_to(&Columns::new(vec![1.0, 1.0, 3.0, 3.0], 2));
        assert!((weights.0[0] - 1.8).abs() < 1e-6 && (weights.0[1] - 0.2).abs() < 1e-6);
    }
}
