//! Finds the GGUF files of a folder, and nothing outside of it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::domain::model::UnusableFile;

/// Folders are searched this deep: `publisher/repository/file.gguf` and more.
const MAX_DEPTH: usize = 6;
/// A folder with more entries is no model folder.
const MAX_ENTRIES: usize = 20_000;

/// The canonical paths of the regular `.gguf` files below `root`; a file that
/// is none of ours to read comes with the reason.
pub(super) fn gguf_files(root: &Path) -> Vec<Result<PathBuf, UnusableFile>> {
    let mut found = Vec::new();
    let Ok(root) = root.canonicalize() else {
        return found;
    };
    let mut n_entries = 0;
    let mut folders = vec![(root.clone(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            n_entries += 1;
            if n_entries > MAX_ENTRIES {
                return found;
            }
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            // A linked folder may lead anywhere, and in circles.
            if kind.is_dir() && depth < MAX_DEPTH {
                folders.push((entry.path(), depth + 1));
            } else if is_gguf(&entry.path()) && !kind.is_dir() {
                found.push(inside(&root, &entry.path()));
            }
        }
    }
    found.sort_by(|a, b| a.as_ref().ok().cmp(&b.as_ref().ok()));
    found
}

/// The file's name as shown.
pub(super) fn shown_name(path: &Path) -> String {
    let name = shown(path.file_name().unwrap_or(path.as_os_str()));
    name.chars().take(200).collect()
}

/// The folder that it is in, as shown.
pub(super) fn shown_folder(path: &Path) -> Option<String> {
    path.parent().map(|folder| shown(folder.as_os_str()))
}

fn shown(name: &OsStr) -> String {
    let name = name.to_string_lossy();
    name.chars().filter(|c| !c.is_control()).collect()
}

fn is_gguf(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("gguf"))
}

fn inside(root: &Path, path: &Path) -> Result<PathBuf, UnusableFile> {
    let refuse = |reason: &str| {
        Err(UnusableFile {
            file_name: shown_name(path),
            folder: shown_folder(path),
            reason: reason.to_owned(),
            variant: None,
        })
    };
    let Ok(real) = path.canonicalize() else {
        return refuse("a link that leads nowhere; remove it or restore its target");
    };
    if !real.starts_with(root) {
        return refuse(
            "a link that leads out of the model folder; register the folder it leads to \
             with whittle serve --models DIR",
        );
    }
    if !real.is_file() {
        return refuse("not a regular file");
    }
    Ok(real)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_lead_out_are_refused() {
        let outside = tempfile::tempdir().expect("a folder");
        let root = tempfile::tempdir().expect("a folder");
        std::fs::write(outside.path().join("secret.gguf"), "x").expect("a file");
        std::fs::write(root.path().join("mine.gguf"), "x").expect("a file");
        std::fs::create_dir(root.path().join("deep")).expect("a folder");
        std::fs::write(root.path().join("deep/other.GGUF"), "x").expect("a file");
        std::fs::write(root.path().join("notes.txt"), "x").expect("a file");
        let link = |target: &Path, name: &str| {
            std::os::unix::fs::symlink(target, root.path().join(name)).expect("a link");
        };
        link(&outside.path().join("secret.gguf"), "link.gguf");
        link(outside.path(), "folder");
        link(Path::new("nowhere"), "dangling.gguf");
        let found = gguf_files(root.path());
        let good: Vec<_> = found
            .iter()
            .flatten()
            .map(|path| shown_name(path))
            .collect();
        assert_eq!(good, ["other.GGUF", "mine.gguf"]);
        let bad: Vec<_> = found
            .iter()
            .filter_map(|found| found.as_ref().err())
            .collect();
        assert_eq!(bad.len(), 2, "{bad:?}");
    }
}
