//! Nothing broken leaves the workshop: what was pruned is loaded by a fresh
//! worker, answers, and reads text that it was not made by.

use std::iter;
use std::path::Path;

use super::base_file::BaseFile;
use super::blocking::open;
use super::machine::MachineLoad;
use super::making::Making;
use super::quality::{QualityPlan, measure_quality};
use super::variant::{VariantError, Workshop, storage};
use crate::backend::WorkerError;
use crate::domain::defaults::PROMPTS;
use crate::domain::metrics::Reading;
use crate::domain::model::Model;
use crate::domain::protocol::WorkerErrorKind;
use crate::domain::pruning::{CHECK_CHUNKS, PruningCheck};

/// Tokens of the answer that it must give, at most: enough to see whether it is
/// one.
const ANSWER_TOKENS: u32 = 32;

impl Workshop {
    /// Checks the file at `part`, which was made of `base`.
    pub(super) async fn check(
        &self,
        base: &Model,
        file: &BaseFile,
        part: &Path,
        on_progress: &mut (impl FnMut(Making) + Send),
    ) -> Result<PruningCheck, VariantError> {
        let opened = open(part.to_path_buf()).await;
        let made = opened.map_err(|error| storage(&self.variants, &error))?;
        let available = (MachineLoad::read().available_memory_mb * 1e6) as u64;
        let plan = QualityPlan {
            launcher: &self.launcher,
            baseline: (file.file(), file.place()),
            variants: vec![(&made, part.to_path_buf())],
            text: None,
            n_chunks: CHECK_CHUNKS,
            n_threads: self.n_threads,
            prompts: vec![PROMPTS[0].to_owned()],
            max_tokens: ANSWER_TOKENS,
            memory_bytes: (available > 0).then_some(available),
        };
        on_progress(Making::Checking(0, CHECK_CHUNKS));
        let found = measure_quality(&plan, |progress| {
            on_progress(Making::Checking(progress.chunks_done, progress.n_chunks));
        });
        let mut found = found.await.map_err(|error| unusable(base, error))?;
        let (quality, mut answers) = found
            .variants
            .pop()
            .ok_or_else(|| broken(base, "it was not read"))?;
        let Some(answer) = answers.pop() else {
            // Why not is said with the rest; the figures would stand without.
            let reasons = found.warnings.into_iter();
            let said: Vec<String> = iter::once("it does not answer".to_owned())
                .chain(reasons)
                .collect();
            return Err(broken(base, &said.join("; ")));
        };
        match quality {
            Reading::Measured(quality) => Ok(PruningCheck {
                n_chunks: quality.perplexity.n_chunks,
                base_perplexity: found.baseline.perplexity.value,
                perplexity: quality.perplexity.perplexity.value,
                answer: Some(answer),
            }),
            Reading::NotMeasured(reason) => Err(broken(base, &reason)),
        }
    }
}

/// A file that its own engine refuses is as broken as one that says nothing.
fn unusable(base: &Model, error: WorkerError) -> VariantError {
    match error {
        WorkerError::Refused {
            kind: WorkerErrorKind::Model,
            message,
            ..
        } => broken(base, &message),
        error => error.while_doing("checking what was made").into(),
    }
}

fn broken(base: &Model, reason: &str) -> VariantError {
    VariantError::Refused(format!(
        "what was made of {} does not work ({reason}), and its file was deleted; remove less, or choose another method",
        base.called()
    ))
}

/// What its user must know of a model that lost more than can be borne.
pub(super) fn warning(check: &PruningCheck) -> Option<String> {
    let why = check.broken_in_words()?;
    Some(format!("Broken: {}. {why}", PruningCheck::BROKEN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::quality::AnswerComparison;

    #[test]
    fn a_model_that_says_nothing_is_said_to_be_broken() {
        let check = |variant: &str| PruningCheck {
            n_chunks: 10,
            base_perplexity: 20.0,
            perplexity: 30.0,
            answer: Some(AnswerComparison {
                prompt: 1,
                common: String::new(),
                baseline_rest: "Yes.".to_owned(),
                variant_rest: variant.to_owned(),
                baseline_token_bytes: None,
                variant_token_bytes: None,
                n_common_tokens: 0,
                kld: Vec::new(),
            }),
        };
        assert_eq!(warning(&check("No.")), None);
        let said = warning(&check(" ")).expect("a warning");
        assert!(said.contains("It answers nothing"), "{said}");
        assert!(said.contains("1.50 times"), "{said}");
    }
}
