//! What the engine was built with and which devices it sees.

#![expect(unsafe_code, reason = "asks llama.cpp about itself")]

use std::ffi::{CStr, c_char};

use llama_cpp_sys_2 as sys;

use crate::domain::environment::{ENGINE_VERSION, EngineInfo};

/// The back ends that Whittle's cargo features pass through, with whether this
/// binary has them.
const EVERY_BACK_END: [(&str, bool); 4] = [
    ("CPU", true),
    ("CUDA", cfg!(feature = "cuda")),
    ("Metal", cfg!(feature = "metal")),
    ("Vulkan", cfg!(feature = "vulkan")),
];

/// Everything the engine says of itself.
pub(crate) fn engine_info() -> EngineInfo {
    let system_info = system_info();
    EngineInfo {
        version: format!("{ENGINE_VERSION}, ggml {}", ggml_version()),
        missing_instruction_sets: missing_instruction_sets(&system_info),
        system_info,
        built_with: EVERY_BACK_END
            .iter()
            .filter(|(_, built)| *built)
            .map(|(name, _)| (*name).to_owned())
            .collect(),
    }
}

/// What computes a model of which `n_gpu_layers` layers may go to a GPU: all that
/// llama.cpp may divide them among. What lies where in the end it tells nobody.
pub(crate) fn device_name(n_gpu_layers: u32) -> String {
    let gpus = match n_gpu_layers {
        0 => Vec::new(),
        _ => gpus(),
    };
    match gpus.as_slice() {
        [] => "CPU".to_owned(),
        gpus => format!("{}, up to {n_gpu_layers} layers", gpus.join(" and ")),
    }
}

/// The GPUs that llama.cpp uses: those with memory of their own, or where there is
/// none of these, those that share the processor's.
fn gpus() -> Vec<String> {
    let own = devices_of(sys::GGML_BACKEND_DEVICE_TYPE_GPU);
    match own.is_empty() {
        true => devices_of(sys::GGML_BACKEND_DEVICE_TYPE_IGPU),
        false => own,
    }
}

fn system_info() -> String {
    // SAFETY: returns a NUL-terminated text in a static buffer that only the
    // next call of the same function changes; it is copied at once, and a
    // worker asks from one thread.
    let text = unsafe { text(sys::llama_print_system_info()) };
    text.trim().trim_end_matches('|').trim().to_owned()
}

fn ggml_version() -> String {
    // SAFETY: returns a constant NUL-terminated text.
    unsafe { text(sys::ggml_version()) }
}

fn devices_of(kind: sys::ggml_backend_dev_type) -> Vec<String> {
    // SAFETY: the registry of devices is built at start and never shrinks, so
    // every index below the count gives a device that lives for ever, and its
    // description is a NUL-terminated text.
    unsafe {
        (0..sys::ggml_backend_dev_count())
            .map(|i| sys::ggml_backend_dev_get(i))
            .filter(|device| sys::ggml_backend_dev_type(*device) == kind)
            .map(|device| text(sys::ggml_backend_dev_description(device)))
            .collect()
    }
}

/// Copies a text of C.
///
/// # Safety
/// `pointer` is null or points to a NUL-terminated text.
unsafe fn text(pointer: *const c_char) -> String {
    if pointer.is_null() {
        return String::new();
    }
    // SAFETY: not null, and the caller promises the rest.
    unsafe { CStr::from_ptr(pointer) }
        .to_string_lossy()
        .into_owned()
}

/// Instruction sets of this processor that the system-info line lacks. The
/// build script of llama-cpp-sys-2 leaves them out silently when it does not
/// see `target-cpu=native`, and the figures are then not llama.cpp's own.
#[cfg(target_arch = "x86_64")]
fn missing_instruction_sets(system_info: &str) -> Vec<String> {
    let present = [
        ("AVX", std::arch::is_x86_feature_detected!("avx")),
        ("AVX2", std::arch::is_x86_feature_detected!("avx2")),
        ("FMA", std::arch::is_x86_feature_detected!("fma")),
        ("F16C", std::arch::is_x86_feature_detected!("f16c")),
        ("AVX512", std::arch::is_x86_feature_detected!("avx512f")),
        (
            "AVX512_VNNI",
            std::arch::is_x86_feature_detected!("avx512vnni"),
        ),
        (
            "AVX512_BF16",
            std::arch::is_x86_feature_detected!("avx512bf16"),
        ),
    ];
    lacking(system_info, &present)
}

#[cfg(target_arch = "aarch64")]
fn missing_instruction_sets(system_info: &str) -> Vec<String> {
    let present = [
        (
            "DOTPROD",
            std::arch::is_aarch64_feature_detected!("dotprod"),
        ),
        (
            "MATMUL_INT8",
            std::arch::is_aarch64_feature_detected!("i8mm"),
        ),
    ];
    lacking(system_info, &present)
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn missing_instruction_sets(_: &str) -> Vec<String> {
    Vec::new()
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn lacking(system_info: &str, present: &[(&str, bool)]) -> Vec<String> {
    let built_for = |name: &str| {
        system_info
            .split(['|', ':'])
            .any(|part| part.trim() == format!("{name} = 1"))
    };
    present
        .iter()
        .filter(|(name, present)| *present && !built_for(name))
        .map(|(name, _)| (*name).to_owned())
        .collect()
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_set_that_the_engine_lacks_is_named() {
        let line = "CPU : SSE3 = 1 | AVX = 1 | AVX2 = 1";
        let present = [("AVX2", true), ("AVX512", true), ("FMA", false)];
        assert_eq!(lacking(line, &present), ["AVX512"]);
    }

    #[test]
    fn the_engine_is_built_for_this_processor() {
        assert_eq!(engine_info().missing_instruction_sets, Vec::<String>::new());
    }
}
