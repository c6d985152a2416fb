//! The sections of the dashboard, and how they go together.

use leptos::prelude::*;
use leptos_router::components::A;

use super::machine_line::MachineLine;
use crate::components::form::{
    EstimateLine, ModelPicker, PreflightNote, PromptEditor, PromptSets, RunForm, SettingsEditor,
    show_faulty, speeds_of,
};
use crate::components::gauges::Warnings;
use crate::components::live::follow_run;
use crate::components::no_script::NoScript;
use crate::components::outcome::Outcome;
use crate::components::pruning::PruningForm;
use crate::components::quantization::QuantizationForm;
use crate::components::run_section::RunSection;
use crate::components::section::Section;
use crate::components::words;
use crate::domain::dashboard::Dashboard;
use crate::domain::error::AppError;
use crate::domain::model::LibraryListing;
use crate::domain::run::{Run, RunRequest};
use crate::pages::actions::{Shown, remember};
use crate::pages::arriving::arriving;
use crate::pages::latest::{active_of, keep_latest, latest_of};
use crate::pages::prompt_sets;
use crate::pages::pruning::PruningSection;
use crate::pages::quantization::QuantizationSection;
use crate::pages::trade_offs::TradeOffs;
use crate::pages::variant_section::Common;

#[component]
pub(super) fn Benchmark(dashboard: Dashboard) -> impl IntoView {
    let speeds = speeds_of(&dashboard);
    let n_shown = dashboard.library.models.len();
    // A new picker would come with a new form: what was written in it stays.
    let library_now = arriving(dashboard.library.clone(), Callback::new(|()| {}));
    let library_note = Memo::new(move |_| library_now.with(|now| library_note(now, n_shown)));
    let Dashboard {
        library,
        remembered,
        prompt_sets,
        active,
        latest,
        machine,
        room,
        background,
        notices,
        ..
    } = dashboard;
    let first_choice = active
        .first()
        .map(|run| run.model.id.clone())
        .filter(|id| library.models.iter().any(|model| model.id == *id))
        .or(library.default_model)
        .or_else(|| library.models.first().map(|model| model.id.clone()));
    let form = RunForm::new(&remembered, first_choice.clone(), machine.has_gpu);
    let sets = PromptSets::new(prompt_sets, &remembered);
    let first_run = |section| {
        let running = active_of(&active, section);
        running.or_else(|| latest_of(&latest, first_choice.as_ref(), section))
    };
    let shown = Shown::new(first_run(Section::Baseline));
    let feed = follow_run(
        shown.run,
        Callback::new(move |(id, last)| shown.refetch(id, last)),
    );
    let compared = Shown::new(first_run(Section::Quantization));
    let comparing = follow_run(
        compared.run,
        Callback::new(move |(id, last)| compared.refetch(id, last)),
    );
    let quantization = compared
        .run
        .with_untracked(|run| QuantizationForm::new(run.as_ref().map(|run| &run.spec)));
    let pruned = Shown::new(first_run(Section::Pruning));
    let pruning_feed = follow_run(
        pruned.run,
        Callback::new(move |(id, last)| pruned.refetch(id, last)),
    );
    let pruning = pruned
        .run
        .with_untracked(|run| PruningForm::new(run.as_ref().map(|run| &run.spec)));
    let is_starting = RwSignal::new(false);

    let keep = Callback::new(move |()| {
        form.keep_settings();
        if let Some(request) = valid_request(form) {
            remember(form, request);
        }
    });
    // What was wrong with the form goes while it is put right. Not once the
    // field is left: the page would move under the click that leaves it.
    Effect::new(move |before: Option<_>| {
        let spec = form.spec();
        if spec.is_ok() && before.is_some_and(|before| before != spec) {
            shown.problem.set(None);
        }
        spec
    });
    let actions = prompt_sets::actions(sets, form, keep);
    let latest = StoredValue::new(latest);
    let choose_model = Callback::new(move |()| {
        form.load_settings();
        keep.run(());
        let chosen = form.model.get_untracked();
        let sections = [
            (Section::Baseline, shown, feed),
            (Section::Quantization, compared, comparing),
            (Section::Pruning, pruned, pruning_feed),
        ];
        for (section, shown, feed) in sections {
            shown.problem.set(None);
            let is_active = feed.state.with_untracked(Option::is_some);
            if !is_active {
                keep_latest(latest, shown.run.get_untracked());
                let run = latest.with_value(|latest| latest_of(latest, chosen.as_ref(), section));
                let last = run.as_ref().map(|run| &run.spec);
                match section {
                    Section::Quantization => quantization.fill(last),
                    Section::Pruning => pruning.fill(last),
                    Section::Baseline | Section::Noise => {}
                }
                shown.run.set(run);
            }
        }
    });
    show_baseline_of(compared, shown, form);
    show_baseline_of(pruned, shown, form);
    let start = move |()| match untrack(|| form.spec().and_then(|_| form.request())) {
        Ok(request) => shown.start(request, is_starting),
        Err(problem) => {
            show_faulty(form, &problem);
            let said = AppError::bad_request(problem.in_the_form());
            shown.problem.set(Some(said));
        }
    };
    let common = Common {
        form,
        models: StoredValue::new(library.models.clone()),
        speeds: StoredValue::new(speeds.clone()),
        keep,
    };
    let title = move || common.chosen(|model| model.name.clone());
    view! {
        {(!notices.is_empty()).then(|| view! { <Warnings warnings=notices/> })}
        <div class="page-head">
            <h1>{title}</h1>
            <ModelPicker form models=library.models.clone() on_change=choose_model/>
            {move || {
                library_note
                    .get()
                    .map(|words| {
                        view! {
                            <p class="note wide">
                                {words} " " <A href="/models">"See the library"</A>
                            </p>
                        }
                    })
            }}
        </div>
        <RunSection
            section=Section::Baseline
            run=shown.run
            feed
            problem=shown.problem
            on_run=Callback::new(start)
            is_starting
            on_cancel=Callback::new(move |id| shown.cancel(id))
            outcome=Callback::new(|run: Run| view! { <Outcome run/> }.into_any())
        >
            <div class="setup">
                <div>
                    <PromptEditor form sets actions on_change=keep/>
                </div>
                <div>
                    <SettingsEditor form on_change=keep/>
                    <EstimateLine form speeds/>
                    <PreflightNote form models=library.models.clone() room/>
                    <NoScript what="Starting a run here" path="/api/benchmark/baseline"/>
                </div>
            </div>
        </RunSection>
        <QuantizationSection common quantization shown=compared feed=comparing/>
        <PruningSection common pruning shown=pruned feed=pruning_feed/>
        <TradeOffs common shown=[compared, pruned]/>
        <MachineLine machine room background/>
    }
}

