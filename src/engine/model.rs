//! A loaded model: its weights, its vocabulary, its chat template.

#![expect(unsafe_code, reason = "calls llama.cpp's model functions")]

use std::ffi::{CStr, CString, c_void};
use std::path::Path;
use std::ptr::{self, NonNull};

use llama_cpp_sys_2 as sys;

use super::error::EngineError;
use super::log;

/// A token's number in the vocabulary.
pub(crate) type Token = sys::llama_token;

/// How to load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ModelOptions {
    /// Map the file instead of reading it.
    pub(crate) mmap: bool,
    /// Layers on a GPU; 0: none.
    pub(crate) n_gpu_layers: u32,
}

/// A model in memory; freed when dropped.
pub(crate) struct Model {
    raw: NonNull<sys::llama_model>,
}

impl Model {
    /// Loads the file at `path`, calling `on_progress` with 0 to 1.
    pub(crate) fn load(
        path: &Path,
        options: ModelOptions,
        mut on_progress: impl FnMut(f32),
    ) -> Result<Self, EngineError> {
        let mut on_progress: &mut dyn FnMut(f32) = &mut on_progress;
        // SAFETY: takes nothing, gives a plain struct.
        let mut params = unsafe { sys::llama_model_default_params() };
        params.n_gpu_layers = i32::try_from(options.n_gpu_layers).unwrap_or(i32::MAX);
        params.load_mode = if options.mmap {
            sys::LLAMA_LOAD_MODE_MMAP
        } else {
            sys::LLAMA_LOAD_MODE_NONE
        };
        // Validates quantized rows: the file may be anybody's.
        params.check_tensors = true;
        params.progress_callback = Some(report_progress);
        params.progress_callback_user_data = ptr::from_mut(&mut on_progress).cast();
        // SAFETY: the callback is called during the call only, with the pointer
        // to `on_progress`, which outlives it.
        unsafe { Self::load_with(path, params) }
    }

    /// Loads the file at `path`.
    ///
    /// # Safety
    /// What `params` point to, and the callback reads, outlives the call.
    pub(super) unsafe fn load_with(
        path: &Path,
        params: sys::llama_model_params,
    ) -> Result<Self, EngineError> {
        let path = CString::new(path.as_os_str().as_encoded_bytes())
            .map_err(|_| EngineError::Nul("the path"))?;
        // SAFETY: `path` is NUL-terminated and outlives the call; the caller
        // promises the rest.
        let raw = unsafe { sys::llama_model_load_from_file(path.as_ptr(), params) };
        let raw = NonNull::new(raw).ok_or_else(|| EngineError::Load(log::last_error()))?;
        let model = Self { raw };
        // SAFETY: the model is alive.
        if unsafe { sys::llama_model_has_encoder(model.as_ptr()) } {
            return Err(EngineError::NotATextModel(
                "the model has an encoder; Whittle measures decoder-only text models".to_owned(),
            ));
        }
        Ok(model)
    }

    /// Turns a text into tokens. `parse_special` lets the marks of a chat
    /// template become their tokens; it stays off for raw user text.
    pub(crate) fn tokenize(
        &self,
        text: &str,
        parse_special: bool,
    ) -> Result<Vec<Token>, EngineError> {
        let n_bytes = i32::try_from(text.len())
            .map_err(|_| EngineError::Tokenize("it is longer than 2 GiB".to_owned()))?;
        // A token covers at least a byte, apart from BOS and EOS.
        let mut tokens = vec![0; text.len() + 8];
        let n_most = i32::try_from(tokens.len()).unwrap_or(i32::MAX);
        // SAFETY: the text is passed with its length, the buffer with its own.
        let n = unsafe {
            sys::llama_tokenize(
                self.vocab(),
                text.as_ptr().cast(),
                n_bytes,
                tokens.as_mut_ptr(),
                n_most,
                true,
                parse_special,
            )
        };
        let n = usize::try_from(n).map_err(|_| EngineError::Tokenize(log::last_error()))?;
        tokens.truncate(n);
        Ok(tokens)
    }

    /// Turns tokens into a text; bytes that are no UTF-8 become replacement
    /// characters.
    pub(crate) fn detokenize(&self, tokens: &[Token]) -> String {
        String::from_utf8_lossy(&self.bytes(tokens)).into_owned()
    }

