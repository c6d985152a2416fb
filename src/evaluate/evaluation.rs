//! What was found so far, chunk by chunk, and the figures made of it.

use super::divergence::TokenLoss;
use super::estimate::{Of, estimate, mean};
use super::percentile::{percentile, sorted};
use super::perplexity::Scored;
use crate::domain::evaluation::EvaluationProgress;
use crate::domain::metrics::Reading;
use crate::domain::quality::{
    CHUNK_TOKENS, Estimate, KldPercentiles, Perplexity, Quality, TextName,
};

/// One evaluation of a baseline and its variants on one text.
pub(crate) struct Evaluation {
    text: TextName,
    n_chunks: usize,
    /// Scored tokens of a chunk.
    n_per_chunk: usize,
    baseline: Vec<f64>,
    variants: Vec<Variant>,
}

enum Variant {
    /// One for each scored token.
    Losses(Vec<TokenLoss>),
    /// It cannot be compared, for this reason.
    Refused(String),
}

impl Evaluation {
    /// An empty one. `refused` holds for each variant why it cannot be compared,
    /// if it cannot.
    pub(crate) fn new(
        text: TextName,
        n_chunks: usize,
        n_per_chunk: usize,
        refused: Vec<Option<String>>,
    ) -> Self {
        let variant = |refused: Option<String>| match refused {
            Some(reason) => Variant::Refused(reason),
            None => Variant::Losses(Vec::new()),
        };
        Self {
            text,
            n_chunks,
            n_per_chunk,
            baseline: Vec::new(),
            variants: refused.into_iter().map(variant).collect(),
        }
    }

    /// The variants that are compared.
    pub(crate) fn compared(&self) -> Vec<usize> {
        let is_compared = |variant: &Variant| matches!(variant, Variant::Losses(_));
        let all = self.variants.iter().enumerate();
        all.filter(|(_, variant)| is_compared(variant))
            .map(|(i, _)| i)
            .collect()
    }

    /// Takes the baseline's next chunk.
    pub(crate) fn learn_baseline(&mut self, scored: &Scored) {
        self.baseline.extend(&scored.nll);
    }

    /// Takes the next chunk of a variant.
    pub(crate) fn learn_variant(&mut self, variant: usize, losses: Vec<TokenLoss>) {
        if let Some(Variant::Losses(all)) = self.variants.get_mut(variant) {
            all.extend(losses);
        }
    }

    /// How far it has come.
    pub(crate) fn progress(&self) -> EvaluationProgress {
        let finite = |value: f64| value.is_finite().then_some(value);
        let lengths = self.variants.iter().filter_map(|variant| match variant {
            Variant::Losses(losses) => Some(losses.len()),
            Variant::Refused(_) => None,
        });
        let n_tokens = lengths.fold(self.baseline.len(), usize::min);
        EvaluationProgress {
            chunks_done: count(n_tokens / self.n_per_chunk),
            n_chunks: count(self.n_chunks),
            baseline_perplexity: finite(mean(&self.baseline).exp()),
            mean_kld: self
                .variants
                .iter()
                .map(|variant| match variant {
                    Variant::Losses(losses) => finite(mean(&of(losses, |loss| loss.kld))),
                    Variant::Refused(_) => None,
                })
                .collect(),
        }
    }

    /// The baseline's perplexity, or why it has none.
    pub(crate) fn baseline(&self) -> Result<Perplexity, String> {
        self.perplexity(&self.baseline)
    }

    /// What each variant lost.
    pub(crate) fn variants(&self) -> Vec<Reading<Quality>> {
        let reading = |variant: &Variant| match variant {
            Variant::Refused(reason) => Reading::NotMeasured(reason.clone()),
            Variant::Losses(losses) => match self.quality(losses) {
                Ok(quality) => Reading::Measured(quality),
                Err(reason) => Reading::NotMeasured(reason),
            },
        };
        self.variants.iter().map(reading).collect()
    }

    fn quality(&self, losses: &[TokenLoss]) -> Result<Quality, String> {
        let perplexity = self.perplexity(&of(losses, |loss| loss.nll))?;
        let kld = of(losses, |loss| loss.kld);
        only_finite(&kld)?;
        let pairs = || self.baseline.iter().zip(losses);
        let ln_ratios: Vec<f64> = pairs().map(|(base, loss)| loss.nll - base).collect();
        let squares: Vec<f64> = pairs()
            .map(|(base, loss)| ((-loss.nll).exp() - (-base).exp()).powi(2))
            .collect();
        let same_top = of(losses, |loss| f64::from(u8::from(loss.same_top)));
        Ok(Quality {
            perplexity,
            ln_perplexity_ratio: self.estimate(&ln_ratios, Of::Mean),
            mean_kld: self.estimate(&kld, Of::Mean),
            kld: percentiles(kld),
            same_top_token: self.estimate(&same_top, Of::Mean),
            rms_delta_p: self.estimate(&squares, Of::Root),
        })
    }

