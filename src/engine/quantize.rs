//! Rewriting a model with llama.cpp's own quantize call.

#![expect(unsafe_code, reason = "calls llama.cpp's quantize function")]

use std::ffi::CString;
use std::path::Path;

use llama_cpp_sys_2 as sys;

use super::error::EngineError;
use super::log;

/// Rows held in memory at once; llama.cpp's own default is 8 GiB.
const MAX_BUFFER_BYTES: usize = 1 << 30;

/// Writes the model at `source` to `target` with F16 weights, whatever their
/// type; `provenance` (at most 127 bytes) is kept in `whittle.provenance`.
pub(crate) fn upcast_to_f16(
    source: &Path,
    target: &Path,
    provenance: &str,
) -> Result<(), EngineError> {
    let path = |path: &Path| {
        CString::new(path.as_os_str().as_encoded_bytes()).map_err(|_| EngineError::Nul("the path"))
    };
    let (source, target) = (path(source)?, path(target)?);
    let overrides = [
        string_override("whittle.provenance", provenance),
        end_of_overrides(),
    ];
    // SAFETY: takes nothing, gives a plain struct.
    let mut params = unsafe { sys::llama_model_quantize_default_params() };
    params.ftype = sys::LLAMA_FTYPE_MOSTLY_F16;
    params.allow_requantize = true;
    params.max_buf_size = MAX_BUFFER_BYTES;
    params.kv_overrides = overrides.as_ptr();
    // SAFETY: paths are NUL-terminated, the overrides end with an empty key,
    // and all of them outlive the call. C++ exceptions are caught inside.
    let code = unsafe { sys::llama_model_quantize(source.as_ptr(), target.as_ptr(), &params) };
    if code == 0 {
        Ok(())
    } else {
        Err(EngineError::Quantize(log::last_error()))
    }
}

fn string_override(key: &str, value: &str) -> sys::llama_model_kv_override {
    sys::llama_model_kv_override {
        tag: sys::LLAMA_KV_OVERRIDE_TYPE_STR,
        key: c_text(key),
        __bindgen_anon_1: sys::llama_model_kv_override__bindgen_ty_1 {
            val_str: c_text(value),
        },
    }
}

fn end_of_overrides() -> sys::llama_model_kv_override {
    string_override("", "")
}

/// A text in C's fixed 128 bytes, cut at 127 and NUL-terminated.
fn c_text(text: &str) -> [std::ffi::c_char; 128] {
    let mut bytes = [0; 128];
    for (to, from) in bytes.iter_mut().zip(text.bytes().take(127)) {
        *to = from.cast_signed() as std::ffi::c_char;
    }
    bytes
}
