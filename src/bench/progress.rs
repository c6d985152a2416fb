//! Where a run is and how long it still takes, refined as it is measured.

use std::time::Instant;

use super::making::{Making, MakingClock};
use super::quality::QualityProgress;
use super::schedule::{Act, Schedule, Step};
use crate::domain::environment::LoadReport;
use crate::domain::estimate::{SpeedBasis, Workload, matrices};
use crate::domain::event::{MakingLive, Stage, StageName};
use crate::domain::run::RunSpec;
use crate::domain::sample::{Generation, Prefill};

/// A place in a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// The part of the run.
    pub(super) name: StageName,
    /// Whose turn it is, where it is somebody's.
    pub(super) arm: Option<usize>,
    /// From 1.
    pub(super) iteration: u32,
    /// From 1 while generating.
    pub(super) prompt: Option<u32>,
}

/// The clock of one run.
pub(super) struct Progress {
    start: Instant,
    /// What is known of the speed of each arm.
    bases: Vec<SpeedBasis>,
    work: Workload,
    schedule: Schedule,
    place: Place,
    /// What is left of the iteration, the step under way first.
    steps: Vec<Step>,
    /// The variant in the making, while there is one.
    making: Option<MakingClock>,
    /// Whether prompts are being answered: a part of quality with a clock of its own.
    part: Part,
    /// Share of the part of quality that is behind.
    share_done: f64,
    /// Tokens of each arm's current request.
    n_generated: Vec<u32>,
    stage_start: Instant,
}

/// The parts of quality. What one of them took says nothing of the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The text is read.
    Main,
    /// Prompts are answered, after the text is read.
    Answers,
}

impl Place {
    /// Before and after the launches.
    pub(super) fn beside(name: StageName, arm: Option<usize>) -> Self {
        Self {
            name,
            arm,
            iteration: 1,
            prompt: None,
        }
    }

    /// The place of a step; none: the end of a worker is no stage.
    pub(super) fn of(step: Step, iteration: u32) -> Option<Self> {
        let (name, prompt) = match step.act {
            Act::Load => (StageName::Loading, None),
            Act::WarmUp => (StageName::WarmingUp, None),
            Act::Prefill => (StageName::Prefill, None),
            Act::Request(prompt) | Act::Turns(prompt) => (StageName::Generating, Some(prompt)),
            Act::Stop => return None,
        };
        let are_all = matches!(step.act, Act::Turns(_));
        Some(Self {
            name,
            arm: (!are_all).then_some(step.arm),
            iteration,
            prompt,
        })
    }
}

impl Progress {
    /// Starts the clock with what is known of the model's speed; its variants
    /// count as equally fast until they are measured.
    pub(super) fn start(spec: &RunSpec, basis: SpeedBasis) -> Self {
        let now = Instant::now();
        let work = Workload::from(spec);
        let n_arms = 1 + spec.recipes.len();
        let schedule = Schedule {
            n_arms,
            n_prompts: u32::try_from(spec.prompts.len()).unwrap_or(u32::MAX),
            warm_ups: work.warm_ups,
            together: true,
        };
        Self {
            start: now,
            bases: vec![basis; n_arms],
            work,
            schedule,
            place: Place::beside(StageName::Loading, None),
            steps: schedule.steps(1),
            making: None,
            part: Part::Main,
            share_done: 0.0,
            n_generated: vec![0; n_arms],
            stage_start: now,
        }
    }

    /// Takes the schedule that was decided on when all variants were there.
    pub(super) fn follow(&mut self, schedule: Schedule) {
        self.schedule = schedule;
        self.steps = schedule.steps(1);
    }

