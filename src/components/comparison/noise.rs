//! What is said of noise that was assumed, with the button that measures it, and of noise
//! that was just measured.

use leptos::prelude::*;
use leptos_router::components::A;

use super::again::{self, Again, AgainButton};
use crate::components::no_script::NoScript;
use crate::domain::compare::Comparison;
use crate::domain::defaults::NOISE_LAUNCHES;
use crate::domain::estimate::SpeedBasis;
use crate::domain::model::Model;
use crate::domain::noise::Noise;
use crate::domain::preflight::fit_together;
use crate::domain::run::{GenerationMode, Run, RunSettings, Technique};
use crate::domain::units;

/// Nothing where the noise was measured before, and where nothing can be started.
#[component]
pub(super) fn NoiseNote(comparison: Comparison, run: Run, again: Option<Again>) -> impl IntoView {
    let is_measured = comparison.noise_launches().is_some();
    let is_assumed = comparison.assumes_noise() && !is_measured;
    let Some(again) = again.filter(|_| is_assumed) else {
        // Nothing is kept of a disturbed run, which says so.
        let is_news = run.technique == Technique::Noise && run.disturbances().is_empty();
        let is_news = is_news && is_measured;
        return is_news.then(|| judged_by_it(&run.model)).into_any();
    };
    let available_mb = run.environment.as_ref();
    let available_mb = available_mb.map_or(0.0, |found| found.available_memory_mb);
    let is_in_blocks = comparison.blocks.is_some();
    if !is_launched_alike(&run.model, &run.spec.settings, available_mb, is_in_blocks) {
        return view! { <p class="note inset">{NOT_ALIKE}</p> }.into_any();
    }
    let words = measuring_words(seconds(&run), run.spec.settings.mode);
    view! {
        <div class="next">
            <span>{words}</span>
            <AgainButton
                words="Measure the noise"
                request=again::noise(&run.spec)
                on_press=again.on_noise
                is_busy=again.is_busy
            />
            <NoScript what="Measuring the noise" path="/api/noise"/>
        </div>
    }
    .into_any()
}

/// What follows from noise that was measured.
fn judged_by_it(model: &Model) -> impl IntoView + use<> {
    view! {
        <p class="next">
            <span>{Noise::JUDGES}</span>
            <A href=format!("/runs?model={}", model.id.0)>"See the runs of this model"</A>
        </p>
    }
}

const NOT_ALIKE: &str = "The noise is assumed, not measured, and cannot be measured as it was \
                         here: for the memory that there was, the model against itself is \
                         launched in another way than these models were.";

/// Whether the model against itself is launched as the models of a comparison were, at
/// once or, where so much memory (MB) does not hold them, in turn: noise is kept for each.
fn is_launched_alike(
    model: &Model,
    settings: &RunSettings,
    available_mb: f64,
    is_in_blocks: bool,
) -> bool {
    let twice = [model.clone(), model.clone()];
    fit_together(&twice, settings, available_mb) != is_in_blocks
}

/// How long it takes, s, by what the run showed of its model. None: it showed no speed, or
/// was disturbed, which says nothing of the next.
fn seconds(run: &Run) -> Option<f64> {
    let arm = run.baseline().filter(|arm| arm.unstable.is_empty())?;
    let basis = SpeedBasis::of(arm)?;
    Some(basis.spec_seconds(&run.spec.against_itself()))
}

/// What the button does, and how long that takes.
fn measuring_words(seconds: Option<f64>, mode: GenerationMode) -> String {
    // Answers may end before; none is longer.
    let about = match mode {
        GenerationMode::FixedLength => "about",
        GenerationMode::NaturalStop => "at most about",
    };
    let time = seconds.map(|seconds| format!(", in {about} {}", units::duration(seconds)));
    format!(
        "The noise is assumed, not measured. Measuring it launches the model {NOISE_LAUNCHES} \
         times against itself{}; these figures are then judged by what that showed.",
        time.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_button_says_what_it_does_and_how_long_that_takes() {
        let said = measuring_words(Some(260.0), GenerationMode::FixedLength);
        assert_eq!(
            said,
            "The noise is assumed, not measured. Measuring it launches the model 10 times against \
             itself, in about 4 min 20 s; these figures are then judged by what that showed."
        );
        let said = measuring_words(Some(260.0), GenerationMode::NaturalStop);
        assert!(said.contains(", in at most about 4 min 20 s;"), "{said}");
        let said = measuring_words(None, GenerationMode::FixedLength);
        assert!(said.contains("against itself; these"), "{said}");
    }

    #[test]
    fn noise_is_measured_as_the_comparison_was() {
        let model = Model {
            size_bytes: 1_000_000_000,
            ..Model::sample("F16", None)
        };
        let alike = |available_mb, is_in_blocks| {
            is_launched_alike(&model, &RunSettings::default(), available_mb, is_in_blocks)
        };
        // Twice 1,030 MB, and a tenth of what is available stays free.
        assert!(alike(3_000.0, false) && !alike(3_000.0, true));
        // It fit beside a smaller variant, and does not beside itself.
        assert!(!alike(2_000.0, false) && alike(2_000.0, true));
        assert!(alike(0.0, false), "unknown memory is enough");
    }
}
