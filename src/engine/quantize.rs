//! Rewriting a model with llama.cpp's own quantize call.

#![expect(unsafe_code, reason = "calls llama.cpp's quantize function")]

use std::ffi::{CStr, CString, c_char};
use std::path::Path;
use std::{ptr, thread};

use llama_cpp_sys_2 as sys;

use super::error::EngineError;
use super::imatrix::Imatrix;
use super::log;
use super::quantize_log::{Fallbacks, Sizes, tensor_number};
use crate::domain::quantization::QuantizationType;
use crate::domain::variant::{Fallback, shortened};

/// Rows held in memory at once; llama.cpp's own default is 8 GiB.
const MAX_BUFFER_BYTES: usize = 1 << 30;
/// GGUF's alignment, at which llama.cpp writes each tensor.
const ALIGNMENT: u64 = 32;

/// How to write a model anew.
pub(crate) struct QuantizeOptions<'a> {
    /// As what.
    pub(crate) level: QuantizationType,
    /// By how much errors count.
    pub(crate) imatrix: Option<&'a Imatrix>,
    /// Whether weights that are quantized already may be quantized again.
    pub(crate) allow_requantize: bool,
    /// Threads.
    pub(crate) n_threads: u32,
    /// Kept in `whittle.provenance`, shortened to 127 bytes.
    pub(crate) provenance: &'a str,
}

/// Writes the model at `source` to `target`; tells each tensor's number and how
/// many there are. Returns which tensors got another type than was meant.
pub(crate) fn quantize(
    source: &Path,
    target: &Path,
    options: &QuantizeOptions<'_>,
    mut on_tensor: impl FnMut(u32, u32) + Send,
) -> Result<Vec<Fallback>, EngineError> {
    let overrides = [
        string_override("whittle.provenance", options.provenance),
        end_of_overrides(),
    ];
    let imatrix = options.imatrix.map(CImatrix::of).transpose()?;
    let mut params = default_params(options.level);
    params.nthread = i32::try_from(options.n_threads).unwrap_or(0);
    params.allow_requantize = options.allow_requantize;
    params.kv_overrides = overrides.as_ptr();
    params.imatrix = imatrix
        .as_ref()
        .map_or(ptr::null(), |imatrix| imatrix.list.as_ptr());
    let mut fallbacks = Fallbacks::default();
    // SAFETY: the overrides end with an empty key and the matrix with an empty
    // name; both outlive the call.
    unsafe {
        run(source, target, &params, |text| {
            if let Some((n, of)) = tensor_number(text) {
                on_tensor(n, of);
            }
            fallbacks.read(text);
        })?;
    }
    Ok(fallbacks.found())
}

/// Bytes of all tensors once they are quantized so, without doing it; each is
/// padded as in the file. `with_imatrix`: some tensors get another type then.
pub(crate) fn predict_tensor_bytes(
    source: &Path,
    level: QuantizationType,
    with_imatrix: bool,
) -> Result<u64, EngineError> {
    // That there is one decides; its values count only when weights are written.
    let any = with_imatrix.then(CImatrix::any);
    let mut params = default_params(level);
    params.dry_run = true;
    params.allow_requantize = true;
    params.imatrix = any.as_ref().map_or(ptr::null(), |any| any.list.as_ptr());
    let mut sizes = Sizes::default();
    let mut bytes = Some(0_u64);
    // SAFETY: the matrix ends with an empty name and outlives the call. A dry
    // run writes no file.
    unsafe {
        run(source, Path::new(""), &params, |text| {
            if let Some(tensor) = sizes.read(text) {
                let row = row_bytes(&tensor.kind, tensor.columns);
                let size = row.and_then(|row| row.checked_mul(tensor.rows));
                let padded = size.and_then(|size| size.checked_next_multiple_of(ALIGNMENT));
                bytes = bytes
                    .zip(padded)
                    .and_then(|(sum, size)| sum.checked_add(size));
            }
        })?;
    }
    bytes.filter(|bytes| *bytes > 0).ok_or_else(|| {
        EngineError::Quantize("its log does not say how large the tensors would be".to_owned())
    })
}

