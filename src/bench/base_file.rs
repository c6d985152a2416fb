//! The file that a variant is made of: open, checked, and watched for changes.

use std::fs::{File, Metadata};
use std::io::{self, BufReader, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use super::variant::VariantError;
use crate::backend::Grant;
use crate::domain::model::Model;
use crate::gguf::{self, GgufError, ModelHeader};

/// A base's file.
pub(super) struct BaseFile {
    file: File,
    header: ModelHeader,
    before: Stamp,
}

/// What changes when a file is written to.
#[derive(PartialEq)]
struct Stamp {
    size: u64,
    modified: (i64, i64),
}

impl From<Metadata> for Stamp {
    fn from(metadata: Metadata) -> Self {
        Self {
            size: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

impl BaseFile {
    /// Reads the header of `base`, open as `file`.
    pub(super) async fn open(base: &Model, file: &File) -> Result<Self, VariantError> {
        let unreadable = |error: &dyn std::fmt::Display| {
            VariantError::Refused(format!(
                "{} cannot be used any more ({error}); put it back and try again",
                base.called()
            ))
        };
        let own = file.try_clone().map_err(|error| unreadable(&error))?;
        let read = tokio::task::spawn_blocking(move || -> Result<Self, GgufError> {
            let before: Stamp = own.metadata()?.into();
            let mut reader = BufReader::with_capacity(1 << 16, &own);
            reader.seek(SeekFrom::Start(0))?;
            let header = gguf::check(reader, before.size)?;
            Ok(Self {
                file: own,
                header,
                before,
            })
        });
        let read = read
            .await
            .map_err(io::Error::other)
            .map_err(|error| unreadable(&error))?;
        let opened = read.map_err(|error| unreadable(&error))?;
        if opened.before.size == base.size_bytes {
            Ok(opened)
        } else {
            Err(opened.changed(base))
        }
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Where a worker finds it.
    pub(super) fn source(&self) -> String {
        Grant::model_path(&self.place())
    }

    /// Where it lies, for systems on which a worker needs that.
    pub(super) fn place(&self) -> PathBuf {
        path(&self.file)
    }

    /// Whether any of its weights has lost something already.
    pub(super) fn is_quantized(&self) -> bool {
        let mut types = self.header.tensor_types.iter();
        types.any(|count| crate::domain::variant::is_quantized(count.name))
    }

    pub(super) fn n_tensors(&self) -> u32 {
        self.header
            .tensor_types
            .iter()
            .map(|count| count.n_tensors)
            .sum()
    }

    /// Bytes before the tensors, which a variant takes over.
    pub(super) fn header_bytes(&self) -> u64 {
        self.header.header_bytes
    }

    /// A base that was written to meanwhile explains any failure.
    pub(super) fn blame(&self, base: &Model, error: VariantError) -> VariantError {
        if self.is_unchanged() {
            error
        } else {
            self.changed(base)
        }
    }

    pub(super) fn is_unchanged(&self) -> bool {
        self.file
            .metadata()
            .is_ok_and(|now| Stamp::from(now) == self.before)
    }

    pub(super) fn changed(&self, base: &Model) -> VariantError {
        VariantError::Refused(format!(
            "{} has changed since it was read; reload the Models page and try again with the file as it is now",
            base.called()
        ))
    }
}

/// Where the system lets a descriptor be opened anew, no path is needed.
#[cfg(not(target_vendor = "apple"))]
fn path(_: &File) -> PathBuf {
    PathBuf::new()
}

#[cfg(target_vendor = "apple")]
fn path(file: &File) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;

    let path = rustix::fs::getpath(file).unwrap_or_default();
    PathBuf::from(std::ffi::OsStr::from_bytes(path.as_bytes()))
}
