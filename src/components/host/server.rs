//! The server's side: only the response can be touched.

use std::time::Duration;

use leptos::prelude::use_context;

/// Sets the HTTP status of the page; an unknown number is left out.
pub fn set_status(status: u16) {
    let response = use_context::<leptos_axum::ResponseOptions>();
    let status = axum::http::StatusCode::from_u16(status);
    if let (Some(response), Ok(status)) = (response, status) {
        response.set_status(status);
    }
}

/// Does nothing: there is no document yet.
pub fn mark_hydrated() {}

/// Does nothing: the page is sent once.
pub fn repeat(_interval: Duration, _work: impl Fn() + 'static) {}

/// Does nothing: the server is here.
pub fn watch_server(_on_lost: impl Fn(bool) + 'static) {}

/// None: the server does not know the choice.
pub fn stored_theme() -> Option<String> {
    None
}

/// Does nothing: there is no document yet.
pub fn apply_theme(_theme: Option<&str>) {}

/// Does nothing: there is no document yet.
pub fn focus(_id: &str) {}

/// False: nothing has the focus yet.
pub fn is_focused(_id: &str) -> bool {
    false
}

/// Does nothing: there is no document yet.
pub fn reveal(_id: &str) {}

/// Does nothing: files are chosen in the browser.
pub fn read_file<T>(
    _input: T,
    _most_bytes: usize,
    _on_read: impl FnOnce(String, Result<Vec<u8>, String>) + 'static,
) {
}

/// The title of a page as HTML: leptos_meta writes it into the document as it is.
pub fn title(text: String) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// Does nothing: there is no clipboard here.
pub fn copy(_text: &str, _on_done: impl FnOnce(bool) + 'static) {}
