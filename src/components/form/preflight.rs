//! What stands in the way of the run, before it starts.

use leptos::prelude::*;

use super::state::RunForm;
use crate::components::each::each;
use crate::components::words;
use crate::domain::model::Model;
use crate::domain::preflight::{Caution, MemoryNeed, Preflight, Room, preflight};
use crate::domain::prompt::length_caution;

/// The memory that the chosen model needs, and what the machine lacks.
#[component]
pub fn PreflightNote(
    /// The form.
    form: RunForm,
    /// The models of the library.
    models: Vec<Model>,
    /// The machine, as it was when the page was loaded.
    room: Room,
) -> impl IntoView {
    let models = StoredValue::new(models);
    let found = Memo::new(move |_| {
        let chosen = form.model.get();
        let spec = form.spec().ok()?;
        let settings = &spec.settings;
        models.with_value(|models| {
            let model = models
                .iter()
                .find(|model| Some(&model.id) == chosen.as_ref())?;
            let need = MemoryNeed::of(model, settings).in_words();
            let Preflight { refusal, cautions } = preflight(model, settings, &room);
            let cautions = cautions.iter().map(Caution::beforehand);
            let cautions = cautions.chain(length_caution(&spec.prompts, settings));
            Some((need, refusal, cautions.collect::<Vec<_>>()))
        })
    });
    move || {
        found.get().map(|(need, refusal, cautions)| {
            let caution = |caution: String| view! { <li>{caution}</li> };
            view! {
                <p class="note" id="memory-need">{format!("Needs {need}.")}</p>
                {refusal
                    .map(|refusal| {
                        view! {
                            <p class="alert" role="note">{words::sentence(&refusal)}</p>
                        }
                    })}
                {(!cautions.is_empty())
                    .then(|| {
                        view! {
                            <ul class="warnings" aria-label="Before you run">
                                {each(cautions, caution)}
                            </ul>
                        }
                    })}
            }
        })
    }
}
