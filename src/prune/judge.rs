//! How likely a text is to a model whose last hidden states are known.

use super::Job;
use super::base::Base;
use super::calibration::Calibration;
use super::error::PruneError;
use super::stream::Stream;
use crate::engine::{Block, Model, Place, Token};
use crate::evaluate::score;

/// What comes behind the last block, with the text that is read.
pub(super) struct Judge<'a> {
    head: Block<'a>,
    text: &'a Calibration,
    n_vocab: usize,
    n_threads: usize,
}

impl<'a> Judge<'a> {
    /// Of `text`; `head` is the base's.
    pub(super) fn new(
        base: &Base,
        head: &'a Model,
        text: &'a Calibration,
        job: &Job<'_>,
    ) -> Result<Self, PruneError> {
        Ok(Self {
            head: Block::new(head, job.calibration.n_ctx, job.n_threads)?,
            text,
            n_vocab: base.shape.n_vocab as usize,
            n_threads: job.n_threads as usize,
        })
    }

    /// Mean negative log likelihood of the second half of each chunk, nats.
    pub(super) fn loss(&mut self, mut stream: Stream) -> Result<f64, PruneError> {
        let (mut sum, mut n) = (0.0, 0_u32);
        for (hidden, tokens) in stream.chunks_mut().zip(self.text.chunks()) {
            let from = tokens.len() / 2;
            let mut seen = self.head.read(hidden, from, &[Place::Logits])?;
            let logits = seen.take(Place::Logits)?;
            let targets: &[Token] = &tokens[from + 1..];
            if logits.len() < targets.len() * self.n_vocab {
                return Err(PruneError::NotFinite);
            }
            let scored = score(&logits, self.n_vocab, targets, self.n_threads);
            for nll in scored.nll() {
                sum += nll;
                n += 1;
            }
        }
        Ok(sum / f64::from(n.max(1)))
    }
}
