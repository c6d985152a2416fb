//! What stands where models will: how to bring one, or how far those that were found
//! are read.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::components::words;
use crate::domain::model::LibraryListing;
use crate::domain::units;

/// Teaches how to add a model.
#[component]
pub fn NoModels(
    /// Where the user puts models, as shown.
    #[prop(into)]
    folder: String,
    /// Files that were found and cannot be measured.
    n_unusable: usize,
) -> impl IntoView {
    let title = match n_unusable {
        0 => "No model yet",
        _ => "No model that can be measured",
    };
    let unusable = (n_unusable > 0).then(|| {
        let files = words::plural(n_unusable as u64, "file was", "files were");
        view! {
            <p class="note">
                {format!("{files} found that cannot be measured. ")}
                <A href="/models#unusable-title">"See why"</A>
            </p>
        }
    });
    view! {
        <div class="empty">
            <h3>{title}</h3>
            <p>"Whittle measures language models in GGUF files, on this machine."</p>
            {unusable}
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

/// Says that models were found, and how far they are read.
#[component]
pub fn BeingChecked(
    /// The library as it is now.
    library: ReadSignal<LibraryListing>,
) -> impl IntoView {
    let title = being_checked(library, |n| {
        format!(
            "{} found, being checked",
            words::plural(n, "model", "models")
        )
    });
    view! {
        <div class="empty">
            <div role="status" aria-live="polite">
                <h3>{title}</h3>
            </div>
            <HowFarRead library/>
        </div>
    }
}

/// The same above models that are there already.
#[component]
pub fn MoreBeingChecked(
    /// The library as it is now.
    library: ReadSignal<LibraryListing>,
) -> impl IntoView {
    let title = being_checked(library, |n| {
        let files = words::plural(n, "more file is", "more files are");
        format!("{files} being checked")
    });
    view! {
        <div class="inset arriving">
            <p role="status" aria-live="polite">
                {title}
            </p>
            <HowFarRead library/>
        </div>
    }
}

/// How many files are being checked, in words: what is read out changes with the files, not
/// with their bytes.
fn being_checked(library: ReadSignal<LibraryListing>, in_words: fn(u64) -> String) -> Memo<String> {
    Memo::new(move |_| library.with(|now| in_words(now.n_pending.into())))
}

/// How much of the files that are being checked was read, and why they are.
#[component]
fn HowFarRead(library: ReadSignal<LibraryListing>) -> impl IntoView {
    let share = move || library.with(|now| format!("{:.3}", now.share_read()));
    let read = move || {
        let megabytes = |bytes: u64| units::number(bytes as f64 / 1e6);
        library.with(|now| {
            let (read, all) = (now.pending_read_bytes, now.pending_bytes);
            format!("{} of {} MB read.", megabytes(read), megabytes(all))
        })
    };
    view! {
        <progress
            class="progress"
            max="1"
            value=share
            aria-label="Share that is read of the models that were found"
        ></progress>
        <p>
            "Each file is read once, whole: a model is known by its content. It then appears \
             here by itself. While anything is measured on this machine, here or by another \
             Whittle, reading waits."
        </p>
        <p class="note">{read}</p>
        <LoadAgain/>
    }
}

/// What to do where nothing appears by itself.
#[component]
fn LoadAgain() -> impl IntoView {
    view! {
        <noscript>
            <p class="note">"Without JavaScript: load this page again in a moment."</p>
        </noscript>
    }
}
