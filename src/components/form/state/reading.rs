//! From what was typed to a request, or to the first thing that is wrong with it.

use leptos::prelude::*;

use super::RunForm;
use crate::domain::error::AppError;
use crate::domain::prompt::{Expectation, Prompt};
use crate::domain::run::{RunProblem, RunRequest, Setting};

impl RunForm {
    pub(super) fn read(&self) -> Result<RunRequest, RunProblem> {
        let prompts = self.written_prompts();
        self.refused
            .with(|refused| check_refused(&prompts, refused))?;
        Ok(RunRequest {
            model: self.model.get().map(|id| id.0),
            test_queries: Some(prompts),
            iterations: whole_number(Setting::Iterations, &self.iterations.get())?,
            max_tokens: whole_number(Setting::MaxTokens, &self.max_tokens.get())?,
            mode: Some(self.mode.get()),
            n_threads: whole_number(Setting::NThreads, &self.n_threads.get())?,
            mmap: Some(self.mmap.get()),
            n_gpu_layers: self.gpu_layers()?,
            n_ctx: whole_number(Setting::NCtx, &self.n_ctx.get())?,
            n_batch: whole_number(Setting::NBatch, &self.n_batch.get())?,
            n_ubatch: whole_number(Setting::NUbatch, &self.n_ubatch.get())?,
            flash_attention: Some(self.flash_attention.get()),
            warm_ups: whole_number(Setting::WarmUps, &self.warm_ups.get())?,
            ..RunRequest::default()
        })
    }

    /// Learns which patterns among the prompts that were `sent` the server refuses. The
    /// page may be gone.
    pub fn learn(&self, refusal: &AppError, sent: &[Prompt]) {
        for (number, prompt) in (1..).zip(sent) {
            let reason = RunProblem::pattern_reason(&refusal.error.message, number);
            if let (Some(Expectation::Regex(pattern)), Some(reason)) = (&prompt.expected, reason) {
                let refused = (pattern.clone(), reason.to_owned());
                self.refused.try_update(|known| known.push(refused));
            }
        }
    }

    fn gpu_layers(&self) -> Result<Option<i64>, RunProblem> {
        match whole_number(Setting::NGpuLayers, &self.n_gpu_layers.get())? {
            Some(n_layers) if n_layers > 0 && !self.has_gpu => Err(RunProblem::NoGpu { n_layers }),
            n_layers => Ok(n_layers),
        }
    }
}

/// Finds the first pattern that is known to be refused.
fn check_refused(prompts: &[Prompt], refused: &[(String, String)]) -> Result<(), RunProblem> {
    for (number, prompt) in (1..).zip(prompts) {
        let Some(Expectation::Regex(written)) = &prompt.expected else {
            continue;
        };
        if let Some((_, reason)) = refused.iter().find(|(pattern, _)| pattern == written) {
            let reason = reason.clone();
            return Err(RunProblem::ExpectedPattern { number, reason });
        }
    }
    Ok(())
}

/// What was typed for a setting; none: nothing.
pub(in crate::components) fn whole_number(
    setting: Setting,
    text: &str,
) -> Result<Option<i64>, RunProblem> {
    match text.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| RunProblem::NotANumber {
            setting,
            text: text.to_owned(),
        }),
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;
    use crate::components::form::state::tests::form;

    #[test]
    fn a_pattern_that_the_server_refuses_is_wrong_until_it_is_changed() {
        Owner::new().with(|| {
            let form = form();
            // The browser takes any pattern; the server has said what is wrong.
            let judged = |pattern: &str| Prompt {
                text: "2 + 2?".to_owned(),
                expected: Some(Expectation::Regex(pattern.to_owned())),
            };
            let sent = [Prompt::from("hello"), judged("4|four")];
            form.set_prompts(&sent);
            assert_eq!(form.problem().get_untracked(), None);
            let wrong = RunProblem::ExpectedPattern {
                number: 2,
                reason: "no alternatives today".to_owned(),
            };
            form.learn(&wrong.clone().into(), &sent);
            assert_eq!(form.problem().get_untracked(), Some(wrong));
            form.prompts
                .with_untracked(|prompts| prompts[1].expected.set("4".to_owned()));
            assert_eq!(form.problem().get_untracked(), None);
            form.learn(&AppError::bad_request("iterations is 0"), &sent);
            form.set_prompts(&[judged("4")]);
            assert_eq!(form.problem().get_untracked(), None);
        });
    }
}
