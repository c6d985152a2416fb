//! `/settings`: what this Whittle runs on, and what it may touch.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;

use super::resource::resource;
use crate::api;
use crate::components::alert::{ErrorAlert, PageError};
use crate::components::background::BackgroundCard;
use crate::components::environment::{Terms, sandbox_words};
use crate::components::titled_card::TitledCard;
use crate::domain::about::About;
use crate::domain::background::Background;
use crate::domain::environment::Sandbox;
use crate::domain::error::AppError;
use crate::domain::units;

/// The page.
#[component]
pub fn SettingsPage() -> impl IntoView {
    let about = resource(|| (), |()| api::load_about());
    view! {
        <Title text="Settings"/>
        <div class="page-head">
            <h1>"Settings"</h1>
        </div>
        <Suspense fallback=|| view! { <p class="loading">"Asking the engine…"</p> }>
            {move || Suspend::new(async move {
                match about.await {
                    Ok(about) => view! { <Facts about/> }.into_any(),
                    Err(error) => view! { <PageError error/> }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Facts(about: About) -> impl IntoView {
    let is_confined = about.sandbox == Sandbox::Full;
    let (machine, engine) = (machine(&about), engine(&about));
    let sandbox = sandbox_words(&about.sandbox);
    let data_folder = about.data_folder;
    let background = RwSignal::new(about.background);
    let problem = RwSignal::new(None);
    let switch = Callback::new(move |is_on| switch_background(is_on, background, problem));
    view! {
        <TitledCard title_id="machine-title" title="This machine" about="Recorded with every run">
            <Terms rows=machine/>
        </TitledCard>
        <TitledCard title_id="engine-title" title="Engine" about="llama.cpp, compiled into this program">
            <Terms rows=engine/>
        </TitledCard>
        <TitledCard title_id="sandbox-title" title="Confinement" about="What a model's file could make native code do">
            <p class="inset" class:unstable=!is_confined id="sandbox">
                {sandbox}
            </p>
        </TitledCard>
        <BackgroundCard background on_change=switch/>
        {move || problem.get().map(|error| view! { <ErrorAlert error/> })}
        <TitledCard title_id="data-title" title="Data" about="History and models; nothing leaves this machine">
            <p class="inset">
                <code>{data_folder}</code>
            </p>
        </TitledCard>
    }
}

/// Asks the server; where that fails, the switch goes back.
fn switch_background(
    is_on: bool,
    background: RwSignal<Background>,
    problem: RwSignal<Option<AppError>>,
) {
    background.update(|background| background.is_on = is_on);
    problem.set(None);
    spawn_local(async move {
        match api::set_background(is_on).await {
            Ok(answer) => {
                background.try_set(answer);
            }
            Err(error) => {
                background.try_update(|background| background.is_on = !is_on);
                problem.try_set(Some(error));
            }
        }
    });
}

fn machine(about: &About) -> Vec<(&'static str, String)> {
    let room = &about.room;
    let gigabytes = |mb: f64| format!("{} GB", units::number(mb / 1e3));
    let unknown = || "not told by the system".to_owned();
    let cores = about.physical_cores.map_or_else(unknown, |n| n.to_string());
    vec![
        ("Processor", about.cpu_model.clone()),
        ("Physical cores", cores),
        ("Logical cores", room.logical_cores.to_string()),
        ("Threads by default", about.default_threads.to_string()),
        ("Memory", gigabytes(room.total_memory_mb)),
        ("Available now", gigabytes(room.available_memory_mb)),
        ("Swap in use", gigabytes(room.swap_used_mb)),
        (
            "Load average",
            room.load_average.map_or_else(unknown, units::number),
        ),
        (
            "Free disk for data",
            room.free_disk_mb.map_or_else(unknown, gigabytes),
        ),
        ("System", about.system.clone()),
        (
            "Frequency governor",
            about.cpu_governor.clone().unwrap_or_else(unknown),
        ),
    ]
}

fn engine(about: &About) -> Vec<(&'static str, String)> {
    let missing = match about.engine.missing_instruction_sets.as_slice() {
        [] => "none".to_owned(),
        sets => sets.join(", "),
    };
    vec![
        ("Whittle", about.whittle_version.clone()),
        ("Engine", about.engine.version.clone()),
        ("Built with", about.engine.built_with.join(", ")),
        ("Instruction sets", about.engine.system_info.clone()),
        ("Sets not compiled for", missing),
    ]
}
