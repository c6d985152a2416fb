//! A model's vocabulary alone, and whether two are the same.

#![expect(unsafe_code, reason = "calls llama.cpp's vocabulary functions")]

use std::ffi::CStr;
use std::path::Path;

use llama_cpp_sys_2 as sys;

use super::error::EngineError;
use super::model::{Model, Token};

/// Longest token that is quoted, in characters.
const QUOTED_CHARS: usize = 40;

impl Model {
    /// Loads the vocabulary of the file at `path` without its weights.
    pub(crate) fn load_vocabulary(path: &Path) -> Result<Self, EngineError> {
        // SAFETY: takes nothing, gives a plain struct.
        let mut params = unsafe { sys::llama_model_default_params() };
        params.vocab_only = true;
        // SAFETY: the default parameters point to nothing.
        let model = unsafe { Self::load_with(path, params)? };
        // SAFETY: the model is alive and owns its vocabulary.
        let kind = unsafe { sys::llama_vocab_type(model.vocab()) };
        if kind == sys::LLAMA_VOCAB_TYPE_NONE {
            return Err(EngineError::NotATextModel(
                "the model has no vocabulary, so that no text can be put to it".to_owned(),
            ));
        }
        Ok(model)
    }

    /// How this vocabulary differs from `baseline`'s, as a clause; none where
    /// the same number means the same token in both, and a text begins alike.
    pub(crate) fn vocabulary_difference(&self, baseline: &Self) -> Option<String> {
        let (ours, theirs) = (self.n_vocab(), baseline.n_vocab());
        if ours != theirs {
            return Some(format!(
                "it has {ours} tokens and the baseline's has {theirs}"
            ));
        }
        let n_tokens = Token::try_from(ours).unwrap_or(Token::MAX);
        let differing = (0..n_tokens).find(|token| self.text(*token) != baseline.text(*token));
        if let Some(token) = differing {
            return Some(format!(
                "token {token} is {} and in the baseline's {}",
                quoted(&self.text(token)),
                quoted(&baseline.text(token))
            ));
        }
        (self.bos() != baseline.bos()).then(|| {
            let named = |bos: Option<Token>| {
                bos.map_or_else(
                    || "no special token".to_owned(),
                    |bos| format!("token {bos}"),
                )
            };
            format!(
                "a text begins with {} and in the baseline's with {}",
                named(self.bos()),
                named(baseline.bos())
            )
        })
    }

    /// A token as the file writes it.
    fn text(&self, token: Token) -> Vec<u8> {
        // SAFETY: the caller counts below `n_vocab`, and `load_vocabulary` refuses
        // a model without vocabulary; the text is NUL-terminated and lives as long
        // as the model.
        unsafe {
            let text = sys::llama_vocab_get_text(self.vocab(), token);
            if text.is_null() {
                return Vec::new();
            }
            CStr::from_ptr(text).to_bytes().to_vec()
        }
    }
}

/// A token for a message: files are anybody's.
fn quoted(text: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(text)
        .chars()
        .take(QUOTED_CHARS)
        .collect();
    format!("{text:?}")
}
