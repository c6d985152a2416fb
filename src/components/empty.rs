//! What to do when there is no model yet.

use leptos::prelude::*;

/// Teaches how to add a model.
#[component]
pub fn NoModels(
    /// Where the user puts models, as shown.
    #[prop(into)]
    folder: String,
    /// Files whose content hash is still being computed.
    n_pending: u32,
) -> impl IntoView {
    let pending = (n_pending > 0).then(|| {
        view! {
            <p class="note">
                {format!("{n_pending} found and being checked: reload in a moment.")}
            </p>
        }
    });
    view! {
        <div class="empty">
            <h3>"No model yet"</h3>
            <p>"Whittle measures language models in GGUF files, on this machine."</p>
            {pending}
            <ol>
                <li>
                    "Get a GGUF file. On huggingface.co, filter the models by the library "
                    <b>"GGUF"</b>
                    ": the files are in each model's "
                    <b>"Files"</b>
                    " tab. A small one to begin with: SmolLM2 135M Instruct."
                </li>
                <li>"Put it in " <code>{folder}</code></li>
                <li>
                    "or let Whittle read the folder where it is: "
                    <code>"whittle serve --models DIR"</code>
                </li>
                <li>"Reload this page."</li>
            </ol>
        </div>
    }
}