/// Writes the model at `source` to `target` with F16 weights, whatever their
/// type; `provenance` (shortened to 127 bytes) is kept in `whittle.provenance`.
pub(crate) fn upcast_to_f16(
    source: &Path,
    target: &Path,
    provenance: &str,
) -> Result<(), EngineError> {
    let options = QuantizeOptions {
        level: QuantizationType::F16,
        imatrix: None,
        allow_requantize: true,
        n_threads: 0,
        provenance,
    };
    quantize(source, target, &options, |_, _| ()).map(drop)
}

fn default_params(level: QuantizationType) -> sys::llama_model_quantize_params {
    // SAFETY: takes nothing, gives a plain struct.
    let mut params = unsafe { sys::llama_model_quantize_default_params() };
    params.ftype = file_type(level);
    params.max_buf_size = MAX_BUFFER_BYTES;
    params
}

/// Calls llama.cpp, with the log to `on_text`: it tells progress in no other way.
///
/// # Safety
/// Everything that `params` points to is terminated as llama.cpp wants it and
/// outlives the call.
unsafe fn run(
    source: &Path,
    target: &Path,
    params: &sys::llama_model_quantize_params,
    mut on_text: impl FnMut(&str) + Send,
) -> Result<(), EngineError> {
    let path = |path: &Path| {
        CString::new(path.as_os_str().as_encoded_bytes()).map_err(|_| EngineError::Nul("the path"))
    };
    let (source, target) = (path(source)?, path(target)?);
    let texts = log::listen();
    let code = thread::scope(|scope| {
        scope.spawn(move || texts.iter().for_each(|text| on_text(&text)));
        // SAFETY: the paths are NUL-terminated and outlive the call; the caller
        // vouches for the rest. C++ exceptions are caught inside.
        let code = unsafe { sys::llama_model_quantize(source.as_ptr(), target.as_ptr(), params) };
        log::stop_listening();
        code
    });
    match code {
        0 => Ok(()),
        _ => Err(EngineError::Quantize(log::last_error())),
    }
}

/// An importance matrix as llama.cpp takes it.
struct CImatrix {
    /// What `list` points to.
    _entries: Vec<(CString, Vec<f32>)>,
    list: Vec<sys::llama_model_imatrix_data>,
}

impl CImatrix {
    fn of(imatrix: &Imatrix) -> Result<Self, EngineError> {
        let entries = imatrix.entries().map(|(name, values)| {
            let name = CString::new(name).map_err(|_| EngineError::Nul("a tensor's name"))?;
            Ok((name, values.to_vec()))
        });
        Ok(Self::listing(entries.collect::<Result<_, EngineError>>()?))
    }

    fn any() -> Self {
        Self::listing(vec![(c"any".to_owned(), vec![1.0])])
    }

    fn listing(entries: Vec<(CString, Vec<f32>)>) -> Self {
        let end = sys::llama_model_imatrix_data {
            name: ptr::null(),
            data: ptr::null(),
            size: 0,
        };
        let list = entries
            .iter()
            .map(|(name, values)| sys::llama_model_imatrix_data {
                name: name.as_ptr(),
                data: values.as_ptr(),
                size: values.len(),
            });
        Self {
            list: list.chain([end]).collect(),
            _entries: entries,
        }
    }
}

/// Bytes of a row of `columns` weights of the type that llama.cpp calls `kind`.
fn row_bytes(kind: &str, columns: u64) -> Option<u64> {
    let columns = i64::try_from(columns).ok()?;
    let named = |id: &sys::ggml_type| {
        // SAFETY: any number below the count is taken; the name, where there is
        // one, is a constant NUL-terminated text.
        unsafe {
            let name = sys::ggml_type_name(*id);
            !name.is_null() && CStr::from_ptr(name).to_bytes() == kind.as_bytes()
        }
    };
    let id = (0..sys::GGML_TYPE_COUNT).find(named)?;
    // SAFETY: the type is one of ggml's. It asserts that whole blocks fit, which
    // is asked before.
    unsafe {
        let block = sys::ggml_blck_size(id);
        (block > 0 && columns % block == 0).then(|| sys::ggml_row_size(id, columns) as u64)
    }
}

