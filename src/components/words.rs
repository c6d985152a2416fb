//! Sentences about a run, the same wherever they stand.

use crate::domain::event::{MakingLive, MakingStep, Stage, StageName};
use crate::domain::live::LiveRun;
use crate::domain::recipe::Recipe;
use crate::domain::run::{GenerationMode, Run, RunSettings, RunStatus};
use crate::domain::units::{self, capitalized};

pub use crate::domain::units::{plural, sentence};

/// `2026-03-01T10:20:30Z` as `2026-03-01 10:20 UTC`; other texts as they are.
pub fn date(rfc3339: &str) -> String {
    match (rfc3339.get(..10), rfc3339.get(11..16)) {
        (Some(day), Some(time)) if rfc3339.ends_with('Z') => format!("{day} {time} UTC"),
        _ => rfc3339.to_owned(),
    }
}

/// The value of `data-status`.
pub fn status_key(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Queued => "queued",
        RunStatus::Running => "running",
        RunStatus::Done => "done",
        RunStatus::Failed => "failed",
        RunStatus::Cancelled => "cancelled",
        RunStatus::Interrupted => "interrupted",
    }
}

/// `2 prompts · 3 × 128 tokens, fixed length`.
pub fn plan(n_prompts: u64, settings: &RunSettings) -> String {
    format!(
        "{} · {} × {} tokens, {}",
        plural(n_prompts, "prompt", "prompts"),
        settings.iterations,
        units::count(u64::from(settings.max_tokens)),
        mode(settings.mode)
    )
}

/// The variants of a run: `Q4_0, Q5_0 · `; nothing where there are none.
pub fn recipes(recipes: &[Recipe]) -> String {
    let labels: Vec<String> = recipes.iter().map(Recipe::label).collect();
    match labels.is_empty() {
        true => String::new(),
        false => format!("{} · ", labels.join(", ")),
    }
}

/// When requests end, in two words.
pub fn mode(mode: GenerationMode) -> &'static str {
    match mode {
        GenerationMode::FixedLength => "fixed length",
        GenerationMode::NaturalStop => "natural stop",
    }
}

/// A divergence in nats: what is near lossless still has its digits.
pub fn kld(value: f64) -> String {
    match value.abs() {
        size if size == 0.0 || size >= 0.1 => units::number(value),
        size if size >= 0.001 => format!("{value:.4}"),
        size if size >= 0.0001 => format!("{value:.5}"),
        _ => format!("{value:.1e}"),
    }
}

/// What a run that is not over is doing. Changes with the stage only, so that
/// a screen reader is not told every second.
pub fn live_status(live: &LiveRun) -> String {
    if live.status.is_terminal() {
        return "Reading the results".to_owned();
    }
    if let Some(busy_with) = &live.waits_for {
        return format!("Waiting — the machine is busy with {busy_with}");
    }
    match (&live.stage, live.queue_position) {
        (Some(stage), _) => {
            let step = live.making.as_ref().map(|making| making.step);
            making_words(stage_words(stage), step)
        }
        (None, Some(1)) => "Queued — next in line".to_owned(),
        (None, Some(position)) => format!("Queued — number {position} in line"),
        (None, None) if live.status == RunStatus::Queued => "Queued".to_owned(),
        (None, None) => "Running".to_owned(),
    }
}

/// Of what is made the step as well; how far that is stands beside it, silent.
fn making_words(stage: String, step: Option<MakingStep>) -> String {
    match step {
        Some(step) => format!("{stage}: {}", step.words()),
        None => stage,
    }
}

fn stage_words(stage: &Stage) -> String {
    let iteration = format!("iteration {} of {}", stage.iteration, stage.iterations);
    let arm = |end: &str| {
        let arm = stage.arm.as_deref();
        arm.map_or_else(String::new, |arm| format!("{arm}{end}"))
    };
    match (stage.name, stage.prompt) {
        (StageName::Generating, Some(prompt)) => format!(
            "Measuring — {}prompt {prompt} of {}, {iteration}",
            arm(", "),
            stage.prompts
        ),
        (StageName::Summarizing, _) => "Summarizing".to_owned(),
        // Once for all launches.
        (name @ (StageName::Pruning | StageName::Quantizing | StageName::Quality), _) => {
            match &stage.arm {
                Some(arm) => format!("{} — {arm}", capitalized(name.words())),
                None => capitalized(name.words()),
            }
        }
        (name, _) => format!("{} — {}{iteration}", capitalized(name.words()), arm(", ")),
    }
}

