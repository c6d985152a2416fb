//! What pages ask of the server, with the answers put where the views look.
//! The page may be gone when an answer comes: every write is a `try_` one.

use std::future::Future;

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use crate::api;
use crate::components::form::RunForm;
use crate::components::host;
use crate::domain::error::AppError;
use crate::domain::live::LiveRun;
use crate::domain::run::{NoiseRequest, Run, RunId, RunRequest};

/// Where answers go.
#[derive(Clone, Copy)]
pub(super) struct Shown {
    /// The shown run.
    pub(super) run: RwSignal<Option<Run>>,
    /// What went wrong.
    pub(super) problem: RwSignal<Option<AppError>>,
}

impl Shown {
    /// Starts from a stored run.
    pub(super) fn new(run: Option<Run>) -> Self {
        Self {
            run: RwSignal::new(run),
            problem: RwSignal::new(None),
        }
    }

    /// Starts a run and shows it; `is_starting` holds until the answer.
    pub(super) fn start(self, request: RunRequest, is_starting: RwSignal<bool>) {
        let show = Callback::new(move |run| drop(self.run.try_set(Some(run))));
        self.start_another(request, is_starting, show);
    }

    /// Starts a run that is shown elsewhere: `on_started` gets it.
    pub(super) fn start_another(
        self,
        request: RunRequest,
        is_starting: RwSignal<bool>,
        on_started: Callback<Run>,
    ) {
        self.start_by(api::start_run(request), is_starting, on_started);
    }

    /// Starts a run of a model against itself: `on_started` gets it.
    pub(super) fn start_noise(
        self,
        request: NoiseRequest,
        is_starting: RwSignal<bool>,
        on_started: Callback<Run>,
    ) {
        self.start_by(api::measure_noise(request), is_starting, on_started);
    }

    fn start_by(
        self,
        asking: impl Future<Output = Result<Run, AppError>> + 'static,
        is_starting: RwSignal<bool>,
        on_started: Callback<Run>,
    ) {
        if is_starting.get_untracked() {
            return;
        }
        is_starting.set(true);
        self.problem.set(None);
        spawn_local(async move {
            let answer = asking.await;
            is_starting.try_set(false);
            match answer {
                Ok(run) => drop(on_started.try_run(run)),
                Err(error) => drop(self.problem.try_set(Some(error))),
            }
        });
    }

    /// Ends a run. The event stream tells when it has ended; a run that was
    /// still waiting may be over with the answer.
    pub(super) fn cancel(self, id: RunId) {
        self.problem.set(None);
        spawn_local(async move {
            match api::cancel_run(id.0).await {
                Ok(run) if run.status.is_terminal() => self.show_if_current(run),
                Ok(_) => {}
                Err(error) => drop(self.problem.try_set(Some(error))),
            }
        });
    }

    /// Reads a run that has ended; where the server is gone with it, what the
    /// events told is shown.
    pub(super) fn refetch(self, id: RunId, last: LiveRun) {
        spawn_local(async move {
            match api::get_run(id.0).await {
                Ok(run) => self.show_if_current(run),
                Err(error) => {
                    self.problem.try_set(Some(error));
                    self.run.try_update(|shown| {
                        if let Some(run) = shown.as_mut().filter(|run| run.id == id) {
                            run.status = last.status;
                            run.failure = last.failure;
                        }
                    });
                }
            }
        });
    }

    fn show_if_current(self, run: Run) {
        self.run.try_update(|shown| {
            if shown.as_ref().is_some_and(|shown| shown.id == run.id) {
                *shown = Some(run);
            }
        });
    }
}

/// Goes on with a run on its own page.
pub(super) fn go_to_run() -> Callback<Run> {
    let navigate = use_navigate();
    Callback::new(move |run: Run| {
        // The button with the focus goes away with what is shown.
        host::focus("main");
        navigate(&format!("/runs/{}", run.id), NavigateOptions::default());
    })
}

/// Keeps prompts and settings for the next visit; the form learns which patterns the
/// server refuses. Another failure costs a convenience only: the next start says what
/// is wrong with the server.
pub(super) fn remember(form: RunForm, request: RunRequest) {
    let sent = request.test_queries.clone().unwrap_or_default();
    spawn_local(async move {
        if let Err(refusal) = api::remember(request).await {
            form.learn(&refusal, &sent);
        }
    });
}
