//! How the browser takes over a page: with the code that it shows, before the rest.

use std::time::Duration;

use leptos::mount::{hydrate_body, mount_to};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;

use crate::app::App;
use crate::components::words;
use crate::domain::error::AppError;
use crate::pages::{LATER, load_later};

/// How long a page is left to itself before the rest is loaded for it.
const SETTLING: Duration = Duration::from_secs(1);

/// Makes the page answer its user.
pub async fn hydrate() {
    let is_later_shown = matches!(document().query_selector(LATER), Ok(Some(_)));
    if is_later_shown && let Err(error) = load_later().await {
        return say(error.into());
    }
    hydrate_body(App);
    // Before it is asked for: the server may be gone by then, or another one.
    let load = async {
        let _ = load_later().await;
    };
    set_timeout(|| spawn_local(load), SETTLING);
}

/// Says why the page stays as the server sent it, where it says that the server is gone.
fn say(error: AppError) {
    let place = document().query_selector(".connection").ok().flatten();
    if let Some(place) = place.and_then(|place| place.dyn_into().ok()) {
        let message = words::sentence(&error.error.message);
        mount_to(place, || view! { <p class="alert">{message}</p> }).forget();
    }
}
