//! Where the focus goes when what had it is gone.

use leptos::html::Button;
use leptos::prelude::*;

/// Gives the focus back to the button when what it opened closes.
pub fn focus_after(is_open: RwSignal<bool>, button: NodeRef<Button>) {
    Effect::new(move |was_open: Option<bool>| {
        let is_open = is_open.get();
        if was_open == Some(true)
            && !is_open
            && let Some(button) = button.get_untracked()
        {
            let _ = button.focus();
        }
        is_open
    });
}
