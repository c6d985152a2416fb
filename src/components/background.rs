//! The switch of what is measured unasked, and what that means.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::components::checkbox::Checkbox;
use crate::components::no_script::NoScript;
use crate::components::titled_card::TitledCard;
use crate::components::when::When;
use crate::domain::background::Background;

/// The card of the settings page.
#[component]
pub fn BackgroundCard(
    /// How it stands.
    background: RwSignal<Background>,
    /// Called with whether it shall be on.
    on_change: Callback<bool>,
) -> impl IntoView {
    let is_on = move || background.with(|background| background.is_on);
    let is_allowed = move || background.with(|background| background.is_allowed);
    let now = move || {
        background.with(|background| background.run).map(|run| {
            view! {
                <p class="note">
                    "Being measured now: "
                    <A href=format!("/runs/{run}")>{format!("run {run}")}</A>
                    "."
                </p>
            }
        })
    };
    view! {
        <TitledCard
            title_id="background-title"
            title="In the background"
            about="What is measured without being asked for"
        >
            <div class="inset">
                <Checkbox
                    is_on=Signal::derive(is_on)
                    on_change
                    words="Measure models against themselves while the machine is idle"
                    described_by="background-help"
                />
                <p class="note" id="background-help">
                    "A difference counts only where it is larger than the noise: what a model shows \
                     against itself. Until that was measured, it is assumed. Whittle measures it for \
                     models that were compared, some minutes each, while nothing is queued and the \
                     machine is quiet. Whatever you start ends that at once, and then nothing of it \
                     is kept."
                </p>
                <When when=move || !is_allowed()>
                    <p class="note over">
                        "This server was started with "
                        <code>"--no-background"</code>
                        ": it measures nothing unasked, whatever is chosen here."
                    </p>
                </When>
                {now}
                <NoScript what="Switching" path="/api/background"/>
            </div>
        </TitledCard>
    }
}
