//! A variant against its baseline, token by token.

use super::perplexity::{Scored, right, row};
use super::rows::each_row;
use super::softmax::{Row, kl_divergence};
use crate::engine::Token;

/// What one token lost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TokenLoss {
    /// Negative log likelihood of the right token by the variant, nats.
    pub(super) nll: f64,
    /// Divergence of the variant from the baseline, nats.
    pub(super) kld: f64,
    /// Whether both hold the same token for the most probable one.
    pub(super) same_top: bool,
}

/// Compares a variant's rows of `n_vocab` logits with the baseline's, which were
/// scored before.
pub(crate) fn compare(
    baseline: (&[f32], &Scored),
    variant: &[f32],
    n_vocab: usize,
    targets: &[Token],
    n_threads: usize,
) -> Vec<TokenLoss> {
    let (base_logits, scored) = baseline;
    each_row(targets.len(), n_threads, |i| {
        let logits = row(variant, n_vocab, i);
        let (variant, base) = (Row::of(logits), &scored.rows[i]);
        let base_logits = row(base_logits, n_vocab, i);
        TokenLoss {
            nll: variant.negative_log_likelihood(right(logits, targets[i])),
            kld: kl_divergence((base_logits, base), (logits, &variant)),
            same_top: variant.top == base.top,
        }
    })
}

/// The divergence of one row from another.
pub(crate) fn divergence(baseline: &[f32], variant: &[f32]) -> f64 {
    kl_divergence((baseline, &Row::of(baseline)), (variant, &Row::of(variant)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::score;

    #[test]
    fn a_model_against_itself_loses_nothing() {
        let logits: Vec<f32> = (0..60).map(|i| ((i * 37) % 11) as f32 / 3.0).collect();
        let targets = [3, 1, 4, 1, 5];
        let scored = score(&logits, 10, &targets, 1);
        for (loss, nll) in compare((&logits, &scored), &logits, 10, &targets, 2)
            .iter()
            .zip(&scored.nll)
        {
            assert_eq!((loss.kld, loss.same_top, loss.nll), (0.0, true, *nll));
        }
    }

    #[test]
    fn another_model_loses() {
        let base = [1.0, 2.0, 3.0];
        let variant = [3.0, 2.0, 1.0];
        let scored = score(&base, 3, &[2], 1);
        let loss = compare((&base, &scored), &variant, 3, &[2], 1)[0];
        // scipy.special.rel_entr(softmax([1, 2, 3]), softmax([3, 2, 1])).sum()
        assert!((loss.kld - 1.150_421_4).abs() < 1e-6, "{loss:?}");
        assert!(!loss.same_top);
        assert!((loss.nll - scored.nll[0] - 2.0).abs() < 1e-6);
        assert_eq!(divergence(&base, &variant), loss.kld);
    }
}
