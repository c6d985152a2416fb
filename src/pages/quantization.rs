//! The dashboard's section that makes variants and measures them.

use leptos::prelude::*;

use super::actions::Shown;
use super::forecast::forecasts;
use crate::components::comparison::{Again, ComparisonOutcome, original_of};
use crate::components::form::{RunForm, show_faulty};
use crate::components::host;
use crate::components::live::LiveFeed;
use crate::components::quantization::{
    BaseCaution, CareField, ComparisonPlan, LevelEditor, QualityField, QuantizationForm, Teaching,
};
use crate::components::run_section::RunSection;
use crate::components::section::Section;
use crate::domain::error::AppError;
use crate::domain::estimate::SpeedBasis;
use crate::domain::model::{Model, ModelId};
use crate::domain::run::{Run, RunRequest};

/// The section. Prompts and settings are those of the baseline's form.
#[component]
pub(super) fn QuantizationSection(
    /// Prompts and settings.
    form: RunForm,
    /// What is chosen here.
    quantization: QuantizationForm,
    /// The comparison that is shown.
    shown: Shown,
    /// Its live state.
    feed: LiveFeed,
    /// The library.
    models: StoredValue<Vec<Model>>,
    /// What is known of each model's speed.
    speeds: StoredValue<Vec<(ModelId, SpeedBasis)>>,
    /// Keeps prompts and settings.
    keep: Callback<()>,
) -> impl IntoView {
    let is_starting = RwSignal::new(false);
    let spec = Memo::new(move |_| quantization.spec(form));
    let problem = Memo::new(move |_| spec.with(|spec| spec.as_ref().err().cloned()));
    let start = move |()| match untrack(|| spec.get().and_then(|_| quantization.request(form))) {
        Ok(request) => shown.start(request, is_starting),
        Err(problem) => {
            show_faulty(form, &problem);
            let said = AppError::bad_request(problem.in_the_form());
            shown.problem.set(Some(said));
        }
    };
    // What was wrong goes while it is put right.
    Effect::new(move |before: Option<_>| {
        let spec = spec.get();
        if spec.is_ok() && before.is_some_and(|before| before != spec) {
            shown.problem.set(None);
        }
        spec
    });
    let is_busy = move || is_starting.get() || feed.state.with(Option::is_some);
    let again = Again {
        on_press: Callback::new(move |request: RunRequest| {
            // The button goes away with what it stands under.
            host::focus(Section::Quantization.title_id());
            shown.start(request, is_starting);
        }),
        is_busy: Signal::derive(is_busy),
    };
    let outcome = Callback::new(move |run: Run| {
        let original = models.with_value(|models| original_of(&run.model, models));
        view! { <ComparisonOutcome run original again=Some(again) is_whole=false/> }.into_any()
    });
    let base_mb = Signal::derive(move || {
        let chosen = form.model.get();
        models.with_value(|models| {
            let of = |model: &&Model| Some(&model.id) == chosen.as_ref();
            models.iter().find(of).map(Model::size_mb)
        })
    });
    let forecasts = forecasts(form, quantization, feed);
    let is_empty = move || shown.run.with(Option::is_none);
    view! {
        <RunSection
            section=Section::Quantization
            run=shown.run
            feed
            problem=shown.problem
            on_run=Callback::new(start)
            is_starting
            on_cancel=Callback::new(move |id| shown.cancel(id))
            outcome
        >
            <div class="setup">
                <div>
                    <LevelEditor form=quantization forecasts base_mb/>
                    <BaseCaution form models/>
                </div>
                <div class="fields">
                    <CareField form on_change=keep/>
                    <QualityField form=quantization problem/>
                    <div>
                        <ComparisonPlan spec form speeds forecasts/>
                        <noscript>
                            <p class="note">
                                "Starting a run here needs JavaScript. Without it: "
                                <code>"POST /api/benchmark/quantization"</code>
                            </p>
                        </noscript>
                    </div>
                </div>
            </div>
            <Show when=is_empty>
                <Teaching/>
            </Show>
        </RunSection>
    }
}
