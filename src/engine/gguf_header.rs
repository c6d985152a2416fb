//! What ggml's own reader finds in a GGUF file: for tests, which hold Whittle's reader
//! and writer against it.

#![expect(unsafe_code, reason = "calls ggml's reader of GGUF files")]

use std::ffi::{CStr, c_char};
use std::ops::Range;
use std::ptr;

use llama_cpp_sys_2 as sys;

/// A file's keys and tensors, in its order.
#[derive(Debug)]
pub(crate) struct GgufHeader {
    pub(crate) keys: Vec<String>,
    /// Each with ggml's number of its type, and where its bytes are in the file.
    pub(crate) tensors: Vec<(String, u32, Range<usize>)>,
}

/// Reads a file that is in memory; none: ggml refuses it.
pub(crate) fn read_gguf(bytes: &[u8]) -> Option<GgufHeader> {
    let params = sys::gguf_init_params {
        no_alloc: true,
        ctx: ptr::null_mut(),
    };
    // SAFETY: as many bytes are read as there are, and none is kept: no tensors are
    // asked for.
    let header = unsafe { sys::gguf_init_from_buffer(bytes.as_ptr().cast(), bytes.len(), params) };
    if header.is_null() {
        return None;
    }
    // SAFETY: the header is there until it is freed, which is at the end; the numbers are
    // below the counts, and a name ends with a zero and lives as long as the header.
    unsafe {
        let text = |name: *const c_char| CStr::from_ptr(name).to_string_lossy().into_owned();
        let begin = sys::gguf_get_data_offset(header);
        let key = |id| text(sys::gguf_get_key(header, id));
        let tensor = |id| {
            let begin = begin + sys::gguf_get_tensor_offset(header, id);
            let end = begin + sys::gguf_get_tensor_size(header, id);
            let name = text(sys::gguf_get_tensor_name(header, id));
            (name, sys::gguf_get_tensor_type(header, id), begin..end)
        };
        let found = GgufHeader {
            keys: (0..sys::gguf_get_n_kv(header)).map(key).collect(),
            tensors: (0..sys::gguf_get_n_tensors(header)).map(tensor).collect(),
        };
        sys::gguf_free(header);
        Some(found)
    }
}
