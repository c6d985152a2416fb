//! New weights for a matrix whose inputs are known: least squares toward the
//! dense model's residual stream, so that what earlier blocks lost is made good
//! too, with a ridge toward other weights against what so little text cannot
//! tell.
//!
//! How large the ridge is decides how much of the text's chances are learned. It
//! is chosen by the last tokens, from weights that are fitted to the others.

use faer::traits::ComplexField;
use faer::{Mat, MatRef, Par};

use super::activations::{Moments, split};
use super::error::PruneError;
use super::matrix::{self, Ridged};

/// Of the mean second moment: what is tried, until it gets worse.
const RIDGES: [f64; 6] = [0.01, 0.05, 0.2, 1.0, 5.0, 25.0];
/// One output in so many is looked at when ridges are compared.
const LOOKED_AT: usize = 4;

/// What is known of inputs and targets: means over tokens of their products.
struct Known {
    /// Of inputs with inputs.
    moments: Mat<f32>,
    /// Of inputs with targets.
    cross: Mat<f32>,
}

/// New weights.
pub(super) struct Refit {
    /// A row for each input.
    pub(super) weights: Mat<f64>,
    /// Whether the ridge had to be raised until it could be solved.
    pub(super) is_raised: bool,
}

/// Inputs and targets, a column of each for each token, centred and weighted alike.
pub(super) type Pairs<'a> = (MatRef<'a, f32>, MatRef<'a, f32>);

/// The outputs that are looked at when ridges are compared.
pub(super) fn looked_at<T: ComplexField + Copy>(weights: MatRef<'_, T>) -> Mat<T> {
    let rows: Vec<usize> = (0..weights.nrows()).collect();
    let columns: Vec<usize> = (0..weights.ncols()).step_by(LOOKED_AT).collect();
    matrix::part(weights, &rows, &columns)
}

/// The least-squares weights with the best ridge toward `prior`; `moments` are the
/// inputs' second moments. `others_prior` says what the prior of the outputs that are
/// looked at is where the tokens that are held out are not known.
pub(super) fn refit(
    (inputs, target): Pairs<'_>,
    moments: Moments,
    (prior, others_prior): (&Mat<f64>, &Mat<f64>),
    par: Par,
) -> Result<Refit, PruneError> {
    let cross = cross_moments(inputs, target, par);
    let others = moments.others;
    let known = Known {
        moments: moments.whole,
        cross,
    };
    let ridge = best_ridge((inputs, target), &known, (others, others_prior), par)?;
    known.solve(prior, ridge)
}

/// The mean over the one part of the tokens, of what is the mean over all and over the
/// other part: of `n` tokens are `n_other` in that.
fn without(all: &Mat<f32>, other: &Mat<f32>, (n, n_other): (usize, usize)) -> Mat<f32> {
    let n_left = (n - n_other).max(1) as f32;
    let (n, n_other) = (n as f32 / n_left, n_other as f32 / n_left);
    Mat::from_fn(all.nrows(), all.ncols(), |row, column| {
        all[(row, column)] * n - other[(row, column)] * n_other
    })
}

/// The mean over tokens of the products of inputs and targets.
fn cross_moments(inputs: MatRef<'_, f32>, target: MatRef<'_, f32>, par: Par) -> Mat<f32> {
    let scale = 1.0 / inputs.ncols().max(1) as f32;
    matrix::product(inputs, target.transpose(), scale, par)
}

/// The ridge that is best for the tokens that are held out, of weights that are fitted to
/// the others: `moments` and `prior` are those without them.
fn best_ridge(
    (inputs, target): Pairs<'_>,
    all: &Known,
    (moments, prior): (Mat<f32>, &Mat<f64>),
    par: Par,
) -> Result<f64, PruneError> {
    let n = inputs.ncols();
    let ((_, held_inputs), (_, held_target)) = (split(inputs), split(target));
    let n_held = held_inputs.ncols();
    let held_target = looked_at(held_target.transpose());
    let held = Known {
        moments: without(&all.moments, &moments, (n, n - n_held)),
        cross: cross_moments(held_inputs, held_target.transpose(), par),
    };
    let others = Known {
        moments,
        cross: without(&looked_at(all.cross.as_ref()), &held.cross, (n, n_held)),
    };
    let mut best = (RIDGES[0], f64::INFINITY);
    for ridge in RIDGES {
        let fitted = others.solve(prior, ridge)?;
        let error = held.error(&fitted.weights, par);
        if error >= best.1 {
            break;
        }
        best = (ridge, error);
    }
    Ok(best.0)
}

