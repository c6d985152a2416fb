//! Who may import whom, read from the `use` lines.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room with the rooms that it may import.
const ALLOWED: [(&str, &[&str]); 22] = [
    ("domain", &[]),
    ("components", &["domain"]),
    ("pages", &["api", "components", "domain"]),
    ("api", &["server", "domain"]),
    ("gguf", &["domain"]),
    ("engine", &["domain"]),
    ("evaluate", &["engine", "domain"]),
    ("prune", &["evaluate", "engine", "gguf", "domain"]),
    ("worker", &["evaluate", "prune", "engine", "domain"]),
    ("backend", &["domain"]),
    ("bench", &["backend", "gguf", "domain"]),
    ("store", &["domain"]),
    ("export", &["domain"]),
    ("machine_lock", &[]),
    ("queue", &["bench", "machine_lock", "store", "domain"]),
    ("library", &["gguf", "machine_lock", "domain"]),
    (
        "server",
        &[
            "app",
            "queue",
            "machine_lock",
            "store",
            "export",
            "library",
            "bench",
            "backend",
            "domain",
        ],
    ),
    (
        "cli",
        &[
            "server",
            "queue",
            "library",
            "bench",
            "machine_lock",
            "backend",
            "gguf",
            "worker",
            "domain",
        ],
    ),
    ("app", &["components", "pages", "domain"]),
    ("hydrate", &["app", "components", "pages", "domain"]),
    ("front", &[]),
    ("lib", &[]),
];

#[test]
fn rooms_import_only_their_neighbours() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut n_files = 0;
    for file in rust_files(&root) {
        let relative = file.strip_prefix(&root).expect("a file of src");
        let first = relative
            .iter()
            .next()
            .map(|part| part.to_string_lossy().into_owned());
        let room = first.unwrap_or_default();
        let room = room.trim_end_matches(".rs");
        if ["tests", "main"].contains(&room) {
            continue;
        }
        n_files += 1;
        let allowed = ALLOWED.iter().find(|(name, _)| *name == room);
        let (_, allowed) = allowed.unwrap_or_else(|| panic!("{room} is not in the map"));
        let text = fs::read_to_string(&file).expect("a source file");
        for imported in imports(&text) {
            assert!(
                imported == room || room == "lib" || allowed.contains(&imported.as_str()),
                "{} imports {imported}",
                relative.display()
            );
        }
        if room != "engine" {
            let code = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            for line in code {
                assert!(!line.contains("unsafe {"), "{}: {line}", relative.display());
            }
        }
    }
    assert!(n_files > 60, "only {n_files} files were read");
}

/// The rooms named after `crate::`, wherever that stands.
fn imports(text: &str) -> BTreeSet<String> {
    text.split("crate::")
        .skip(1)
        .map(|rest| {
            rest.chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                .collect()
        })
        .filter(|name: &String| !name.is_empty())
        .collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
