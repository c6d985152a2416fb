//! What a worker may touch once native code runs: its models' descriptors and its
//! output folder; no other file, no network, no signals to others.

#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod network;
#[cfg(target_os = "linux")]
mod state;

use std::path::Path;

use crate::domain::environment::Sandbox;

/// Leaves open the models' descriptors, for reading, and the folder `write_to`.
/// Closes everything else, for this thread and all that it will start: call it
/// before there are others. A kernel that cannot is no reason to stop.
#[cfg(target_os = "linux")]
pub(super) fn confine(model_fds: &[i32], write_to: Option<&Path>) -> Sandbox {
    let has_gpu = cfg!(any(feature = "cuda", feature = "metal", feature = "vulkan"));
    // First: it asks a file whether it may.
    let network = network::close(has_gpu);
    let files = files::close(model_fds, write_to, has_gpu);
    state::state(has_gpu, files, network)
}

/// Closes nothing: there are no such calls on this system.
#[cfg(not(target_os = "linux"))]
pub(super) fn confine(_: &[i32], _: Option<&Path>) -> Sandbox {
    Sandbox::Off {
        reason: "Landlock and seccomp exist on Linux alone".to_owned(),
    }
}
