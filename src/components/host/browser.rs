//! The browser's side: document and local storage. Storage may be forbidden by
//! the user; the theme then lasts as long as the page.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use gloo_net::http::Request;
use leptos::leptos_dom::helpers::set_interval_with_handle;
use leptos::prelude::{document, on_cleanup, set_timeout, window};
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::js_sys::Uint8Array;
use web_sys::{HtmlElement, HtmlInputElement};

use super::THEME_KEY;

/// How often a page that is looked at asks whether the server is there, unless
/// it has just heard from it.
const HEARTBEAT: Duration = Duration::from_secs(5);

thread_local! {
    static WAS_HEARD: Cell<bool> = const { Cell::new(false) };
}

/// Does nothing: the response is long sent.
pub fn set_status(_status: u16) {}

/// Sets `data-hydrated` on the body, after the effects that are waiting now.
pub fn mark_hydrated() {
    let mark = || {
        if let Some(body) = document().body() {
            let _ = body.set_attribute("data-hydrated", "true");
        }
    };
    set_timeout(mark, Duration::ZERO);
}

/// Says that the server has just sent something by itself: it need not be asked
/// at the next heartbeat. While a run is followed, asking would cost as much as
/// drawing, on the cores that are being measured.
pub fn heard_server() {
    WAS_HEARD.set(true);
}

/// Calls `work` after every `interval` while the page is looked at; ends with the
/// view.
pub fn repeat(interval: Duration, work: impl Fn() + 'static) {
    let tick = move || {
        if !document().hidden() {
            work();
        }
    };
    if let Ok(interval) = set_interval_with_handle(tick, interval) {
        on_cleanup(move || interval.clear());
    }
}

/// Calls `on_lost` at every heartbeat with whether the server is gone; ends
/// with the view.
pub fn watch_server(on_lost: impl Fn(bool) + 'static) {
    let on_lost = Rc::new(on_lost);
    let is_asking = Rc::new(Cell::new(false));
    let ask = move || {
        if WAS_HEARD.take() {
            return on_lost(false);
        }
        if is_asking.replace(true) {
            // The last question has waited for a whole heartbeat.
            return on_lost(true);
        }
        let (on_lost, is_asking) = (Rc::clone(&on_lost), Rc::clone(&is_asking));
        spawn_local(async move {
            let answer = Request::get("/healthz").send().await;
            is_asking.set(false);
            on_lost(answer.is_err());
        });
    };
    repeat(HEARTBEAT, ask);
}

/// The theme that the user chose on an earlier visit.
pub fn stored_theme() -> Option<String> {
    storage()?.get_item(THEME_KEY).ok().flatten()
}

/// Shows and keeps a theme; none: as the system has it.
pub fn apply_theme(theme: Option<&str>) {
    if let Some(root) = document().document_element() {
        let _ = match theme {
            Some(theme) => root.set_attribute("data-theme", theme),
            None => root.remove_attribute("data-theme"),
        };
    }
    if let Some(storage) = storage() {
        let _ = match theme {
            Some(theme) => storage.set_item(THEME_KEY, theme),
            None => storage.remove_item(THEME_KEY),
        };
    }
}

/// Moves the focus to the element with this id.
pub fn focus(id: &str) {
    let element = document().get_element_by_id(id);
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// Whether the element with this id has the focus.
pub fn is_focused(id: &str) -> bool {
    document()
        .active_element()
        .is_some_and(|element| element.id() == id)
}

/// Opens what the element with this id is folded into, and moves the focus to it.
pub fn reveal(id: &str) {
    let element = document().get_element_by_id(id);
    let fold = element.and_then(|element| element.closest("details").ok().flatten());
    if let Some(fold) = fold {
        let _ = fold.set_attribute("open", "");
    }
    focus(id);
}

/// Reads the file that was chosen, and calls `on_read` with its name and its
/// bytes, or why they are not to be had. One that is too large is not read.
pub fn read_file(
    input: HtmlInputElement,
    most_bytes: usize,
    on_read: impl FnOnce(String, Result<Vec<u8>, String>) + 'static,
) {
    let Some(file) = input.files().and_then(|files| files.get(0)) else {
        return;
    };
    // So that the same file can be chosen again.
    input.set_value("");
    let name = file.name();
    if file.size() > most_bytes as f64 {
        let reason = format!("the file {name} is too large; choose a shorter one");
        return on_read(name, Err(reason));
    }
    spawn_local(async move {
        let bytes = JsFuture::from(file.array_buffer()).await;
        let bytes = bytes
            .map(|buffer| Uint8Array::new(&buffer).to_vec())
            .map_err(|_| format!("the file {name} cannot be read; is it still there?"));
        on_read(name, bytes);
    });
}

/// The title of a page: here it is a text already.
pub fn title(text: String) -> String {
    text
}

/// Puts a text on the clipboard, and says whether the browser allowed it.
pub fn copy(text: &str, on_done: impl FnOnce(bool) + 'static) {
    // Its promise fails where there is no clipboard, as outside of loopback.
    let copying = window().navigator().clipboard().write_text(text);
    spawn_local(async move { on_done(JsFuture::from(copying).await.is_ok()) });
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}