    /// Enters a stage.
    pub(super) fn enter(&mut self, place: Place) -> Stage {
        if place.iteration != self.place.iteration {
            self.steps = self.schedule.steps(place.iteration);
        }
        match place.name {
            StageName::Pruning | StageName::Quantizing => {}
            StageName::Quality | StageName::Summarizing => self.steps.clear(),
            _ => {
                // A warm-up that has begun is behind when the next one begins.
                let is_again = self.place.name == place.name && self.place.arm == place.arm;
                let skip = usize::from(is_again && place.name == StageName::WarmingUp);
                let is_here = |step: &Step| {
                    Place::of(*step, place.iteration).is_some_and(|other| {
                        (other.name, other.arm, other.prompt)
                            == (place.name, place.arm, place.prompt)
                    })
                };
                let here = self.steps.iter().skip(skip).position(is_here);
                if let Some(here) = here {
                    self.steps.drain(..here + skip);
                }
            }
        }
        self.place = place;
        self.making = self.begun();
        self.part = Part::Main;
        self.share_done = 0.0;
        self.n_generated.fill(0);
        self.stage_start = Instant::now();
        self.stage()
    }

    /// The stage as announced.
    pub(super) fn stage(&self) -> Stage {
        let seconds_left = self.seconds_left();
        Stage {
            name: self.place.name,
            arm: None,
            iteration: self.place.iteration,
            iterations: self.work.iterations,
            prompt: self.place.prompt,
            prompts: u32::try_from(self.work.prompt_tokens.len()).unwrap_or(u32::MAX),
            fraction_done: self.fraction_done(seconds_left),
            seconds_left: Some(seconds_left),
        }
    }

    /// Share that is behind, by time.
    pub(super) fn fraction_done(&self, seconds_left: f64) -> f64 {
        let elapsed = self.start.elapsed().as_secs_f64();
        elapsed / (elapsed + seconds_left).max(1e-3)
    }

