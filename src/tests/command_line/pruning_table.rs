//! `whittle pruning-table`: its rows, and that nothing is left of what they are of.

use std::fs;

use super::Desk;
use crate::shop::{NO_FILES, files_below};

fn table(desk: &Desk, more: &[&str]) -> String {
    let least = ["--ratios", "0.3", "--by", "norm", "--calibration", "2"];
    let least = [&least[..], &["--chunks", "1", "--threads", "1"]].concat();
    desk.printed(&[&["pruning-table", &*desk.model], &least[..], more].concat())
}

#[test]
fn rows_are_printed_and_nothing_is_left_of_the_files() {
    let desk = Desk::new();
    let given = desk.path("given");
    fs::create_dir(&given).expect("a folder");
    let text = table(&desk, &["--folder", &given]);
    assert!(text.contains("| 30 % | norm | 30.00 % |"), "{text}");
    assert_eq!(fs::read_dir(&given).expect("the folder").count(), 0);
    let data = desk.folder.path().join("data");
    assert!(!data.exists(), "another folder was given");

    table(&desk, &[]);
    let mut models = files_below(&data);
    models.retain(|path| path.extension().is_some_and(|end| end == "gguf"));
    assert_eq!(models, NO_FILES);
    let making = fs::read_dir(data.join("cache/making"));
    assert_eq!(making.expect("where it was made").count(), 0);
}
