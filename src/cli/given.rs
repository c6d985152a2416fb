//! Files and folders that are given with a flag, as they are found there.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::{anyhow, bail};

/// Of what is there and neither a file nor a folder: opening it could wait for ever,
/// and a model is read more than once.
pub(super) const NO_MODEL_FILE: &str =
    "is a pipe or a device; write the model to a .gguf file first, and give that";

/// The text in the file that `flag` gives.
pub(super) fn text(flag: &str, path: &Path) -> anyhow::Result<String> {
    let bytes = bytes(flag, path)?;
    String::from_utf8(bytes).map_err(|_| {
        let path = path.display();
        anyhow!("{flag} {path} is not UTF-8; convert it, or give another")
    })
}

/// What is in the file that `flag` gives.
pub(super) fn bytes(flag: &str, path: &Path) -> anyhow::Result<Vec<u8>> {
    file(flag, path)?;
    fs::read(path).map_err(|error| unreadable(flag, path, &error))
}

/// Refuses what is no file, and gives its size in bytes.
pub(super) fn file(flag: &str, path: &Path) -> anyhow::Result<u64> {
    let found = fs::metadata(path).map_err(|error| unreadable(flag, path, &error))?;
    if found.is_dir() {
        bail!("{flag} {} is a folder; give a file", path.display());
    }
    Ok(found.len())
}

/// Refuses what can be no model.
pub(super) fn model(flag: &str, path: &Path) -> anyhow::Result<()> {
    file(flag, path)?;
    if !path.is_file() {
        bail!("{flag} {} {NO_MODEL_FILE}", path.display());
    }
    Ok(())
}

/// Refuses what is no folder.
pub(super) fn folder(flag: &str, path: &Path) -> anyhow::Result<()> {
    let found = fs::metadata(path).map_err(|error| unreadable(flag, path, &error))?;
    if !found.is_dir() {
        bail!("{flag} {} is not a folder; give a folder", path.display());
    }
    Ok(())
}

fn unreadable(flag: &str, path: &Path, error: &io::Error) -> anyhow::Error {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => anyhow!("{flag} {path} is not there; correct the path"),
        _ => anyhow!("{flag} {path} cannot be read: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_is_said_with_its_flag() {
        let home = tempfile::tempdir().expect("a folder");
        let (missing, mine) = (home.path().join("none.txt"), home.path().join("mine.txt"));
        fs::write(&mine, [b'n', 0xE9, b'e']).expect("a file");
        assert_eq!(file("--text", &mine).expect("a file"), 3);
        assert!(folder("--models", home.path()).is_ok());
        let refused = [
            (text("--text", &missing).err(), "--text", "is not there"),
            (text("--text", home.path()).err(), "--text", "is a folder"),
            (text("--text", &mine).err(), "--text", "is not UTF-8"),
            (
                folder("--models", &missing).err(),
                "--models",
                "is not there",
            ),
            (
                folder("--models", &mine).err(),
                "--models",
                "is not a folder",
            ),
        ];
        for (error, flag, says) in refused {
            let said = error.expect("it is refused").to_string();
            assert!(said.starts_with(flag) && said.contains(says), "{said}");
        }
    }
}
