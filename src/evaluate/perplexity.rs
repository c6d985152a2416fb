//! A model's own likelihoods over a chunk.

use super::rows::each_row;
use super::softmax::Row;
use crate::engine::Token;

/// The scored tokens of a chunk.
pub(crate) struct Scored {
    /// One for each.
    pub(super) rows: Vec<Row>,
    /// Negative log likelihood of the right token, nats.
    pub(super) nll: Vec<f64>,
}

impl Scored {
    /// Negative log likelihood of the right token, nats, one for each scored token.
    pub(crate) fn nll(&self) -> &[f64] {
        &self.nll
    }
}

/// Scores rows of `n_vocab` logits, each by the token that really came next.
/// There may be one row more than tokens: what comes after the chunk is not
/// known.
pub(crate) fn score(logits: &[f32], n_vocab: usize, targets: &[Token], n_threads: usize) -> Scored {
    let rows = each_row(targets.len(), n_threads, |i| {
        let logits = row(logits, n_vocab, i);
        let row = Row::of(logits);
        (row, row.negative_log_likelihood(right(logits, targets[i])))
    });
    let (rows, nll) = rows.into_iter().unzip();
    Scored { rows, nll }
}

/// The row `i`.
pub(super) fn row(logits: &[f32], n_vocab: usize, i: usize) -> &[f32] {
    &logits[i * n_vocab..(i + 1) * n_vocab]
}

/// The right token's logit; a token that is none has no probability.
pub(super) fn right(logits: &[f32], token: Token) -> f32 {
    let index = usize::try_from(token).unwrap_or(usize::MAX);
    logits.get(index).copied().unwrap_or(f32::NEG_INFINITY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_is_scored_by_its_own_row() {
        // scipy.special.log_softmax([[0, 1], [2, 0], [5, 5]], axis=1)
        let logits = [0.0, 1.0, 2.0, 0.0, 5.0, 5.0];
        let scored = score(&logits, 2, &[1, 1], 2);
        let right = [0.313_261_69, 2.126_928_01];
        for (found, right) in scored.nll.iter().zip(right) {
            assert!((found - right).abs() < 1e-6, "{found} for {right}");
        }
        assert_eq!(scored.nll.len(), 2);
    }

    #[test]
    fn a_token_outside_of_the_vocabulary_has_no_probability() {
        assert_eq!(score(&[0.0, 0.0], 2, &[7], 1).nll, [f64::INFINITY]);
        assert_eq!(score(&[0.0, 0.0], 2, &[-1], 1).nll, [f64::INFINITY]);
    }
}
