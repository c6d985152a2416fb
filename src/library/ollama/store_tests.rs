//! That nothing outside of a store is ever read.

use std::os::unix::fs::symlink;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::domain::ollama::OllamaStoreState;

/// A store, and a folder beside it with a file that nobody must read.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(folder.path().join("store/blobs")).expect("a folder");
        fs::create_dir_all(folder.path().join("store/manifests")).expect("a folder");
        fs::write(folder.path().join("secret"), "secret").expect("a file");
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().expect("a folder")
    }

    fn store(&self) -> Store {
        Store::open(&self.path().join("store")).expect("a store")
    }

    fn manifest(&self, tag: &str, digest: &str) {
        let folder = self.path().join("store/manifests/host/library/m");
        fs::create_dir_all(&folder).expect("a folder");
        let media_type = "application/vnd.ollama.image.model";
        let layer = serde_json::json!({"mediaType": media_type, "digest": digest});
        let manifest = serde_json::json!({"layers": [layer]}).to_string();
        fs::write(folder.join(tag), manifest).expect("a manifest");
    }

    fn sole_model(&self) -> StoredModel {
        let stock = self.store().stock().expect("a stock");
        stock.models.into_iter().next().expect("a model")
    }
}

fn digest() -> String {
    format!("sha256:{}", "0f".repeat(32))
}

#[test]
fn a_blob_is_found_by_its_digest() {
    let place = Place::new();
    place.manifest("1b", &digest());
    let model = place.sole_model();
    assert_eq!(model.name.as_str(), "host/library/m:1b");
    assert!(matches!(model.blob, Err(ModelError::Missing(_))));
    let blob = place.store().place_of(&digest().parse().expect("a digest"));
    fs::write(&blob, "content").expect("a blob");
    let found = place.sole_model().blob.expect("a blob");
    assert_eq!(found.path, blob);
}

#[test]
fn a_blob_that_is_a_folder_or_leads_out_is_refused() {
    let place = Place::new();
    place.manifest("1b", &digest());
    let blob = place.store().place_of(&digest().parse().expect("a digest"));
    symlink(place.path().join("secret"), &blob).expect("a link");
    assert!(matches!(place.sole_model().blob, Err(ModelError::LeadsOut)));
    fs::remove_file(&blob).expect("removed");
    fs::create_dir(&blob).expect("a folder");
    assert!(matches!(
        place.sole_model().blob,
        Err(ModelError::NotAFile(_))
    ));
    fs::remove_dir(&blob).expect("removed");
    fs::write(place.store().root().join("blobs/other"), "content").expect("a file");
    symlink("other", &blob).expect("a link");
    assert!(place.sole_model().blob.is_ok(), "links inside are followed");
}

#[test]
fn a_manifest_or_folder_that_leads_out_is_refused() {
    let place = Place::new();
    place.manifest("1b", &digest());
    let folder = place.path().join("store/manifests/host/library");
    fs::rename(folder.join("m/1b"), place.path().join("outside")).expect("moved");
    symlink(place.path().join("outside"), folder.join("m/1b")).expect("a link");
    symlink(place.path(), folder.join("linked")).expect("a link");
    let stock = place.store().stock().expect("a stock");
    assert_eq!(stock.models.len(), 1);
    assert!(matches!(stock.models[0].blob, Err(ModelError::LeadsOut)));
}

#[test]
fn what_is_no_store_is_said() {
    let place = Place::new();
    let state = |path: &str| match Store::open(&place.path().join(path)) {
        Ok(store) => Ok(store.stock().expect("a stock").models.len()),
        Err(error) => Err(OllamaStoreState::from(error)),
    };
    assert_eq!(state("nowhere"), Err(OllamaStoreState::Absent));
    for other in ["secret", "."] {
        assert!(matches!(
            state(other),
            Err(OllamaStoreState::Unreadable { .. })
        ));
    }
    let closed = StoreError::Io(io::ErrorKind::PermissionDenied.into());
    assert_eq!(OllamaStoreState::from(closed), OllamaStoreState::NotAllowed);
    assert_eq!(state("store"), Ok(0));
    fs::create_dir(place.path().join("fresh")).expect("a folder");
    assert_eq!(state("fresh"), Ok(0));
}

#[test]
fn more_models_than_are_read_are_said() {
    let place = Place::new();
    for number in 0..=MAX_MODELS {
        place.manifest(&format!("t{number}"), &digest());
    }
    let stock = place.store().stock().expect("a stock");
    assert_eq!(stock.models.len(), MAX_MODELS);
    assert!(stock.is_cut);
}

fn digest_like() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "(sha256[:-])?[0-9a-fA-F./-]{0,80}",
        "sha256:(\\.\\./){1,4}(secret|store/secret|etc/passwd)",
        "sha256:[0-9a-f]{60}/\\.\\.",
        "sha256:[0-9a-f]{64}",
        "sha256:[0-9a-f]{64}(/\\.\\./\\.\\./\\.\\./secret|\0|\n)?",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever a manifest says, whatever lies in the blobs' folder.
    #[test]
    fn no_path_leads_out(text in digest_like(), kind in 0..4) {
        let place = Place::new();
        place.manifest("1b", &text);
        let store = place.store();
        if let Ok(digest) = text.parse::<Digest>() {
            let blob = store.place_of(&digest);
            let blobs = store.root().join("blobs");
            prop_assert_eq!(blob.parent(), Some(blobs.as_path()));
            match kind {
                0 => fs::write(&blob, "content").expect("a blob"),
                1 => symlink("../../secret", &blob).expect("a link"),
                2 => symlink(place.path().join("store"), &blob).expect("a link"),
                _ => {}
            }
        }
        if let Ok(blob) = place.sole_model().blob {
            prop_assert!(blob.path.starts_with(store.root()));
            prop_assert!(blob.path.is_file());
            prop_assert_eq!(blob.path.canonicalize().expect("there"), blob.path);
        }
    }
}
