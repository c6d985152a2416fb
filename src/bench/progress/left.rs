//! How long a run still takes, by what is known so far.

use super::{Part, Progress, as_index};
use crate::bench::making::MakingClock;
use crate::bench::schedule::{Act, Step};
use crate::domain::estimate::{SpeedBasis, matrices};
use crate::domain::event::StageName;

impl Progress {
    /// Time left by what is known now, s.
    pub(in crate::bench) fn seconds_left(&self) -> f64 {
        let spent = self.stage_start.elapsed().as_secs_f64();
        let quality = self.bases[0].quality_seconds(&self.work);
        match self.place.name {
            StageName::Summarizing => 0.0,
            StageName::Quality => self.quality_left(spent),
            StageName::Pruning | StageName::Quantizing => {
                self.making_left(spent) + self.launches_left(0) + quality
            }
            _ => {
                let (here, later) = match self.steps.split_first() {
                    Some((here, later)) => (self.left_of_step(*here, spent), later),
                    None => (0.0, &[][..]),
                };
                let later: f64 = later.iter().map(|step| self.step_seconds(*step)).sum();
                here + later + self.launches_left(self.place.iteration) + quality
            }
        }
    }

    /// Time of the iterations after the first `n_done`.
    fn launches_left(&self, n_done: u32) -> f64 {
        let one = |basis: &SpeedBasis| basis.launch_seconds(&self.work);
        let iteration: f64 = self.bases.iter().map(one).sum();
        f64::from(self.work.iterations.saturating_sub(n_done)) * iteration
    }

    /// Which variant is being made, from 0; none: none.
    fn in_the_making(&self) -> Option<usize> {
        match self.place.name {
            StageName::Pruning | StageName::Quantizing => self.place.arm?.checked_sub(1),
            _ => None,
        }
    }

    /// The clock of the variant that is being made now.
    pub(super) fn begun(&self) -> Option<MakingClock> {
        let at = self.in_the_making()?;
        let (recipe, order) = self.work.making().nth(at)?;
        let lacks_imatrix = self.matrices_up_to(at + 1) > self.matrices_up_to(at);
        Some(MakingClock::of(
            recipe,
            order,
            &self.bases[0],
            lacks_imatrix,
        ))
    }

    /// Importance matrices that the first `n` variants take.
    fn matrices_up_to(&self, n: usize) -> usize {
        matrices(self.work.recipes.get(..n).unwrap_or_default())
    }

    /// Time of the variants that are not made yet, with the matrices that some need.
    fn making_left(&self, spent: f64) -> f64 {
        let (basis, recipes) = (&self.bases[0], &self.work.recipes);
        let n_begun = self.in_the_making().map_or(0, |at| at + 1);
        let clock = self.making.as_ref();
        let here = clock.map_or(0.0, |clock| clock.seconds_left(spent));
        let later = self.work.making().skip(n_begun);
        let later: f64 = later
            .map(|(recipe, order)| basis.making_seconds(recipe, order))
            .sum();
        let matrices = self.matrices_up_to(recipes.len()) - self.matrices_up_to(n_begun);
        here + later + matrices as f64 * basis.imatrix_seconds()
    }

    fn quality_left(&self, spent: f64) -> f64 {
        let answering = self.bases[0].answering_seconds(&self.work);
        match self.part {
            Part::Answers => self.left_of_share(answering, spent),
            _ => {
                let scoring = self.bases[0].scoring_seconds(&self.work);
                self.left_of_share(scoring, spent) + answering
            }
        }
    }

    /// What is left of something that takes `guess` seconds as long as nothing
    /// of it is done.
    fn left_of_share(&self, guess: f64, spent: f64) -> f64 {
        match self.share_done {
            share if share > 0.0 => spent / share * (1.0 - share).max(0.0),
            _ => (guess - spent).max(0.0),
        }
    }

    fn step_seconds(&self, step: Step) -> f64 {
        let (basis, work) = (&self.bases[step.arm], &self.work);
        match step.act {
            Act::Load => basis.start_seconds(),
            Act::WarmUp => basis.warm_up_seconds(work),
            Act::Prefill => basis.prefill_seconds(),
            Act::Request(prompt) => basis.request_seconds(work, self.prompt_tokens(prompt)),
            Act::Turns(prompt) => {
                let one =
                    |basis: &SpeedBasis| basis.request_seconds(work, self.prompt_tokens(prompt));
                self.bases.iter().map(one).sum()
            }
            Act::Stop => 0.0,
        }
    }

    fn left_of_step(&self, step: Step, spent: f64) -> f64 {
        let whole = self.step_seconds(step);
        match step.act {
            Act::Load => (self.bases[step.arm].load_s - spent).max(0.0),
            Act::Request(_) if self.n_generated[step.arm] > 0 => {
                self.left_of_request(step.arm).min(whole)
            }
            // Whoever has not begun yet does so at once.
            Act::Turns(_) if self.n_generated.iter().any(|n| *n > 0) => {
                let arms = 0..self.bases.len();
                arms.map(|arm| self.left_of_request(arm)).sum()
            }
            _ => (whole - spent).max(0.0),
        }
    }

    /// What is left of an arm's answer, by its tokens.
    fn left_of_request(&self, arm: usize) -> f64 {
        let tokens = self.work.max_tokens.saturating_sub(self.n_generated[arm]);
        self.bases[arm].decode_seconds(tokens)
    }

    fn prompt_tokens(&self, prompt: u32) -> f64 {
        let place = as_index(prompt).saturating_sub(1);
        self.work.prompt_tokens.get(place).copied().unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::progress::example::{BASIS, at, spec};

    #[test]
    fn the_start_agrees_with_the_estimate_before_it() {
        for warm_ups in [0, 1, 10] {
            let spec = spec(warm_ups);
            let mut progress = Progress::start(&spec, BASIS);
            let left = progress.enter(at(StageName::Loading, 1, None)).seconds_left;
            let estimate = BASIS.spec_seconds(&spec);
            // The start of the first worker is behind, the clock has run a bit.
            let gap = estimate - left.unwrap();
            assert!((0.0..0.35).contains(&gap), "{warm_ups}: {gap}");
        }
    }
}
