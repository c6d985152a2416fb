//! `whittle pruning-table`: its rows, and that nothing is left of what they are of.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::tiny_model;
use crate::variants::files_below;

fn table(folder: &Path, more: &[&str]) -> String {
    let model = folder.join("tiny.gguf");
    let output = Command::new(env!("CARGO_BIN_EXE_whittle"))
        .arg("pruning-table")
        .arg(model)
        .args(["--ratios", "0.3", "--by", "norm", "--calibration", "2"])
        .args(["--chunks", "1", "--threads", "1"])
        .args(more)
        .env("WHITTLE_DATA", folder.join("data"))
        .output()
        .expect("whittle runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn rows_are_printed_and_nothing_is_left_of_the_files() {
    let folder = tempfile::tempdir().expect("a folder");
    tiny_model::write(folder.path(), "tiny.gguf");
    let given = folder.path().join("given");
    fs::create_dir(&given).expect("a folder");
    let text = table(folder.path(), &["--folder", &given.to_string_lossy()]);
    assert!(text.contains("| 30 % | norm | 30.00 % |"), "{text}");
    assert_eq!(fs::read_dir(&given).expect("the folder").count(), 0);
    assert!(
        !folder.path().join("data").exists(),
        "another folder was given"
    );

    table(folder.path(), &[]);
    let left = files_below(&folder.path().join("data"));
    let models = left
        .iter()
        .filter(|path| path.extension().is_some_and(|end| end == "gguf"));
    assert_eq!(models.count(), 0, "{left:?}");
    let making = fs::read_dir(folder.path().join("data/cache/making"));
    assert_eq!(making.expect("where it was made").count(), 0);
}
