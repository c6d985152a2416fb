//! What the section is for, while it has nothing to show.

use leptos::prelude::*;

/// What quantizing does, and what a run does.
#[component]
pub fn Teaching() -> impl IntoView {
    view! {
        <div class="empty" id="quantization-teaching">
            <p>
                "A quantized model keeps fewer bits of each weight: its file is smaller, and a \
                 processor that waits for memory is faster. Choose a level and run. Whittle then"
            </p>
            <ol>
                <li>"makes the file with llama.cpp, once: it is kept and used again,"</li>
                <li>
                    "measures it and the baseline in turns, in fresh launches, since two measurements \
                     minutes apart do not compare,"
                </li>
                <li>"says which differences are real, and with quality on, what they cost."</li>
            </ol>
        </div>
    }
}
