//! The program that the browser runs: it takes over the page that the server rendered.

/// Makes the server's page answer its user.
#[wasm_bindgen::prelude::wasm_bindgen]
pub async fn hydrate() {
    console_error_panic_hook::set_once();
    whittle::hydrate::hydrate().await;
}
