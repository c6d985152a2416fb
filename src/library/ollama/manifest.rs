//! Ollama's manifests: which file is the model.

use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;
use serde::Deserialize;

use super::error::ModelError;
use super::name::{Digest, Name};

/// A larger file is no manifest; real ones have a few thousand bytes.
const MAX_BYTES: u64 = 1 << 20;
const MODEL: &str = "application/vnd.ollama.image.model";
const ADAPTER: &str = "application/vnd.ollama.image.adapter";

#[derive(Deserialize)]
struct Manifest {
    layers: Vec<Layer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Layer {
    media_type: String,
    digest: String,
}

/// The digest of the model in the manifest at `path`.
pub(super) fn model_digest(path: &Path, name: &Name) -> Result<Digest, ModelError> {
    let mut bytes = Vec::new();
    // A pipe put in its place must not hold up the listing.
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path)
        .map_err(ModelError::Io)?;
    if !file.metadata().map_err(ModelError::Io)?.is_file() {
        return Err(ModelError::Manifest(name.clone()));
    }
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(ModelError::Io)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(ModelError::Manifest(name.clone()));
    }
    digest_in(&bytes, name)
}

fn digest_in(bytes: &[u8], name: &Name) -> Result<Digest, ModelError> {
    let manifest: Manifest =
        serde_json::from_slice(bytes).map_err(|_| ModelError::Manifest(name.clone()))?;
    let of_kind = |kind: &'static str| {
        let layers = manifest.layers.iter();
        layers.filter(move |layer| layer.media_type == kind)
    };
    if of_kind(ADAPTER).next().is_some() {
        return Err(ModelError::Adapter);
    }
    let mut models = of_kind(MODEL);
    match (models.next(), models.next()) {
        (None, _) => Err(ModelError::NoFile),
        (Some(_), Some(_)) => Err(ModelError::SeveralFiles),
        (Some(layer), None) => layer
            .digest
            .parse()
            .map_err(|_| ModelError::Digest(name.clone())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name() -> Name {
        Name::of_manifest(["host", "library", "m", "1b"]).expect("a name")
    }

    fn layers(kinds: &[&str]) -> String {
        let layer = |kind: &&str| format!(r#"{{"mediaType":"{kind}","digest":"{}"}}"#, digest());
        let layers: Vec<String> = kinds.iter().map(layer).collect();
        format!(r#"{{"schemaVersion":2,"layers":[{}]}}"#, layers.join(","))
    }

    fn digest() -> String {
        format!("sha256:{}", "0f".repeat(32))
    }

    #[test]
    fn the_one_model_layer_is_found() {
        let other = "application/vnd.ollama.image.template";
        let of = |kinds: &[&str]| digest_in(layers(kinds).as_bytes(), &name());
        assert_eq!(of(&[other, MODEL]).expect("a digest").hex(), &digest()[7..]);
        assert!(matches!(of(&[other]), Err(ModelError::NoFile)));
        assert!(matches!(of(&[MODEL, MODEL]), Err(ModelError::SeveralFiles)));
        assert!(matches!(of(&[MODEL, ADAPTER]), Err(ModelError::Adapter)));
    }

    #[test]
    fn a_digest_that_climbs_is_refused() {
        let climbing = layers(&[MODEL]).replace(&digest(), "sha256:../../../etc/passwd");
        let refused = digest_in(climbing.as_bytes(), &name());
        assert!(matches!(refused, Err(ModelError::Digest(_))));
    }

    #[test]
    fn a_huge_manifest_is_not_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("huge");
        let spaces = " ".repeat(MAX_BYTES as usize);
        std::fs::write(&path, spaces + &layers(&[MODEL])).expect("a file");
        let refused = model_digest(&path, &name());
        assert!(matches!(refused, Err(ModelError::Manifest(_))));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = digest_in(&bytes, &name());
        }
    }
}
