//! `/`: choose a model, run the baseline, read the figures.

mod benchmark;
mod machine_line;

use leptos::prelude::*;
use leptos_meta::Title;

use super::resource::resource;
use crate::api;
use crate::components::alert::PageError;
use crate::components::empty::NoModels;
use crate::components::gauges::Warnings;
use crate::domain::dashboard::Dashboard;
use benchmark::Benchmark;
use machine_line::MachineLine;

/// The page.
#[component]
pub fn DashboardPage() -> impl IntoView {
    let dashboard = resource(|| (), |()| api::load_dashboard());
    view! {
        <Title text="Dashboard"/>
        <Suspense fallback=|| view! { <p class="loading">"Loading the dashboard…"</p> }>
            {move || Suspend::new(async move {
                match dashboard.await {
                    Ok(dashboard) if dashboard.library.models.is_empty() => {
                        view! { <EmptyDashboard dashboard/> }.into_any()
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
fn EmptyDashboard(dashboard: Dashboard) -> impl IntoView {
    let notices = dashboard.notices;
    view! {
        {(!notices.is_empty()).then(|| view! { <Warnings warnings=notices/> })}
        <div class="page-head">
            <h1>"Dashboard"</h1>
        </div>
        <section id="baseline" class="card" data-status="idle" aria-labelledby="baseline-title">
            <div class="bar">
                <h2 id="baseline-title">"Baseline Benchmark"</h2>
            </div>
            <NoModels
                folder=dashboard.machine.models_folder.clone()
                n_pending=dashboard.library.n_pending
            />
        </section>
        <MachineLine
            machine=dashboard.machine
            room=dashboard.room
            background=dashboard.background
        />
    }
}