impl Known {
    /// (moments + ridge) w = cross + ridge prior.
    fn solve(&self, prior: &Mat<f64>, ridge: f64) -> Result<Refit, PruneError> {
        let ridged = Ridged::of(self.moments.as_ref(), ridge)?;
        let right = Mat::from_fn(self.cross.nrows(), self.cross.ncols(), |row, column| {
            f64::from(self.cross[(row, column)]) + ridged.ridge * prior[(row, column)]
        });
        Ok(Refit {
            weights: ridged.solve(right.as_ref()),
            is_raised: ridged.is_raised,
        })
    }

    /// The squared error of the weights, less that of none.
    fn error(&self, weights: &Mat<f64>, par: Par) -> f64 {
        let weights = matrix::halved(weights);
        let seen = matrix::product(self.moments.as_ref(), weights.as_ref(), 1.0, par);
        let of_column = |column: usize| -> f64 {
            let weights = weights.col_as_slice(column).iter();
            let numbers = seen.col_as_slice(column).iter();
            let numbers = numbers.zip(self.cross.col_as_slice(column));
            let products = weights.zip(numbers).map(|(weight, (seen, cross))| {
                f64::from(*weight) * (f64::from(*seen) - 2.0 * f64::from(*cross))
            });
            products.sum()
        };
        (0..weights.ncols()).map(of_column).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(inputs: &Mat<f32>) -> Moments {
        Moments::of(inputs.as_ref(), Par::Seq)
    }

    fn known(inputs: &Mat<f32>, target: &Mat<f32>) -> Known {
        Known {
            moments: moments(inputs).whole,
            cross: cross_moments(inputs.as_ref(), target.as_ref(), Par::Seq),
        }
    }

    /// Deterministic numbers between -1 and 1.
    fn noise(height: usize, n: usize, seed: u64) -> Mat<f32> {
        let mut state = seed;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1_u32 << 23) as f32 - 1.0
        };
        let mut all = Mat::zeros(height, n);
        for column in 0..n {
            for row in 0..height {
                all[(row, column)] = next();
            }
        }
        all
    }

    #[test]
    fn the_target_is_met_as_far_as_the_ridge_lets_it() {
        // One input with second moment 1 and a target of twice it:
        // (1 + 0.05) w = 2 + 0.05 w0
        let inputs = Mat::from_fn(1, 4, |_, token| if token % 2 == 0 { 1.0 } else { -1.0_f32 });
        let target = Mat::from_fn(1, 4, |_, token| 2.0 * inputs[(0, token)]);
        let known = known(&inputs, &target);
        for prior in [2.0, 0.0] {
            let weights = Mat::from_fn(1, 1, |_, _| prior);
            let found = known.solve(&weights, 0.05).expect("weights");
            assert!(!found.is_raised);
            let right = (2.0 + 0.05 * prior) / 1.05;
            let found = found.weights[(0, 0)];
            assert!((found - right).abs() < 1e-6, "{found}");
        }
    }

    #[test]
    fn chances_of_the_text_are_not_learned() {
        let inputs = noise(8, 512, 1);
        let prior = Mat::from_fn(8, 64, |row, column| {
            ((row * 7 + column * 3) % 11) as f64 - 5.0
        });
        let ridge = |target: &Mat<f32>| {
            let both = (inputs.as_ref(), target.as_ref());
            let others = (moments(&inputs).others, &looked_at(prior.as_ref()));
            best_ridge(both, &known(&inputs, target), others, Par::Seq).expect("a ridge")
        };
        let said = matrix::halved(&prior).transpose() * &inputs;
        // What the prior says, and much that has nothing to do with the inputs.
        let chance = noise(64, 512, 2);
        let noisy = Mat::from_fn(64, 512, |row, token| {
            said[(row, token)] + 20.0 * chance[(row, token)]
        });
        let found = ridge(&noisy);
        assert!(found >= 1.0, "{found}");
        // The opposite of what the prior says.
        let clear = Mat::from_fn(64, 512, |row, token| -said[(row, token)]);
        assert_eq!(ridge(&clear), RIDGES[0]);
        let both = (inputs.as_ref(), clear.as_ref());
        let priors = (&prior, &looked_at(prior.as_ref()));
        let found = refit(both, moments(&inputs), priors, Par::Seq).expect("weights");
        for column in 0..64 {
            for row in 0..8 {
                let off = found.weights[(row, column)] + prior[(row, column)];
                assert!(off.abs() < 0.5, "{off}");
            }
        }
    }
}
