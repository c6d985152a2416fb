//! What a worker may touch once native code runs: its models' descriptors, its
//! output folder, nothing else of the file system, no network.

use std::path::Path;

use crate::domain::environment::Sandbox;

/// Leaves open the models' descriptors, for reading, and the folder `write_to`.
/// Closes everything else, for this thread and all that it will start: call it
/// before there are others. A kernel that cannot is no reason to stop.
#[cfg(target_os = "linux")]
pub(super) fn confine(model_fds: &[i32], write_to: Option<&Path>) -> Sandbox {
    match landlock(model_fds, write_to) {
        Ok(sandbox) => sandbox,
        Err(reason) => Sandbox::Off { reason },
    }
}

/// Closes nothing: there is no such call on this system.
#[cfg(not(target_os = "linux"))]
pub(super) fn confine(_: &[i32], _: Option<&Path>) -> Sandbox {
    Sandbox::Off {
        reason: "Landlock exists on Linux alone".to_owned(),
    }
}

#[cfg(target_os = "linux")]
fn landlock(model_fds: &[i32], write_to: Option<&Path>) -> Result<Sandbox, String> {
    use landlock::{
        ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset,
        RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
    };

    // The newest that this was written for; an older kernel does what it can.
    const NEWEST: ABI = ABI::V6;
    let has_gpu = cfg!(any(feature = "cuda", feature = "metal", feature = "vulkan"));
    let confine = || -> Result<RulesetStatus, RulesetError> {
        let ruleset = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessNet::from_all(NEWEST))?
            .scope(Scope::from_all(NEWEST))?;
        if has_gpu {
            return Ok(ruleset.create()?.restrict_self()?.ruleset);
        }
        let mut ruleset = ruleset
            .handle_access(AccessFs::from_all(NEWEST))?
            .create()?;
        for model in model_fds
            .iter()
            .filter_map(|fd| PathFd::new(path_of(*fd)).ok())
        {
            ruleset = ruleset.add_rule(PathBeneath::new(model, AccessFs::ReadFile))?;
        }
        if let Some(folder) = write_to.and_then(|folder| PathFd::new(folder).ok()) {
            let everything = AccessFs::from_all(NEWEST);
            ruleset = ruleset.add_rule(PathBeneath::new(folder, everything))?;
        }
        Ok(ruleset.restrict_self()?.ruleset)
    };
    let status = confine().map_err(|error| format!("the kernel refused it: {error}"))?;
    Ok(match status {
        RulesetStatus::NotEnforced => Sandbox::Off {
            reason: "this kernel has no Landlock (Linux 5.13 and later have, where it is enabled)"
                .to_owned(),
        },
        _ if has_gpu => Sandbox::Partial {
            reason: "the drivers of a GPU need the file system; the network is closed".to_owned(),
        },
        RulesetStatus::PartiallyEnforced => Sandbox::Partial {
            reason:
                "this kernel closes the file system and not the network (Linux 6.12 closes both)"
                    .to_owned(),
        },
        RulesetStatus::FullyEnforced => Sandbox::Full,
    })
}

/// A path that leads to an open file.
#[cfg(target_os = "linux")]
fn path_of(fd: i32) -> String {
    format!("/proc/self/fd/{fd}")
}
