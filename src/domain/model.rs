//! A model of the library, as shown and as recorded with a run.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ollama::Ollama;
use super::variant::VariantRecord;

/// A model's name in URLs and requests, made by the library from file name and
/// content hash: `[a-z0-9._-]`, never a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct ModelId(pub String);

impl ModelId {
    /// At most 89 bytes: what the file is called, then eight digits of the
    /// content's hash.
    pub fn made_of(called: &str, sha256: &str) -> Self {
        let slug = called.chars().take(80).map(|c| c.to_ascii_lowercase());
        let slug: String = slug
            .map(|c| match c {
                '.' | '_' | '-' => c,
                c if c.is_ascii_alphanumeric() => c,
                _ => '-',
            })
            .collect();
        Self(format!("{slug}-{}", sha256.get(..8).unwrap_or(sha256)))
    }

    /// What was sent as an id, if it can be one.
    pub fn checked(id: String) -> Option<Self> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        let is_one = !id.is_empty() && id.len() <= 128 && id.chars().all(allowed);
        is_one.then_some(Self(id))
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where the library found a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ModelOrigin {
    /// The data folder's own `models/`.
    DataFolder,
    /// A folder given with `--models`.
    Registered,
    /// A path on the command line.
    CommandLine,
    /// A store of an Ollama on this machine.
    Ollama,
    /// Made here of another model.
    Variant,
}

/// One GGUF file and what its header says. All texts from the file are
/// untrusted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Model {
    /// The id to send back.
    pub id: ModelId,
    /// `general.name`, else the file's stem; in Ollama's store the name that
    /// Ollama gives it, such as `llama3.2:3b`.
    pub name: String,
    /// The file's name without its folder.
    pub file_name: String,
    /// `general.architecture`, such as `llama`.
    pub architecture: String,
    /// The file type in llama.cpp's spelling, such as `F16` or `Q4_K_M`.
    pub file_type: String,
    /// Bytes of the file on disk.
    pub size_bytes: u64,
    /// Number of parameters: the elements of all tensors.
    pub n_params: u64,
    /// The context length that the model was trained for, in tokens.
    pub n_ctx_train: Option<u32>,
    /// SHA-256 of the whole file, in hexadecimal.
    pub sha256: String,
    /// Where it was found.
    pub origin: ModelOrigin,
    /// Keys and values that a context keeps of each token, bytes; none where
    /// the file does not say enough, and in runs of older versions.
    #[serde(default)]
    pub kv_bytes_per_token: Option<u64>,
    /// Tokens in the vocabulary, where the file says.
    #[serde(default)]
    pub n_vocab: Option<u64>,
    /// How the file came to be, when the file says so: "upcast from Q4_1".
    pub provenance: Option<String>,
    /// How Whittle made it of another model, if it did.
    #[serde(default)]
    pub variant: Option<Box<VariantRecord>>,
}

impl Model {
    /// Size on disk in megabytes (10^6 bytes).
    pub fn size_mb(&self) -> f64 {
        self.size_bytes as f64 / 1e6
    }

    /// The file type, and how the file came to be where it says so: `F16, upcast
    /// from Q4_1`. What such a model is must be said wherever it is named.
    pub fn kind(&self) -> String {
        match &self.provenance {
            Some(provenance) => format!("{}, {provenance}", self.file_type),
            None => self.file_type.clone(),
        }
    }

    /// What its owner calls the file: in Ollama's store files have no names.
    pub fn called(&self) -> &str {
        match self.origin {
            ModelOrigin::Ollama => &self.name,
            _ => &self.file_name,
        }
    }

    /// Bits of the file per parameter.
    pub fn bits_per_weight(&self) -> Option<f64> {
        (self.n_params > 0).then(|| self.size_bytes as f64 * 8.0 / self.n_params as f64)
    }
}

#[cfg(test)]
impl Model {
    /// A model for tests: its id is its type.
    pub(crate) fn sample(file_type: &str, provenance: Option<&str>) -> Self {
        Self {
            id: ModelId(file_type.to_lowercase()),
            name: "M".to_owned(),
            file_name: String::new(),
            architecture: "llama".to_owned(),
            file_type: file_type.to_owned(),
            size_bytes: 1,
            n_params: 7,
            n_ctx_train: None,
            sha256: String::new(),
            origin: ModelOrigin::Registered,
            kv_bytes_per_token: None,
            n_vocab: None,
            provenance: provenance.map(str::to_owned),
            variant: None,
        }
    }
}

/// A file of a model folder that cannot be measured, with the reason; in
/// Ollama's store, a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct UnusableFile {
    /// The file's name without its folder, or Ollama's name of the model.
    pub file_name: String,
    /// The folder that it is in, as shown; none: Ollama's store, or that of the variants.
    #[serde(default)]
    pub folder: Option<String>,
    /// What is wrong with it and what to do.
    pub reason: String,
    /// Its id where it is a variant that was made here: it can be deleted.
    #[serde(default)]
    pub variant: Option<ModelId>,
}

/// All that the library knows now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LibraryListing {
    /// Models that can be measured, by name.
    pub models: Vec<Model>,
    /// Files that look like models and cannot be measured.
    pub unusable: Vec<UnusableFile>,
    /// Files whose content hash is still being computed.
    pub n_pending: u32,
    /// Bytes of these files, together.
    pub pending_bytes: u64,
    /// How many of them have been read.
    pub pending_read_bytes: u64,
    /// The folders that are searched, as shown to the user.
    pub folders: Vec<String>,
    /// Where variants are kept, as shown to the user.
    #[serde(default)]
    pub variants_folder: String,
    /// The model a request without one gets: the last used, else the only one
    /// that is no variant.
    pub default_model: Option<ModelId>,
    /// The Ollama of this machine; none where Whittle does not look for one.
    pub ollama: Option<Ollama>,
}

impl LibraryListing {
    /// Counts a file that is still being read.
    pub fn add_pending(&mut self, size_bytes: u64) {
        self.n_pending += 1;
        self.pending_bytes = self.pending_bytes.saturating_add(size_bytes);
    }

    /// Of what is still being read the share that has been, 0 to 1.
    pub fn share_read(&self) -> f64 {
        match self.pending_bytes {
            0 => 0.0,
            all => self.pending_read_bytes as f64 / all as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_a_share_of_what_is_pending() {
        let mut listing = LibraryListing::default();
        assert_eq!(listing.share_read(), 0.0);
        listing.add_pending(30);
        listing.add_pending(10);
        listing.pending_read_bytes = 10;
        assert_eq!((listing.n_pending, listing.share_read()), (2, 0.25));
    }

    #[test]
    fn ids_hold_no_path_and_no_markup() {
        let id = ModelId::made_of("../Ä <b>Model</b> Q4", "0123456789abcdef");
        assert_eq!(id.0, "..----b-model--b--q4-01234567");
    }
}
