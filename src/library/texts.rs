//! The user's own texts for measuring quality, kept by their content.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use crate::domain::label::NAME_CHARS_LIMIT;
use crate::domain::quality::{EvaluationText, TextName};

/// How long a text that no run names counts as new.
const NEW: Duration = Duration::from_secs(60 * 60);

/// Where they are.
#[derive(Debug, Clone)]
pub struct Texts {
    folder: PathBuf,
}

impl Texts {
    /// Those of a folder that exists.
    pub(super) fn of(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// What a text is called once it is kept.
    pub fn name(text: &EvaluationText) -> TextName {
        let digest = Sha256::digest(text.text.as_bytes());
        TextName {
            name: called(&text.name),
            sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }

    /// Keeps a text, whole or not at all, and says what it is called from now
    /// on. The same text is kept once.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&self, text: &EvaluationText) -> io::Result<TextName> {
        let name = Self::name(text);
        let path = self.path(&name.sha256);
        if path.exists() {
            // From now on it counts as new: a sweep leaves it alone.
            File::options()
                .append(true)
                .open(&path)?
                .set_modified(SystemTime::now())?;
        } else {
            let temporary = path.with_extension(format!("{}.part", std::process::id()));
            let written = write(&temporary, &text.text);
            let kept = written.and_then(|()| fs::rename(&temporary, &path));
            if kept.is_err() {
                // It may not have been made.
                let _ = fs::remove_file(&temporary);
            }
            kept?;
        }
        Ok(name)
    }

    /// Removes the texts whose hashes are not among `named`, and what was begun and
    /// never finished; not what is new: its run may be on its way into the history.
    /// Says how many files those were.
    pub fn sweep(&self, named: &HashSet<String>) -> u64 {
        let entries = fs::read_dir(&self.folder);
        let is_old = |path: &Path| {
            let modified = fs::metadata(path).and_then(|file| file.modified());
            let age = modified.ok().and_then(|then| then.elapsed().ok());
            age.is_some_and(|age| age >= NEW)
        };
        let is_left = |path: &PathBuf| {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let end = path.extension().unwrap_or_default();
            end == "part" || (end == "txt" && !named.contains(&*stem))
        };
        let paths = entries.into_iter().flatten().flatten();
        let left = paths.map(|entry| entry.path()).filter(is_left);
        let removed = left.filter(|path| is_old(path) && fs::remove_file(path).is_ok());
        removed.count() as u64
    }

    /// Reads a text that was kept.
    ///
    /// # Errors
    /// When it is gone, or another one now.
    pub fn read(&self, name: &TextName) -> io::Result<String> {
        if !name.has_hash() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        fs::read_to_string(self.path(&name.sha256))
    }

    fn path(&self, sha256: &str) -> PathBuf {
        self.folder.join(format!("{sha256}.txt"))
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// A name of one line: it is shown, and never a path.
fn called(name: &str) -> String {
    let name: String = name
        .chars()
        .filter(|c| !c.is_control())
        .take(NAME_CHARS_LIMIT)
        .collect();
    match name.trim() {
        "" => "a text without a name".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_once_by_its_content() {
        let folder = tempfile::tempdir().expect("a folder");
        let texts = Texts::of(folder.path().to_path_buf());
        let text = |name: &str| EvaluationText {
            name: name.to_owned(),
            text: "abc".to_owned(),
        };
        let name = texts.keep(&text("../a\nb.txt ")).expect("it is kept");
        // sha256sum of "abc"
        assert!(name.sha256.starts_with("ba7816bf8f01cfea"), "{name:?}");
        assert_eq!(name.name, "../ab.txt");
        assert_eq!(texts.read(&name).expect("it is there"), "abc");
        let again = texts.keep(&text("")).expect("it is kept");
        assert_eq!(again.sha256, name.sha256);
        assert_eq!(again.name, "a text without a name");
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1);
        let elsewhere = TextName {
            sha256: "../../etc/passwd".to_owned(),
            ..name
        };
        assert!(texts.read(&elsewhere).is_err());
    }

    #[test]
    fn texts_that_no_run_names_are_swept_once_they_are_old() {
        let folder = tempfile::tempdir().expect("a folder");
        let texts = Texts::of(folder.path().to_path_buf());
        let keep = |text: &str| {
            let text = EvaluationText {
                name: String::new(),
                text: text.to_owned(),
            };
            texts.keep(&text).expect("it is kept")
        };
        let age = |file: &str| {
            let file = File::options().append(true).open(folder.path().join(file));
            let then = SystemTime::now() - 2 * NEW;
            file.expect("the file").set_modified(then).expect("a time");
        };
        let [named, forgotten, again, new] = ["a", "b", "c", "d"].map(keep);
        for old in [&named, &forgotten, &again] {
            age(&format!("{}.txt", old.sha256));
        }
        for part in ["x.1.part", "y.2.part"] {
            fs::write(folder.path().join(part), "x").expect("a file");
        }
        age("x.1.part");
        keep("c");
        let runs = HashSet::from([named.sha256.clone()]);
        assert_eq!(texts.sweep(&runs), 2);
        assert!(texts.read(&forgotten).is_err() && !folder.path().join("x.1.part").exists());
        for kept in [named, again, new] {
            assert!(texts.read(&kept).is_ok(), "{kept:?}");
        }
        assert!(
            folder.path().join("y.2.part").exists(),
            "somebody writes it"
        );
    }
}
