//! The user's own texts for measuring quality, kept by their content.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::domain::label::NAME_CHARS_LIMIT;
use crate::domain::quality::{EvaluationText, TextName};

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

    /// Keeps a text, whole or not at all, and says what it is called from now
    /// on. The same text is kept once.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&self, text: &EvaluationText) -> io::Result<TextName> {
        let sha256: String = Sha256::digest(text.text.as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let path = self.path(&sha256);
        if !path.exists() {
            let temporary = path.with_extension(format!("{}.part", std::process::id()));
            let written = write(&temporary, &text.text);
            let kept = written.and_then(|()| fs::rename(&temporary, &path));
            if kept.is_err() {
                // It may not have been made.
                let _ = fs::remove_file(&temporary);
            }
            kept?;
        }
        Ok(TextName {
            name: called(&text.name),
            sha256,
        })
    }

    /// Reads a text that was kept.
    ///
    /// # Errors
    /// When it is gone, or another one now.
    pub fn read(&self, name: &TextName) -> io::Result<String> {
        let is_hash = name.sha256.len() == 64 && name.sha256.chars().all(|c| c.is_ascii_hexdigit());
        if !is_hash {
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
}