    /// Time left by what is known now, s.
    pub(super) fn seconds_left(&self) -> f64 {
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

    /// Whether the present stage is one whose time is a result.
    pub(super) fn is_timed(&self) -> bool {
        matches!(self.place.name, StageName::Prefill | StageName::Generating)
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
    fn begun(&self) -> Option<MakingClock> {
        let at = self.in_the_making()?;
        let recipe = self.work.recipes.get(at)?;
        let lacks_imatrix = self.matrices_up_to(at + 1) > self.matrices_up_to(at);
        Some(MakingClock::of(recipe, &self.bases[0], lacks_imatrix))
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
        let later = recipes.iter().skip(n_begun);
        let later: f64 = later.map(|recipe| basis.making_seconds(recipe)).sum();
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

    /// Learns how far the variant in the making is, and says what is to be shown.
    pub(super) fn learn_making(&mut self, making: &Making) -> Option<MakingLive> {
        let clock = self.making.as_mut()?;
        let before = clock.at();
        let live = clock.learn(making);
        if clock.at() != before {
            self.stage_start = Instant::now();
        }
        Some(live)
    }

    /// Learns how far quality is: the text, then the answers.
    pub(super) fn learn_quality(&mut self, progress: &QualityProgress) {
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
    pub(super) fn learn_load(&mut self, arm: usize, report: &LoadReport) {
        self.bases[arm].load_s = report.load_s;
    }

    /// Learns from a prefill.
    pub(super) fn learn_prefill(&mut self, arm: usize, prefill: &Prefill) {
        if prefill.elapsed_s > 0.0 {
            self.bases[arm].prompt_tokens_per_second =
                f64::from(prefill.n_tokens) / prefill.elapsed_s;
        }
    }

    /// Learns from a request, or from a warm-up's, which is to the first prompt.
    pub(super) fn learn_generation(&mut self, arm: usize, generation: &Generation) {
        let number = self.place.prompt.map_or(1, as_index);
        let place = number.checked_sub(1);
        if let Some(tokens) = place.and_then(|place| self.work.prompt_tokens.get_mut(place)) {
            *tokens = generation.n_prompt_tokens.into();
        }
        self.n_generated[arm] = self.work.max_tokens;
        self.learn_speed(arm, generation.tokens_per_second());
        self.bases[arm].measured = true;
    }

    /// Learns from progress inside a request.
    pub(super) fn learn_tokens(
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

fn as_index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::recipe::Recipe;
    use crate::domain::run::RunRequest;
    use crate::domain::sample::{MemoryReading, StopReason};

    const BASIS: SpeedBasis = SpeedBasis {
        load_s: 1.0,
        prompt_tokens_per_second: 512.0,
        tokens_per_second: 128.0,
        measured: true,
    };

    fn spec(warm_ups: i64) -> RunSpec {
        let request = RunRequest {
            warm_ups: Some(warm_ups),
            ..RunRequest::default()
        };
        RunSpec::try_from(request).unwrap()
    }

    fn progress() -> Progress {
        Progress::start(&spec(1), BASIS)
    }

    /// The place of the only arm.
    fn at(name: StageName, iteration: u32, prompt: Option<u32>) -> Place {
        Place {
            name,
            arm: (name != StageName::Summarizing).then_some(0),
            iteration,
            prompt,
        }
    }

    #[test]
    fn time_left_shrinks_from_stage_to_stage() {
        let mut progress = progress();
        let mut left = progress.seconds_left() + 1.0;
        let stages = [
            (StageName::Loading, 1, None),
            (StageName::WarmingUp, 1, None),
            (StageName::Prefill, 1, None),
            (StageName::Generating, 1, Some(1)),
            (StageName::Generating, 1, Some(2)),
            (StageName::Loading, 2, None),
            (StageName::Generating, 3, Some(2)),
            (StageName::Summarizing, 3, None),
        ];
        for (name, iteration, prompt) in stages {
            let stage = progress.enter(at(name, iteration, prompt));
            let now = stage.seconds_left.unwrap();
            assert!(now < left, "{name:?}: {now} is not below {left}");
            left = now;
        }
        assert_eq!(left, 0.0);
    }

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

    #[test]
    fn warm_ups_are_counted_off_one_by_one() {
        let spec = spec(3);
        let mut progress = Progress::start(&spec, BASIS);
        progress.enter(at(StageName::Loading, 1, None));
        let mut left = progress.seconds_left();
        let one = BASIS.warm_up_seconds(&Workload::from(&spec));
        let loading = BASIS.load_s;
        for (round, less) in [loading, one, one].into_iter().enumerate() {
            progress.enter(at(StageName::WarmingUp, 1, None));
            let now = progress.seconds_left();
            assert!(
                (left - now - less).abs() < 0.05,
                "round {round}: {left} to {now}"
            );
            left = now;
        }
        // The next launch begins with all of them.
        progress.enter(at(StageName::Loading, 2, None));
        let in_next = |progress: &Progress| {
            let acts = progress.steps.iter().map(|step| step.act);
            acts.filter(|act| *act == Act::WarmUp).count()
        };
        assert_eq!(in_next(&progress), 3);
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
    fn variants_and_quality_count_too() {
        use crate::domain::quantization::QuantizationType;

        let levels = [QuantizationType::Q4_0, QuantizationType::Q8_0];
        let request = RunRequest {
            recipes: Some(levels.map(Recipe::quantized).to_vec()),
            quality: Some(true),
            ..RunRequest::default()
        };
        let spec = RunSpec::try_from(request).unwrap();
        let mut progress = Progress::start(&spec, BASIS);
        let making = Place::beside(StageName::Quantizing, Some(1));
        let mut left = progress.enter(making).seconds_left.unwrap();
        assert!((left - BASIS.spec_seconds(&spec)).abs() < 0.1, "{left}");
        progress.learn_making(&Making::Tensors(1, 2));
        assert!(progress.seconds_left() < left, "half of it is behind");
        let all_at = |prompt| Place {
            arm: None,
            ..at(StageName::Generating, 3, Some(prompt))
        };
        for place in [
            Place::beside(StageName::Quantizing, Some(2)),
            Place {
                arm: Some(2),
                ..at(StageName::Loading, 1, None)
            },
            all_at(1),
            all_at(2),
            Place::beside(StageName::Quality, None),
            Place::beside(StageName::Summarizing, None),
        ] {
            let now = progress.enter(place).seconds_left.unwrap();
            assert!(now < left, "{place:?}: {now} is not below {left}");
            left = now;
        }
        assert_eq!(left, 0.0);
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
        let one = BASIS.making_seconds(&Recipe::quantized(levels[0]));
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
