//! What a run under way tells of its speed, and of how far its parts are.

use std::time::Instant;

use super::{Part, Progress, as_index};
use crate::bench::making::Making;
use crate::bench::quality::QualityProgress;
use crate::domain::environment::LoadReport;
use crate::domain::estimate::SpeedSource;
use crate::domain::event::MakingLive;
use crate::domain::sample::{Generation, Prefill};

impl Progress {
    /// Learns how far the variant in the making is, and says what is to be shown.
    pub(in crate::bench) fn learn_making(&mut self, making: &Making) -> Option<MakingLive> {
        let clock = self.making.as_mut()?;
        let before = clock.at();
        let live = clock.learn(making);
        if clock.at() != before {
            self.stage_start = Instant::now();
        }
        Some(live)
    }

    /// Learns how far quality is: the text, then the answers.
    pub(in crate::bench) fn learn_quality(&mut self, progress: &QualityProgress) {
        match (progress.answers_done, progress.n_answers) {
            _ if progress.chunks_done < progress.n_chunks => {
                self.learn_share(Part::Main, progress.chunks_done, progress.n_chunks);
            }
            (n_done, n) => self.learn_share(Part::Answers, n_done, n),
        }
    }

    /// Learns how much of a part is behind; a new one starts its clock.
    fn learn_share(&mut self, part: Part, n_done: u32, n: u32) {
        if part != self.part {
            self.part = part;
            self.stage_start = Instant::now();
        }
        self.share_done = f64::from(n_done) / f64::from(n.max(1));
    }

    /// Learns from a load.
    pub(in crate::bench) fn learn_load(&mut self, arm: usize, report: &LoadReport) {
        self.bases[arm].load_s = report.load_s;
    }

    /// Learns from a prefill.
    pub(in crate::bench) fn learn_prefill(&mut self, arm: usize, prefill: &Prefill) {
        if prefill.elapsed_s > 0.0 {
            self.bases[arm].prompt_tokens_per_second =
                f64::from(prefill.n_tokens) / prefill.elapsed_s;
        }
    }

    /// Learns from a request, or from a warm-up's, which is to the first prompt.
    pub(in crate::bench) fn learn_generation(&mut self, arm: usize, generation: &Generation) {
        let number = self.place.prompt.map_or(1, as_index);
        let place = number.checked_sub(1);
        if let Some(tokens) = place.and_then(|place| self.work.prompt_tokens.get_mut(place)) {
            *tokens = generation.n_prompt_tokens.into();
        }
        self.n_generated[arm] = self.work.max_tokens;
        self.learn_speed(arm, generation.tokens_per_second());
        self.bases[arm].source = SpeedSource::Run;
    }

    /// Learns from progress inside a request.
    pub(in crate::bench) fn learn_tokens(
        &mut self,
        arm: usize,
        n_generated: u32,
        tokens_per_second: Option<f64>,
    ) {
        self.n_generated[arm] = n_generated;
        self.learn_speed(arm, tokens_per_second);
    }