    fn perplexity(&self, nll: &[f64]) -> Result<Perplexity, String> {
        only_finite(nll)?;
        let perplexity = self.estimate(nll, Of::Exponential);
        if !perplexity.high.unwrap_or(perplexity.value).is_finite() {
            return Err("its perplexity is too large for a number; its weights are damaged".into());
        }
        Ok(Perplexity {
            perplexity,
            text: self.text.clone(),
            n_chunks: count(self.n_chunks),
            n_ctx: CHUNK_TOKENS,
            n_tokens: nll.len() as u64,
        })
    }

    fn estimate(&self, values: &[f64], of: Of) -> Estimate {
        estimate(values, self.n_per_chunk, of)
    }
}

fn of(losses: &[TokenLoss], value: impl Fn(&TokenLoss) -> f64) -> Vec<f64> {
    losses.iter().map(value).collect()
}

fn only_finite(values: &[f64]) -> Result<(), String> {
    let n_bad = values.iter().filter(|value| !value.is_finite()).count();
    if n_bad == 0 {
        return Ok(());
    }
    Err(format!(
        "its logits are not finite at {n_bad} of {} tokens; its weights are damaged",
        values.len()
    ))
}

fn percentiles(kld: Vec<f64>) -> KldPercentiles {
    let kld = sorted(kld);
    KldPercentiles {
        p50: percentile(&kld, 0.5),
        p90: percentile(&kld, 0.9),
        p95: percentile(&kld, 0.95),
        p99: percentile(&kld, 0.99),
        p999: percentile(&kld, 0.999),
        max: percentile(&kld, 1.0),
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluation(baseline: &[f64], losses: Vec<TokenLoss>) -> Evaluation {
        let text = TextName {
            name: "a text".to_owned(),
            sha256: String::new(),
        };
        let refused = vec![None, Some("another vocabulary".to_owned())];
        let mut evaluation = Evaluation::new(text, 2, 2, refused);
        evaluation.learn_baseline(&Scored {
            rows: Vec::new(),
            nll: baseline.to_vec(),
        });
        evaluation.learn_variant(0, losses);
        evaluation
    }

    fn loss(nll: f64, kld: f64, same_top: bool) -> TokenLoss {
        TokenLoss { nll, kld, same_top }
    }

    #[test]
    fn the_figures_are_those_of_the_definitions() {
        let losses = vec![
            loss(1.5, 0.1, true),
            loss(2.0, 0.2, true),
            loss(3.5, 0.4, false),
            loss(4.0, 0.1, true),
        ];
        let evaluation = evaluation(&[1.0, 2.0, 3.0, 4.0], losses);
        let variants = evaluation.variants();
        let quality = variants[0].value().unwrap();
        let close = |found: f64, right: f64| (found - right).abs() < 1e-9;
        assert!(close(quality.perplexity.perplexity.value, 2.75_f64.exp()));
        assert!(close(quality.ln_perplexity_ratio.value, 0.25));
        // The differences 0.5, 0, 0.5, 0: sqrt(0.0625 / 3)
        assert!(close(
            quality.ln_perplexity_ratio.standard_error.unwrap(),
            0.144_337_567_297
        ));
        assert!(close(quality.mean_kld.value, 0.2));
        assert!(close(quality.kld.p50, 0.15));
        assert_eq!(quality.kld.max, 0.4);
        assert_eq!(quality.same_top_token.value, 0.75);
        let squares = [
            ((-1.5_f64).exp() - (-1.0_f64).exp()).powi(2),
            ((-3.5_f64).exp() - (-3.0_f64).exp()).powi(2),
        ];
        let rms = ((squares[0] + squares[1]) / 4.0).sqrt();
        assert!(close(quality.rms_delta_p.value, rms));
        assert_eq!(variants[1].reason(), Some("another vocabulary"));
        assert_eq!(evaluation.compared(), [0]);
    }

    #[test]
    fn progress_waits_for_the_slowest() {
        let evaluation = evaluation(&[1.0; 4], vec![loss(1.0, 0.25, true); 2]);
        let progress = evaluation.progress();
        assert_eq!((progress.chunks_done, progress.n_chunks), (1, 2));
        assert_eq!(progress.mean_kld, [Some(0.25), None]);
        assert!((progress.baseline_perplexity.unwrap() - 1.0_f64.exp()).abs() < 1e-9);
    }

    #[test]
    fn what_is_not_finite_is_said_and_never_shown() {
        let damaged = evaluation(
            &[1.0; 2],
            vec![loss(f64::NAN, 0.0, true), loss(1.0, 0.0, true)],
        );
        let reason = damaged.variants()[0].reason().unwrap().to_owned();
        assert!(reason.contains("1 of 2 tokens"), "{reason}");
        assert!(
            evaluation(&[f64::INFINITY; 2], Vec::new())
                .baseline()
                .is_err()
        );
        assert!(evaluation(&[800.0; 2], Vec::new()).baseline().is_err());
        assert_eq!(
            evaluation(&[], Vec::new()).progress().baseline_perplexity,
            None
        );
    }
}
