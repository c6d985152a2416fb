//! Dressing a prompt in the model's chat template.

#![expect(unsafe_code, reason = "calls llama.cpp's chat template function")]

use std::ffi::CString;

use llama_cpp_sys_2 as sys;

use super::model::Model;
use crate::domain::environment::ChatTemplate;

/// A prompt ready for the tokenizer.
pub(crate) struct Dressed {
    /// The text.
    pub(crate) text: String,
    /// Whether it is the template's or the user's own.
    pub(crate) template: ChatTemplate,
}

/// Dresses `prompt` as a user's message. llama.cpp knows a list of templates
/// and runs no Jinja: with any other the raw prompt is used, and it is said.
pub(crate) fn dress(model: &Model, prompt: &str) -> Dressed {
    let raw = |reason: &str| Dressed {
        text: prompt.to_owned(),
        template: ChatTemplate::RawPrompt(reason.to_owned()),
    };
    let Some(template) = model.chat_template() else {
        return raw("the model has no chat template");
    };
    match apply(&template, prompt) {
        Some(text) => Dressed {
            text,
            template: ChatTemplate::Applied,
        },
        None => raw("the model's chat template is not one that llama.cpp knows"),
    }
}

fn apply(template: &str, prompt: &str) -> Option<String> {
    let template = CString::new(template).ok()?;
    let content = CString::new(prompt).ok()?;
    let message = sys::llama_chat_message {
        role: c"user".as_ptr(),
        content: content.as_ptr(),
    };
    let mut buffer = vec![0u8; 2 * prompt.len() + 512];
    let mut n = apply_into(&template, &message, &mut buffer)?;
    if n > buffer.len() {
        buffer.resize(n, 0);
        n = apply_into(&template, &message, &mut buffer)?;
    }
    buffer.truncate(n);
    String::from_utf8(buffer).ok()
}

fn apply_into(
    template: &CString,
    message: &sys::llama_chat_message,
    buffer: &mut [u8],
) -> Option<usize> {
    let length = i32::try_from(buffer.len()).ok()?;
    // SAFETY: template and message are NUL-terminated and outlive the call;
    // the buffer is passed with its length.
    let n = unsafe {
        sys::llama_chat_apply_template(
            template.as_ptr(),
            message,
            1,
            true,
            buffer.as_mut_ptr().cast(),
            length,
        )
    };
    usize::try_from(n).ok().filter(|n| *n > 0)
}
