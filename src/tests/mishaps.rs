//! What can go wrong while a variant is made, brought about in a workshop.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use tokio::sync::Notify;
#[cfg(target_os = "linux")]
use whittle::backend::WorkerError;
use whittle::bench::{Making, Variant, VariantError};
use whittle::domain::recipe::Recipe;

use crate::shop::Shop;
#[cfg(target_os = "linux")]
use crate::workers::{kill, workers_in};

impl Shop {
    /// Whoever wants the variant goes once a stage is reached: nothing is left.
    pub async fn cancel_when(
        &self,
        recipe: &Recipe,
        mut is_reached: impl FnMut(&Making) -> bool + Send,
    ) {
        let reached = Notify::new();
        let making = self.make_watched(recipe, |making| {
            if is_reached(&making) {
                reached.notify_one();
            }
        });
        tokio::select! {
            biased;
            () = reached.notified() => {}
            made = making => panic!("it was not cancelled: {made:?}"),
        }
        self.workshop.launcher.reaper.all_gone().await;
        self.assert_nothing_left();
    }

    /// The worker is killed once a stage is reached: that is said, and nothing is
    /// left.
    #[cfg(target_os = "linux")]
    pub async fn kill_when(
        &self,
        recipe: &Recipe,
        mut is_reached: impl FnMut(&Making) -> bool + Send,
    ) {
        let made = self.make_watched(recipe, |making| {
            if is_reached(&making) {
                workers_in(self.folder.path()).into_iter().for_each(kill);
            }
        });
        let error = made.await.expect_err("its worker is dead");
        let is_end = matches!(error, VariantError::Worker(WorkerError::Ended { .. }));
        assert!(is_end && error.to_string().contains("SIGKILL"), "{error}");
        self.assert_nothing_left();
    }

    /// The model was changed by somebody else: that is said, and nothing is left.
    #[track_caller]
    pub fn assert_base_has_changed(&self, made: Result<Variant, VariantError>) {
        let error = made.expect_err("the base has changed");
        assert!(
            error.to_string().starts_with("tiny.gguf has changed"),
            "{error}"
        );
        self.assert_nothing_left();
    }

    /// Keeps its variants in a folder on which a small disk can be mounted.
    pub fn keep_apart(&mut self) -> PathBuf {
        let folder = self.folder.path().join("small");
        fs::create_dir(&folder).expect("a folder");
        self.workshop.variants.clone_from(&folder);
        folder
    }
}

/// Makes a model longer.
pub fn append(path: &Path) {
    let mut file = File::options().append(true).open(path).expect("the model");
    file.write_all(&[0; 32]).expect("it is written");
}

/// Writes a file until the disk is full.
pub fn fill(path: &Path) {
    let mut file = File::create(path).expect("a file");
    while file.write_all(&[0; 4096]).is_ok() {}
}

/// The disk is full, and how much `what` needs is said.
#[track_caller]
pub fn assert_full(made: Result<Variant, VariantError>, what: &str) {
    let error = made.expect_err("there is no room");
    let words = error.to_string();
    assert!(matches!(error, VariantError::Storage(_)), "{words}");
    let begins = format!("the disk is full: {what} needs 0.");
    assert!(words.starts_with(&begins), "{words}");
    // Nothing in the words of a C++ library.
    assert!(!words.contains("ios"), "{words}");
}

/// A small disk of its own; none where this user may not mount one.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    #[track_caller]
    pub fn mount(at: &Path, kilobytes: u32) -> Option<Self> {
        let size = format!("size={kilobytes}k");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at);
        let output = mount.output();
        if output.as_ref().is_ok_and(|output| output.status.success()) {
            return Some(Self(at.to_path_buf()));
        }
        assert!(!may_mount(), "a full disk is not tested: {output:?}");
        // Not by `eprintln!`, which is shown of tests that fail alone.
        let _ = writeln!(
            io::stderr(),
            "a full disk is not tested: this user may not mount one"
        );
        None
    }
}

/// Whether this user has the capability to mount (`CAP_SYS_ADMIN`, number 21).
fn may_mount() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let capabilities = effective.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok());
    capabilities.is_some_and(|capabilities| capabilities >> 21 & 1 == 1)
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // From the folder at once: for a moment another test's child, not yet another
        // program, may have a file of it open, and the disk is busy.
        let done = Command::new("umount").arg("--lazy").arg(&self.0).status();
        let is_done = done.is_ok_and(|status| status.success());
        assert!(is_done || std::thread::panicking(), "it stays");
    }
}
