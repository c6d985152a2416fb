//! What others choose neurons by, to compare with.

use faer::Mat;

use super::activations::Statistics;
use crate::domain::protocol::NeuronScore;

/// How much each neuron counts; those that count least go.
pub(super) fn scores(
    by: NeuronScore,
    statistics: &Statistics,
    outgoing: &Mat<f32>,
    incoming_squares: &[f64],
) -> Vec<f64> {
    let n = outgoing.nrows();
    let (mut absolute, mut squares) = (vec![0.0; n], vec![0.0; n]);
    for column in 0..outgoing.ncols() {
        for (neuron, weight) in outgoing.col_as_slice(column).iter().enumerate() {
            absolute[neuron] += f64::from(weight.abs());
            squares[neuron] += f64::from(*weight).powi(2);
        }
    }
    let variance = |neuron: usize| f64::from(statistics.moments.whole[(neuron, neuron)]);
    let mean = |neuron: usize| f64::from(statistics.mean[neuron]);
    let score = |neuron: usize| match by {
        NeuronScore::Norm => squares[neuron] + incoming_squares[neuron],
        NeuronScore::WandaSp => absolute[neuron] * (variance(neuron) + mean(neuron).powi(2)).sqrt(),
        NeuronScore::Flap => variance(neuron) * squares[neuron],
    };
    (0..n).map(score).collect()
}

#[cfg(test)]
mod tests {
    use super::super::activations::Moments;
    use super::*;

    #[test]
    fn each_yardstick_is_its_formula() {
        let statistics = Statistics {
            mean: vec![3.0, 0.0],
            moments: Moments {
                whole: Mat::from_fn(2, 2, |row, column| if row == column { 16.0 } else { 0.0 }),
                others: Mat::zeros(2, 2),
            },
        };
        let outgoing = Mat::from_fn(
            2,
            2,
            |row, column| if row == 0 { -1.0 } else { column as f32 },
        );
        let found = |by| scores(by, &statistics, &outgoing, &[5.0, 7.0]);
        assert_eq!(found(NeuronScore::Norm), [7.0, 8.0]);
        assert_eq!(found(NeuronScore::WandaSp), [10.0, 4.0]);
        assert_eq!(found(NeuronScore::Flap), [32.0, 16.0]);
    }
}
