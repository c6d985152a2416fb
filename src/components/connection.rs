//! Says when the server is gone: the page would go on looking alive.

use leptos::prelude::*;

use crate::components::host;

/// A note on every page while the server does not answer.
#[component]
pub fn ConnectionNote() -> impl IntoView {
    let (is_lost, set_is_lost) = signal(false);
    Effect::new(move |_| {
        host::watch_server(move |lost| {
            set_is_lost.try_maybe_update(|known| (std::mem::replace(known, lost) != lost, ()));
        });
    });
    view! {
        <div class="connection" role="alert">
            {move || {
                is_lost
                    .get()
                    .then(|| {
                        view! {
                            <p class="alert">
                                <strong>"Whittle does not answer."</strong>
                                " Has it been ended where it was started? This page shows what it \
                                 last knew, and goes on by itself when Whittle is back."
                            </p>
                        }
                    })
            }}
        </div>
    }
}