/// `layer 3 of 30 · about 12 s left`, as far as it is known.
pub fn time_left(live: &LiveRun) -> Option<String> {
    let from_gauges = live.live.as_ref().and_then(|live| live.seconds_left);
    let from_stage = live.stage.as_ref().and_then(|stage| stage.seconds_left);
    let left = from_gauges.or(from_stage);
    let left = left.map(|seconds| format!("about {} left", units::duration(seconds)));
    let making = live.making.as_ref().and_then(MakingLive::count);
    let known: Vec<String> = [making, left].into_iter().flatten().collect();
    (!known.is_empty()).then(|| known.join(" · "))
}

/// Share of the run that is behind, 0 to 1.
pub fn fraction_done(live: &LiveRun) -> f64 {
    let from_gauges = live.live.as_ref().map_or(0.0, |live| live.fraction_done);
    let from_stage = live.stage.as_ref().map_or(0.0, |stage| stage.fraction_done);
    from_gauges.max(from_stage).clamp(0.0, 1.0)
}

/// What became of a run that is over.
pub fn ended_status(run: &Run) -> String {
    let when = run.finished_at.as_deref().map(date).unwrap_or_default();
    let word = match run.status {
        RunStatus::Done => "Measured",
        status => status.word(),
    };
    let plan = plan(run.spec.prompts.len() as u64, &run.spec.settings);
    let recipes = recipes(&run.spec.recipes);
    format!("{word} {when} — {recipes}{plan}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::{RunEvent, SOMEBODY, Sequenced};

    #[test]
    fn dates_are_shown_to_the_minute_in_utc() {
        assert_eq!(date("2026-03-01T10:20:30Z"), "2026-03-01 10:20 UTC");
        assert_eq!(date("soon"), "soon");
    }

    #[test]
    fn small_divergences_keep_their_digits() {
        assert_eq!(kld(0.0), "0.000");
        assert_eq!(kld(0.26632), "0.266");
        assert_eq!(kld(0.01234), "0.0123");
        assert_eq!(kld(0.000_614), "0.00061");
        assert_eq!(kld(0.000_012_3), "1.2e-5");
    }

    #[test]
    fn who_waits_for_the_machine_is_told_who_has_it_until_it_is_measured() {
        let mut live = LiveRun::of(&Run::sample());
        assert_eq!(live_status(&live), "Queued — number 2 in line");
        let mut seq = 0;
        let mut said = |event| {
            seq += 1;
            live.apply(Sequenced { seq, event });
            live_status(&live)
        };
        let waits = |busy_with: Option<&str>| RunEvent::WaitingForMachine {
            busy_with: busy_with.map(str::to_owned),
        };
        let busy = "Waiting — the machine is busy with ";
        let bench = "whittle bench (process 7), which measures, or makes a model";
        assert_eq!(said(waits(Some(bench))), format!("{busy}{bench}"));
        assert_eq!(said(waits(None)), format!("{busy}{SOMEBODY}"));
        let stage = Stage {
            name: StageName::Summarizing,
            arm: None,
            iteration: 1,
            iterations: 1,
            prompt: None,
            prompts: 1,
            fraction_done: 1.0,
            seconds_left: None,
        };
        assert_eq!(said(RunEvent::Stage(stage)), "Summarizing");
    }

    #[test]
    fn a_stage_names_its_arm() {
        let stage = |name, arm: Option<&str>, prompt| Stage {
            name,
            arm: arm.map(str::to_owned),
            iteration: 1,
            iterations: 3,
            prompt,
            prompts: 2,
            fraction_done: 0.0,
            seconds_left: None,
        };
        let said = |name, arm, prompt| stage_words(&stage(name, arm, prompt));
        assert_eq!(
            said(StageName::Generating, Some("Q4_0"), Some(2)),
            "Measuring — Q4_0, prompt 2 of 2, iteration 1 of 3"
        );
        assert_eq!(
            said(StageName::Generating, None, Some(2)),
            "Measuring — prompt 2 of 2, iteration 1 of 3"
        );
        assert_eq!(
            said(StageName::Loading, Some("baseline"), None),
            "Loading the model — baseline, iteration 1 of 3"
        );
        assert_eq!(
            said(StageName::Quantizing, Some("Q4_0"), None),
            "Making the variant — Q4_0"
        );
        assert_eq!(said(StageName::Quality, None, None), "Measuring quality");
        let pruning = said(StageName::Pruning, Some("pruned 30 %"), None);
        assert_eq!(
            making_words(pruning, Some(MakingStep::Checking)),
            "Pruning — pruned 30 %: checking"
        );
    }

    #[test]
    fn a_plan_counts_in_words() {
        assert_eq!(
            plan(1, &RunSettings::default()),
            "1 prompt · 3 × 128 tokens, fixed length"
        );
    }
}
