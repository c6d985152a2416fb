//! Files, and signals to other programs, closed by Landlock.

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, LandlockStatus, PathBeneath, PathFd,
    RestrictionStatus, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus,
    Scope,
};

/// The newest that this was written for; an older kernel does what it can.
const NEWEST: ABI = ABI::V6;

/// Leaves the models and the folder, or all files for the drivers of a GPU. Gives the
/// version of Landlock that closed the rest, or why none did.
pub(super) fn close(
    model_fds: &[i32],
    write_to: Option<&Path>,
    has_gpu: bool,
) -> Result<ABI, String> {
    let confine = || -> Result<RestrictionStatus, RulesetError> {
        let ruleset = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessNet::from_all(NEWEST))?
            .scope(Scope::from_all(NEWEST))?;
        if has_gpu {
            return ruleset.create()?.restrict_self();
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
        ruleset.restrict_self()
    };
    let status = confine().map_err(|error| format!("the kernel refused Landlock: {error}"))?;
    match status.landlock {
        LandlockStatus::Available { effective_abi, .. }
            if status.ruleset != RulesetStatus::NotEnforced =>
        {
            Ok(effective_abi)
        }
        _ => Err(
            "this kernel has no Landlock (Linux 5.13 and later have, where it is enabled)"
                .to_owned(),
        ),
    }
}

/// A path that leads to an open file.
fn path_of(fd: i32) -> String {
    format!("/proc/self/fd/{fd}")
}
