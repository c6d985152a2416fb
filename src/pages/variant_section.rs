//! A section of the dashboard that makes variants and measures them.

use leptos::prelude::*;

use super::actions::{Shown, go_to_run};
use super::later::{Later, Part};
use crate::components::choice::{
    BaseCaution, CareField, ComparisonPlan, Forecasts, QualityChoice, QualityField,
};
use crate::components::comparison::{Again, original_of};
use crate::components::form::{RunForm, show_faulty};
use crate::components::host;
use crate::components::live::LiveFeed;
use crate::components::run_section::RunSection;
use crate::components::section::Section;
use crate::components::when::When;
use crate::domain::error::AppError;
use crate::domain::estimate::SpeedBasis;
use crate::domain::model::{Model, ModelId};
use crate::domain::pruning::Prune;
use crate::domain::run::{NoiseRequest, Run, RunProblem, RunRequest, RunSpec, Setting};

/// What all sections of the dashboard share.
#[derive(Clone, Copy)]
pub(super) struct Common {
    /// Prompts and settings, which are those of the baseline's form.
    pub(super) form: RunForm,
    /// The library.
    pub(super) models: StoredValue<Vec<Model>>,
    /// What is known of each model's speed.
    pub(super) speeds: StoredValue<Vec<(ModelId, SpeedBasis)>>,
    /// Keeps prompts and settings.
    pub(super) keep: Callback<()>,
}

impl Common {
    /// The chosen model, while it is in the library.
    pub(super) fn chosen<T>(self, read: impl Fn(&Model) -> T) -> Option<T> {
        let chosen = self.form.model.get();
        self.models.with_value(|models| {
            let of = |model: &&Model| Some(&model.id) == chosen.as_ref();
            models.iter().find(of).map(read)
        })
    }
}

/// The section. Children choose the variants.
#[component]
pub(super) fn VariantSection(
    /// Which one.
    section: Section,
    /// What all sections share.
    common: Common,
    /// Whether what the variants cost is measured.
    quality: QualityChoice,
    /// All that is chosen, as a request.
    request: Memo<Result<RunRequest, RunProblem>>,
    /// How the model is to be pruned; none: it is quantized only.
    #[prop(into)]
    prune: Signal<Option<Prune>>,
    /// The comparison that is shown.
    shown: Shown,
    /// Its live state.
    feed: LiveFeed,
    /// What would become of the model.
    forecasts: Forecasts,
    /// Where programs ask for the same.
    path: &'static str,
    /// What it is for, while it has nothing to show.
    teaching: fn() -> AnyView,
    children: Children,
) -> impl IntoView {
    let Common {
        form,
        models,
        speeds,
        keep,
    } = common;
    let is_starting = RwSignal::new(false);
    let spec = Memo::new(move |_| request.get().and_then(RunSpec::try_from));
    let problem = Memo::new(move |_| spec.with(|spec| spec.as_ref().err().cloned()));
    let start = move |()| match untrack(|| spec.get().and_then(|_| request.get())) {
        Ok(request) => shown.start(request, is_starting),
        Err(problem) => {
            match problem.setting() {
                Some(Setting::QualityChunks) => host::reveal(section.chunks_id()),
                _ => show_faulty(form, &problem),
            }
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
    let go_on_there = go_to_run();
    let again = Again {
        on_press: Callback::new(move |request: RunRequest| {
            // The button goes away with what it stands under.
            host::focus(section.title_id());
            shown.start(request, is_starting);
        }),
        // A section shows none of its runs.
        on_noise: Callback::new(move |request: NoiseRequest| {
            shown.start_noise(request, is_starting, go_on_there);
        }),
        is_busy: Signal::derive(is_busy),
    };
    let outcome = Callback::new(move |run: Run| {
        let original = models.with_value(|models| original_of(&run.model, models));
        let part = Later::Comparison(Box::new((run, original, again)));
        view! { <Part part/> }.into_any()
    });
    let is_empty = move || shown.run.with(Option::is_none);
    view! {
        <RunSection
            section
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
                    {children()}
                    <BaseCaution prune forecasts form models/>
                </div>
                <div class="fields">
                    <CareField form on_change=keep/>
                    <QualityField section quality problem/>
                    <div>
                        <ComparisonPlan section spec form speeds forecasts/>
                        <noscript>
                            <p class="note">
                                "Starting a run here needs JavaScript. Without it: "
                                <code>{format!("POST {path}")}</code>
                            </p>
                        </noscript>
                    </div>
                </div>
            </div>
            <When when=is_empty>{teaching()}</When>
        </RunSection>
    }
}
