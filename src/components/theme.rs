//! The choice between the system's colours, light and dark.

use leptos::prelude::*;

use crate::components::each::each;
use crate::components::host;

/// Sets the stored theme before the first paint, so that the page does not
/// flash. Runs in the head, under the page's nonce.
pub fn theme_script() -> String {
    format!(
        "try{{const t=localStorage.getItem('{}');\
         if(t==='light'||t==='dark')document.documentElement.dataset.theme=t}}catch{{}}",
        host::THEME_KEY
    )
}

const SYSTEM: &str = "system";
const CHOICES: [(&str, &str); 3] = [(SYSTEM, "System"), ("light", "Light"), ("dark", "Dark")];

/// A select; the choice is kept in this browser.
#[component]
pub fn ThemePicker() -> impl IntoView {
    let chosen = RwSignal::new(SYSTEM.to_owned());
    Effect::new(move |_| {
        if let Some(theme) = host::stored_theme() {
            chosen.set(theme);
        }
    });
    let choose = move |event| {
        let value = event_target_value(&event);
        host::apply_theme((value != SYSTEM).then_some(value.as_str()));
        chosen.set(value);
    };
    let option = move |(value, name): (&'static str, &'static str)| {
        view! {
            <option value=value prop:selected=move || chosen.with(|chosen| chosen == value)>
                {name}
            </option>
        }
    };
    view! {
        <label class="theme">
            <span>"Theme"</span>
            <select autocomplete="off" on:change=choose>
                {each(CHOICES, option)}
            </select>
        </label>
    }
}
