//! `/`: choose a model, run the baseline, read the figures.

mod benchmark;
mod machine_line;

use leptos::prelude::*;
use leptos_meta::Title;

use super::arriving::arriving;
use super::resource::resource;
use crate::api;
use crate::components::alert::PageError;
use crate::components::empty::{BeingChecked, NoModels};
use crate::components::gauges::Warnings;
use crate::domain::dashboard::Dashboard;
use benchmark::Benchmark;
use machine_line::MachineLine;

/// The page.
#[component]
pub fn DashboardPage() -> impl IntoView {
    let dashboard = resource(|| (), |()| api::load_dashboard());
    let on_arrival = Callback::new(move |()| dashboard.refetch());
    view! {
        <Title text="Dashboard"/>
        <Suspense fallback=|| view! { <p class="loading">"Loading the dashboard…"</p> }>
            {move || Suspend::new(async move {
                match dashboard.await {
                    Ok(dashboard) if dashboard.library.models.is_empty() => {
                        view! { <EmptyDashboard dashboard on_arrival/> }.into_any()
                    }
                    Ok(dashboard) => view! { <Benchmark dashboard/> }.into_any(),
                    Err(error) => {
                        view! {
                            <h1>"Dashboard"</h1>
                            <PageError error/>
                        }
                            .into_any()
                    }
                }
            })}
        </Suspense>
    }
}

#[component]
fn EmptyDashboard(dashboard: Dashboard, on_arrival: Callback<()>) -> impl IntoView {
    let notices = dashboard.notices;
    let library = dashboard.library;
    let models = match library.n_pending {
        0 => {
            let folder = dashboard.machine.models_folder.clone();
            view! { <NoModels folder n_unusable=library.unusable.len()/> }.into_any()
        }
        _ => view! { <BeingChecked library=arriving(library, on_arrival)/> }.into_any(),
    };
    view! {
        {(!notices.is_empty()).then(|| view! { <Warnings warnings=notices/> })}
        <div class="page-head">
            <h1>"Dashboard"</h1>
        </div>
        <section id="baseline" class="card" data-status="idle" aria-labelledby="baseline-title">
            <div class="bar">
                <h2 id="baseline-title">"Baseline Benchmark"</h2>
            </div>
            {models}
        </section>
        <MachineLine
            machine=dashboard.machine
            room=dashboard.room
            background=dashboard.background
        />
    }
}
