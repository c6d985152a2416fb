//! The browser's side: document and local storage. Storage may be forbidden by
//! the user; the theme then lasts as long as the page.

use std::time::Duration;

use leptos::prelude::{document, set_timeout, window};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::THEME_KEY;

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

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}
