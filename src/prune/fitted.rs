//! Which neurons of a layer stay, and their outgoing weights before they are
//! rounded.

use faer::{Mat, Par};

use super::activations::{Columns, Moments, Statistics};
use super::error::PruneError;
use super::layer::Layers;
use super::refit::{looked_at, refit};
use super::see::Seen;
use super::surgeon::{self, Operated, cheapest};
use super::{matrix, yardsticks};
use crate::domain::protocol::NeuronScore;
use crate::gguf::NotPrunable;

/// What is left of a layer, before it is rounded.
pub(super) struct Fitted {
    pub(super) keep: Vec<usize>,
    /// A row for each neuron that stays.
    pub(super) weights: Mat<f64>,
    /// What comes out on average, where there is a bias to make it so.
    pub(super) mean: Option<Vec<f32>>,
    pub(super) is_singular: bool,
}

impl Layers<'_> {
    /// The surgeon's choice, refitted. Of the neurons that were seen, those that stay
    /// are left.
    pub(super) fn operate(
        &self,
        moments: Moments,
        (outgoing, has_bias): (&Mat<f32>, bool),
        seen: &mut Seen,
        n_keep: usize,
    ) -> Result<Fitted, PruneError> {
        let Some(target) = &mut seen.target else {
            return Err(NotPrunable::Wrong("there is nothing to fit to".to_owned()).into());
        };
        let mean = target.centre(has_bias, &seen.weights);
        let choose = |moments: &_, whole| surgeon::operate(moments, whole, n_keep, self.par);
        let both = (&mut seen.neurons, &*target);
        let operated = choose_and_refit(both, moments, outgoing, choose, self.par)?;
        Ok(Fitted {
            weights: operated.weights,
            keep: operated.keep,
            mean: has_bias.then_some(mean),
            is_singular: operated.is_singular,
        })
    }

    /// A yardstick's choice.
    pub(super) fn choose(
        &mut self,
        layer: u32,
        score: NeuronScore,
        statistics: &Statistics,
        outgoing: &Mat<f32>,
        n_keep: usize,
    ) -> Result<Fitted, PruneError> {
        let mut incoming = vec![0.0; outgoing.nrows()];
        for part in ["ffn_gate.weight", "ffn_up.weight"] {
            let matrix = self.base.matrix(layer, part)?;
            for (neuron, square) in incoming.iter_mut().enumerate() {
                let weights = matrix.col_as_slice(neuron).iter();
                *square += weights
                    .map(|weight| f64::from(*weight).powi(2))
                    .sum::<f64>();
            }
        }
        let scores = yardsticks::scores(score, statistics, outgoing, &incoming);
        let mut keep: Vec<usize> = (0..outgoing.nrows()).collect();
        let gone = cheapest(&keep, &scores, keep.len().saturating_sub(n_keep));
        keep.retain(|neuron| gone.binary_search(neuron).is_err());
        let old_bias = self.base.vector(layer, "ffn_down.bias")?;
        let mean = self.has_bias(layer).then(|| {
            let mut mean = times_mean(outgoing, &statistics.mean);
            add(&mut mean, old_bias.as_deref());
            mean
        });
        Ok(unchanged(keep, outgoing, mean))
    }
}

/// The inputs that `choose` leaves of those with these second moments, and their
/// outgoing weights, refitted toward the target. Of the inputs those that stay are left.
pub(super) fn choose_and_refit(
    (inputs, target): (&mut Columns, &Columns),
    moments: Moments,
    outgoing: &Mat<f32>,
    choose: impl FnOnce(&Mat<f32>, Mat<f64>) -> Result<Operated, PruneError>,
    par: Par,
) -> Result<Operated, PruneError> {
    let whole = matrix::widened(outgoing.as_ref());
    let operated = choose(&moments.whole, whole.clone())?;
    let keep = operated.keep;
    let others_prior = surgeon::compensated(&moments.others, &looked_at(whole.as_ref()), &keep)?;
    drop(whole);
    let kept = moments.part(&keep);
    // They are the largest of all.
    drop(moments);
    inputs.keep(&keep);
    let both = (inputs.as_mat(), target.as_mat());
    let priors = (&operated.weights, &others_prior);
    let refitted = refit(both, kept, priors, par)?;
    Ok(Operated {
        weights: refitted.weights,
        keep,
        is_singular: operated.is_singular || refitted.is_raised,
    })
}

/// Neurons that stay as they are.
pub(super) fn unchanged(keep: Vec<usize>, outgoing: &Mat<f32>, mean: Option<Vec<f32>>) -> Fitted {
    let columns: Vec<usize> = (0..outgoing.ncols()).collect();
    let kept = matrix::part(outgoing.as_ref(), &keep, &columns);
    Fitted {
        weights: matrix::widened(kept.as_ref()),
        keep,
        mean,
        is_singular: false,
    }
}

/// What comes out when the mean goes in.
pub(super) fn times_mean(weights: &Mat<f32>, mean: &[f32]) -> Vec<f32> {
    let product = |column: usize| {
        let pairs = weights.col_as_slice(column).iter().zip(mean);
        let products = pairs.map(|(weight, mean)| f64::from(*weight) * f64::from(*mean));
        products.sum::<f64>() as f32
    };
    (0..weights.ncols()).map(product).collect()
}

/// Adds the other, if there is one.
pub(super) fn add(sum: &mut [f32], other: Option<&[f32]>) {
    for (sum, value) in sum.iter_mut().zip(other.into_iter().flatten()) {
        *sum += value;
    }
}