    /// Turns tokens into bytes: a token may end within a character.
    pub(crate) fn bytes(&self, tokens: &[Token]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(tokens.len() * 4);
        for token in tokens {
            self.push_piece(*token, &mut bytes);
        }
        bytes
    }

    fn push_piece(&self, token: Token, bytes: &mut Vec<u8>) {
        let mut piece = [0u8; 64];
        let n = self.piece_into(token, &mut piece);
        match usize::try_from(n) {
            Ok(n) => bytes.extend_from_slice(&piece[..n.min(piece.len())]),
            // A negative number is the size that it needs.
            Err(_) => {
                let mut piece = vec![0; n.unsigned_abs() as usize];
                let n = usize::try_from(self.piece_into(token, &mut piece)).unwrap_or(0);
                bytes.extend_from_slice(&piece[..n.min(piece.len())]);
            }
        }
    }

    fn piece_into(&self, token: Token, piece: &mut [u8]) -> i32 {
        let length = i32::try_from(piece.len()).unwrap_or(i32::MAX);
        // SAFETY: the buffer is passed with its length; a token out of range
        // is refused by llama.cpp itself.
        unsafe {
            sys::llama_token_to_piece(
                self.vocab(),
                token,
                piece.as_mut_ptr().cast(),
                length,
                0,
                false,
            )
        }
    }

    /// Whether `token` ends an answer.
    pub(crate) fn is_end_of_generation(&self, token: Token) -> bool {
        // SAFETY: the vocabulary is alive; any number is taken.
        unsafe { sys::llama_vocab_is_eog(self.vocab(), token) }
    }

    /// The token that begins a text, where the model wants one.
    pub(crate) fn bos(&self) -> Option<Token> {
        // SAFETY: the vocabulary is alive.
        let (wanted, bos) = unsafe {
            (
                sys::llama_vocab_get_add_bos(self.vocab()),
                sys::llama_vocab_bos(self.vocab()),
            )
        };
        (wanted && bos >= 0).then_some(bos)
    }

    /// The token that ends an answer: of a turn where the vocabulary has one, else of
    /// a text.
    pub(crate) fn end_of_turn(&self) -> Option<Token> {
        // SAFETY: the vocabulary is alive.
        let (turn, text) = unsafe {
            (
                sys::llama_vocab_eot(self.vocab()),
                sys::llama_vocab_eos(self.vocab()),
            )
        };
        [turn, text].into_iter().find(|token| *token >= 0)
    }

    /// Number of tokens in the vocabulary.
    pub(crate) fn n_vocab(&self) -> usize {
        // SAFETY: the vocabulary is alive.
        let n = unsafe { sys::llama_vocab_n_tokens(self.vocab()) };
        usize::try_from(n).unwrap_or(0)
    }

    /// Numbers of a hidden state.
    pub(crate) fn n_embd(&self) -> usize {
        // SAFETY: the model is alive.
        let n = unsafe { sys::llama_model_n_embd(self.as_ptr()) };
        usize::try_from(n).unwrap_or(0)
    }

    /// The model's own chat template, if it has one.
    pub(crate) fn chat_template(&self) -> Option<String> {
        // SAFETY: null asks for the default template; the text, if any, is
        // NUL-terminated and lives as long as the model.
        unsafe {
            let template = sys::llama_model_chat_template(self.as_ptr(), ptr::null());
            (!template.is_null()).then(|| CStr::from_ptr(template).to_string_lossy().into_owned())
        }
    }

    pub(super) fn as_ptr(&self) -> *mut sys::llama_model {
        self.raw.as_ptr()
    }

    pub(super) fn vocab(&self) -> *const sys::llama_vocab {
        // SAFETY: the model is alive and owns its vocabulary.
        unsafe { sys::llama_model_get_vocab(self.as_ptr()) }
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        // SAFETY: the pointer came from a load, is freed once, and every
        // context borrows the model, so that none outlives it.
        unsafe { sys::llama_model_free(self.as_ptr()) };
    }
}

extern "C" fn report_progress(fraction: f32, on_progress: *mut c_void) -> bool {
    // SAFETY: `load` passes a pointer to a `&mut dyn FnMut(f32)` that outlives
    // the call which calls this.
    let on_progress = unsafe { &mut *on_progress.cast::<&mut dyn FnMut(f32)>() };
    on_progress(fraction);
    true
}