fn file_type(level: QuantizationType) -> sys::llama_ftype {
    match level {
        QuantizationType::Q4_0 => sys::LLAMA_FTYPE_MOSTLY_Q4_0,
        QuantizationType::Q5_0 => sys::LLAMA_FTYPE_MOSTLY_Q5_0,
        QuantizationType::Q8_0 => sys::LLAMA_FTYPE_MOSTLY_Q8_0,
        QuantizationType::Q4_1 => sys::LLAMA_FTYPE_MOSTLY_Q4_1,
        QuantizationType::Q5_1 => sys::LLAMA_FTYPE_MOSTLY_Q5_1,
        QuantizationType::Q2_K => sys::LLAMA_FTYPE_MOSTLY_Q2_K,
        QuantizationType::Q2_K_S => sys::LLAMA_FTYPE_MOSTLY_Q2_K_S,
        QuantizationType::Q3_K_S => sys::LLAMA_FTYPE_MOSTLY_Q3_K_S,
        QuantizationType::Q3_K_M => sys::LLAMA_FTYPE_MOSTLY_Q3_K_M,
        QuantizationType::Q3_K_L => sys::LLAMA_FTYPE_MOSTLY_Q3_K_L,
        QuantizationType::Q4_K_S => sys::LLAMA_FTYPE_MOSTLY_Q4_K_S,
        QuantizationType::Q4_K_M => sys::LLAMA_FTYPE_MOSTLY_Q4_K_M,
        QuantizationType::Q5_K_S => sys::LLAMA_FTYPE_MOSTLY_Q5_K_S,
        QuantizationType::Q5_K_M => sys::LLAMA_FTYPE_MOSTLY_Q5_K_M,
        QuantizationType::Q6_K => sys::LLAMA_FTYPE_MOSTLY_Q6_K,
        QuantizationType::IQ4_NL => sys::LLAMA_FTYPE_MOSTLY_IQ4_NL,
        QuantizationType::IQ4_XS => sys::LLAMA_FTYPE_MOSTLY_IQ4_XS,
        QuantizationType::IQ3_M => sys::LLAMA_FTYPE_MOSTLY_IQ3_M,
        QuantizationType::IQ3_S => sys::LLAMA_FTYPE_MOSTLY_IQ3_S,
        QuantizationType::IQ3_XS => sys::LLAMA_FTYPE_MOSTLY_IQ3_XS,
        QuantizationType::IQ3_XXS => sys::LLAMA_FTYPE_MOSTLY_IQ3_XXS,
        QuantizationType::IQ2_M => sys::LLAMA_FTYPE_MOSTLY_IQ2_M,
        QuantizationType::IQ2_S => sys::LLAMA_FTYPE_MOSTLY_IQ2_S,
        QuantizationType::IQ2_XS => sys::LLAMA_FTYPE_MOSTLY_IQ2_XS,
        QuantizationType::IQ2_XXS => sys::LLAMA_FTYPE_MOSTLY_IQ2_XXS,
        QuantizationType::IQ1_M => sys::LLAMA_FTYPE_MOSTLY_IQ1_M,
        QuantizationType::IQ1_S => sys::LLAMA_FTYPE_MOSTLY_IQ1_S,
        QuantizationType::F16 => sys::LLAMA_FTYPE_MOSTLY_F16,
        QuantizationType::BF16 => sys::LLAMA_FTYPE_MOSTLY_BF16,
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

/// Bytes of a text that llama.cpp takes.
const TEXT_LIMIT: usize = 127;

/// A text in C's fixed 128 bytes, shortened to 127 and NUL-terminated.
fn c_text(text: &str) -> [c_char; TEXT_LIMIT + 1] {
    let mut bytes = [0; TEXT_LIMIT + 1];
    let text = shortened(text, TEXT_LIMIT);
    for (to, from) in bytes.iter_mut().zip(text.bytes()) {
        *to = from.cast_signed() as c_char;
    }
    bytes
}
