//! The machine in one line.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::domain::background::Background;
use crate::domain::dashboard::Machine;
use crate::domain::preflight::Room;
use crate::domain::units;

/// The machine in one line, with what is measured on it unasked.
#[component]
pub(super) fn MachineLine(machine: Machine, room: Room, background: Background) -> impl IntoView {
    let mut parts = vec![machine.cpu_model];
    parts.push(match machine.physical_cores {
        Some(physical) => format!("{physical} cores, {} logical", machine.logical_cores),
        None => format!("{} logical cores", machine.logical_cores),
    });
    parts.push(format!(
        "{} of {} GB available",
        units::number(room.available_memory_mb / 1e3),
        units::number(machine.total_memory_mb / 1e3)
    ));
    if let Some(load) = room.load_average {
        parts.push(format!("load {load:.1}"));
    }
    parts.push(machine.engine_version);
    let unasked = background.run.map(|run| {
        view! {
            " · "
            <A href=format!("/runs/{run}")>"measuring a model against itself meanwhile"</A>
        }
    });
    view! {
        <p class="machine">
            {parts.join(" · ")} {unasked}
        </p>
    }
}
