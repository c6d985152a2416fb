//! How a variant is used in other programs.

use leptos::prelude::*;

use crate::components::copy::Copyable;
use crate::domain::model::ModelId;

/// Its path, and what llama.cpp's server and Ollama take.
#[component]
pub(super) fn Elsewhere(
    /// The recipe.
    label: String,
    /// Its id.
    id: ModelId,
    /// Its file.
    path: String,
) -> impl IntoView {
    let server = format!("llama-server -m {}", shell_word(&path));
    let modelfile = format!("FROM {}", modelfile_word(&path));
    let create = format!("ollama create {id} -f Modelfile");
    view! {
        <dl class="terms wide">
            <div>
                <dt>"File"</dt>
                <dd>
                    <Copyable what="path" whose=label.clone() text=path/>
                </dd>
            </div>
            <div>
                <dt>"llama.cpp's server"</dt>
                <dd>
                    <Copyable what="llama-server line" whose=label.clone() text=server/>
                </dd>
            </div>
            <div>
                <dt>"Ollama: a file named Modelfile with this line"</dt>
                <dd>
                    <Copyable what="Modelfile" whose=label.clone() text=modelfile/>
                </dd>
            </div>
            <div>
                <dt>"and then"</dt>
                <dd>
                    <Copyable what="ollama line" whose=label text=create/>
                </dd>
            </div>
        </dl>
    }
}

/// A path as one word of a shell.
fn shell_word(path: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%".contains(c);
    match path.chars().all(is_plain) {
        true => path.to_owned(),
        false => format!("'{}'", path.replace('\'', r"'\''")),
    }
}

/// A path as a Modelfile takes it.
fn modelfile_word(path: &str) -> String {
    match path.contains(char::is_whitespace) {
        true => format!("\"{path}\""),
        false => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_one_word() {
        assert_eq!(shell_word("/a/b-c.gguf"), "/a/b-c.gguf");
        assert_eq!(shell_word("/it's a/b"), r"'/it'\''s a/b'");
        assert_eq!(modelfile_word("/a b"), "\"/a b\"");
    }
}