    fn learn_speed(&mut self, arm: usize, tokens_per_second: Option<f64>) {
        if let Some(speed) = tokens_per_second.filter(|speed| *speed > 0.0) {
            self.bases[arm].tokens_per_second = speed;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::bench::progress::Place;
    use crate::bench::progress::example::{BASIS, at, progress};
    use crate::domain::estimate::Workload;
    use crate::domain::event::StageName;
    use crate::domain::recipe::Recipe;
    use crate::domain::run::{RunRequest, RunSpec};
    use crate::domain::sample::{MemoryReading, StopReason};

    #[test]
    fn a_faster_model_than_guessed_shortens_the_rest() {
        let mut progress = progress();
        progress.enter(at(StageName::Generating, 1, Some(1)));
        let before = progress.seconds_left();
        progress.learn_tokens(0, 10, Some(1280.0));
        // 6.25 s of decoding were left, ten times as fast now, ten tokens done;
        // the pause and the prompt before them are behind, 0.057 s; loading and
        // prefill take as long as before.
        let saved = before - progress.seconds_left();
        assert!((saved - 5.690).abs() < 0.05, "{saved}");
    }

    #[test]
    fn the_true_length_of_a_prompt_is_learned() {
        let mut progress = progress();
        progress.enter(at(StageName::WarmingUp, 1, None));
        let before = progress.seconds_left();
        progress.learn_generation(0, &generation(512));
        assert_eq!(progress.work.prompt_tokens, [512.0, 6.0], "22 characters");
        // Nearly a second more in three requests and the two next warm-ups,
        // and in this one.
        let more = progress.seconds_left() - before;
        assert!((more - 6.0).abs() < 0.1, "{more}");
        progress.enter(at(StageName::Generating, 1, Some(2)));
        progress.learn_generation(0, &generation(7));
        assert_eq!(progress.work.prompt_tokens, [512.0, 7.0]);
    }

    #[test]
    fn what_a_matrix_took_says_nothing_of_the_tensors() {
        use crate::domain::quantization::QuantizationType;

        let levels = [QuantizationType::IQ2_S, QuantizationType::IQ2_XS];
        let request = RunRequest {
            recipes: Some(levels.map(Recipe::quantized).to_vec()),
            ..RunRequest::default()
        };
        let spec = RunSpec::try_from(request).unwrap();
        let mut progress = Progress::start(&spec, BASIS);
        let making = Place::beside(StageName::Quantizing, Some(1));
        let left = progress.enter(making).seconds_left.unwrap();
        assert!((left - BASIS.spec_seconds(&spec)).abs() < 0.1, "{left}");
        // It is there already: its time need not be spent.
        progress.learn_making(&Making::Imatrix(40, 40));
        // As if it had taken a minute and the first of many tensors no time.
        progress.stage_start -= Duration::from_secs(60);
        progress.learn_making(&Making::Tensors(1, 1000));
        let after = progress.seconds_left();
        let less = BASIS.imatrix_seconds();
        let one = BASIS.making_seconds(&Recipe::quantized(levels[0]), None);
        assert!(after < left - less + 0.1, "{left} to {after}");
        // The second level uses the same.
        progress.enter(Place::beside(StageName::Quantizing, Some(2)));
        let second = progress.seconds_left();
        assert!((left - less - one - second).abs() < 0.1);
    }

    #[test]
    fn answers_are_awaited_after_the_text() {
        use crate::domain::quantization::QuantizationType;

        let request = RunRequest {
            recipes: Some(vec![Recipe::quantized(QuantizationType::Q4_0)]),
            quality: Some(true),
            ..RunRequest::default()
        };
        let spec = RunSpec::try_from(request).unwrap();
        let work = Workload::from(&spec);
        let mut progress = Progress::start(&spec, BASIS);
        progress.enter(Place::beside(StageName::Quality, None));
        let mut learn = |chunks_done, answers_done| {
            progress.learn_quality(&QualityProgress {
                chunks_done,
                n_chunks: 40,
                mean_kld: Vec::new(),
                baseline_perplexity: None,
                answers_done,
                n_answers: if answers_done > 0 { 4 } else { 0 },
            });
            progress.seconds_left()
        };
        let answers = BASIS.answering_seconds(&work);
        assert!(answers > 1.0);
        assert!(learn(20, 0) > answers);
        let all_read = learn(40, 0);
        assert!((all_read - answers).abs() < 0.1, "{all_read} of {answers}");
        assert!(learn(40, 2) < answers);
        assert!(learn(40, 4) < 0.1);
    }

    fn generation(n_prompt_tokens: u32) -> Generation {
        Generation {
            n_prompt_tokens,
            n_generated: 1,
            response_time_s: 0.1,
            time_to_first_token_s: 0.1,
            prefill_s: 0.1,
            decode_s: 0.0,
            token_gaps_ns: Vec::new(),
            cpu_s: 0.1,
            cpu_decode_s: 0.0,
            cpu_between_turns_s: 0.0,
            major_page_faults: None,
            memory: MemoryReading::default(),
            text: String::new(),
            stop: StopReason::MaxTokens,
        }
    }
}
