//! What is not on the first page that a new user sees: the other pages, and what
//! comparisons found. Its code is a file of its own, which that page does not wait for.

use leptos::prelude::*;
use leptos_router::ChooseView;
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use super::{DeletedRunsPage, ModelsPage, RunPage, RunsPage, SettingsPage};
use crate::components::alert::ErrorAlert;
use crate::components::comparison::{Again, ComparisonOutcome, TradeOffsCard};
use crate::domain::error::{AppError, ErrorCode};
use crate::domain::model::Model;
use crate::domain::run::Run;
use crate::domain::trade_off::TradeOff;

/// Finds whether a page shows any of it.
#[cfg(feature = "hydrate")]
pub const LATER: &str = "[data-later]";

/// A page of that file, or a part of the dashboard.
#[derive(Clone)]
pub enum Later {
    /// `/models`.
    Models,
    /// `/runs`.
    Runs,
    /// `/runs/deleted`.
    DeletedRuns,
    /// `/runs/:id`.
    Run,
    /// `/settings`.
    Settings,
    /// What a comparison found, as [`ComparisonOutcome`] takes it.
    Comparison(Box<(Run, Option<Model>, Again)>),
    /// What all variants of a model bought and cost, as [`TradeOffsCard`] takes it.
    TradeOffs(
        Signal<Option<String>>,
        Signal<Vec<TradeOff>>,
        Signal<Vec<String>>,
    ),
}

impl ChooseView for Later {
    /// The page, or in its place that it could not be loaded.
    async fn choose(self) -> AnyView {
        view(self)
            .await
            .unwrap_or_else(|error| view! { <ErrorAlert error/> }.into_any())
    }

    /// Until it ends the page before stays. What fails does so again when it is chosen.
    async fn preload(&self) {
        let _ = load().await;
    }
}

/// A part of a page: at once where the file is here, else when it has come.
#[component]
pub(super) fn Part(
    /// Which one.
    part: Later,
) -> impl IntoView {
    view! {
        <Suspense fallback=|| ()>
            {move || Suspend::new(part.clone().choose())}
        </Suspense>
    }
}

/// The view, with a mark by which the browser knows that it cannot go on without.
#[wasm_split(later, fallible, preload(
    /// Loads the file; at once where it is here, as on the server.
    load
))]
pub fn view(later: Later) -> Result<AnyView, AppError> {
    let view = match later {
        Later::Models => view! { <ModelsPage/> }.into_any(),
        Later::Runs => view! { <RunsPage/> }.into_any(),
        Later::DeletedRuns => view! { <DeletedRunsPage/> }.into_any(),
        Later::Run => view! { <RunPage/> }.into_any(),
        Later::Settings => view! { <SettingsPage/> }.into_any(),
        Later::Comparison(found) => {
            let (run, original, again) = *found;
            view! { <ComparisonOutcome run original again=Some(again) is_whole=false/> }.into_any()
        }
        Later::TradeOffs(baseline, variants, unmeasured) => {
            view! { <TradeOffsCard baseline variants unmeasured/> }.into_any()
        }
    };
    Ok(view! {
        <span hidden data-later=""></span>
        {view}
    }
    .into_any())
}

impl From<SplitLoaderError> for AppError {
    fn from(_: SplitLoaderError) -> Self {
        AppError::new(
            ErrorCode::Internal,
            "a part of Whittle could not be loaded; load the page again",
        )
    }
}