/// What the picker leaves out, which shows so many models.
fn library_note(library: &LibraryListing, n_shown: usize) -> Option<String> {
    let n_more = library.models.len().saturating_sub(n_shown);
    let more = (n_more > 0).then(|| {
        let models = words::plural(n_more as u64, "more model is", "more models are");
        format!("{models} ready: load this page again to choose.")
    });
    let pending = (library.n_pending > 0).then(|| {
        let files = words::plural(library.n_pending.into(), "file is", "files are");
        format!("{files} still being checked.")
    });
    let unusable = (!library.unusable.is_empty()).then(|| {
        let files = words::plural(library.unusable.len() as u64, "file", "files");
        format!("{files} cannot be measured.")
    });
    let notes: Vec<String> = [more, pending, unusable].into_iter().flatten().collect();
    (!notes.is_empty()).then(|| notes.join(" "))
}

/// The request, if it passes the checks: a half-written form is not kept.
fn valid_request(form: RunForm) -> Option<RunRequest> {
    untrack(|| form.spec().and_then(|_| form.request())).ok()
}

/// A comparison has measured the baseline anew: that is the one to show, unless
/// a later one is shown or under way, or another model is chosen meanwhile.
fn show_baseline_of(compared: Shown, shown: Shown, form: RunForm) {
    Effect::new(move |_| {
        let measured = compared.run.with(|run| {
            let has_baseline = |run: &&Run| run.status.is_terminal() && run.baseline().is_some();
            run.as_ref().filter(has_baseline).cloned()
        });
        let Some(measured) = measured else { return };
        let is_chosen = form
            .model
            .with_untracked(|chosen| Some(&measured.model.id) == chosen.as_ref());
        let is_later = shown.run.with_untracked(|shown| {
            let earlier = |shown: &Run| shown.status.is_terminal() && shown.id < measured.id;
            shown.as_ref().is_none_or(earlier)
        });
        if is_chosen && is_later {
            shown.run.set(Some(measured));
        }
    });
}
