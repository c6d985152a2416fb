//! The two ways through a text: all models side by side, or in turns.

use super::error::QualityError;
use super::{N_OUTPUTS, Session};
use crate::engine::{Context, Model};
use crate::evaluate::{SCORED_FROM, Scored};
use crate::worker::answers::Answers;

/// The baseline's logits of a chunk while its variants take their turns.
pub(super) struct Kept {
    logits: Vec<f32>,
    scored: Scored,
}

impl Session<'_> {
    /// All models at once; `context` holds the baseline's first chunk.
    pub(super) fn together(
        &mut self,
        baseline: &Model,
        mut context: Context<'_>,
        spare_bytes: Option<u64>,
    ) -> Result<(), QualityError> {
        let mut models = Vec::new();
        for variant in self.compared() {
            models.push((variant, self.load(variant + 1)?));
        }
        let mut contexts = Vec::new();
        for (variant, model) in &models {
            contexts.push((*variant, self.context(model)?));
        }
        for number in 0..self.chunks.len() {
            if number > 0 {
                context.score(&self.chunks[number].input, SCORED_FROM)?;
            }
            let logits = context.scored_logits()?;
            let scored = self.score(number, logits);
            for (variant, context) in &mut contexts {
                context.score(&self.chunks[number].input, SCORED_FROM)?;
                self.compare(
                    *variant,
                    number,
                    (logits, &scored),
                    context.scored_logits()?,
                );
            }
        }
        drop(contexts);
        drop(context);
        let answered = self.answer_together(baseline, &models, spare_bytes);
        self.do_without_answers(answered);
        Ok(())
    }

    fn answer_together(
        &mut self,
        baseline: &Model,
        models: &[(usize, Model)],
        spare_bytes: Option<u64>,
    ) -> Result<(), QualityError> {
        let mut answers = Answers::new(self.command, self.rows_within(spare_bytes));
        answers.of_baseline(baseline, |told| self.tell_answering(told))?;
        for (variant, model) in models {
            self.tell_answers(*variant, model, &answers)?;
        }
        Ok(())
    }

    /// One model after the other, in batches of `n_chunks` chunks; `kept` is the
    /// baseline's first batch.
    pub(super) fn in_turns(
        &mut self,
        mut kept: Vec<Kept>,
        n_chunks: usize,
    ) -> Result<(), QualityError> {
        let mut first = 0;
        loop {
            for variant in self.compared() {
                let model = self.load(variant + 1)?;
                let mut context = self.context(&model)?;
                for (number, kept) in (first..).zip(&kept) {
                    context.score(&self.chunks[number].input, SCORED_FROM)?;
                    let baseline = (kept.logits.as_slice(), &kept.scored);
                    self.compare(variant, number, baseline, context.scored_logits()?);
                }
            }
            first += kept.len();
            // Before the next batch is made: there is no room for both.
            drop(kept);
            if first >= self.chunks.len() {
                break;
            }
            let model = self.load(0)?;
            let mut context = self.context(&model)?;
            context.score(&self.chunks[first].input, SCORED_FROM)?;
            kept = self.keep(&mut context, first, n_chunks)?;
        }
        Ok(())
    }

    /// The prompts, one model after the other, with the logits of `n_chunks` chunks
    /// in between; none: there is no room for them.
    pub(super) fn answer_in_turns(&mut self, n_chunks: Option<usize>) {
        if self.command.prompts.is_empty() {
            return;
        }
        let answered = match n_chunks {
            Some(n_chunks) => self.answer_one_by_one(n_chunks),
            None => Err(QualityError::Memory(
                "their context does not fit into the available memory; ask for fewer tokens, or \
                 shorten the longest prompt"
                    .to_owned(),
            )),
        };
        self.do_without_answers(answered);
    }

    fn answer_one_by_one(&mut self, n_chunks: usize) -> Result<(), QualityError> {
        let mut answers = Answers::new(self.command, n_chunks.saturating_mul(N_OUTPUTS));
        let model = self.load(0)?;
        answers.of_baseline(&model, |told| self.tell_answering(told))?;
        drop(model);
        for variant in self.compared() {
            let model = self.load(variant + 1)?;
            self.tell_answers(variant, &model, &answers)?;
        }
        Ok(())
    }

    /// Copies the baseline's logits of up to `n_chunks` chunks from `first` on;
    /// `context` holds those of `first`.
    pub(super) fn keep(
        &mut self,
        context: &mut Context<'_>,
        first: usize,
        n_chunks: usize,
    ) -> Result<Vec<Kept>, QualityError> {
        let last = first.saturating_add(n_chunks).min(self.chunks.len());
        let mut kept = Vec::new();
        for number in first..last {
            if number > first {
                context.score(&self.chunks[number].input, SCORED_FROM)?;
            }
            let logits = context.scored_logits()?;
            kept.push(Kept {
                scored: self.score(number, logits),
                logits: logits.to_vec(),
            });
        }
        Ok(kept)
    }
}
