//! `whittle pruning-table`: its rows, and that nothing is left of what they are of.

use std::fs;

use super::Desk;
use crate::shop::{NO_FILES, files_below};

const NORM: [&str; 6] = ["--ratios", "0.3", "--by", "norm", "--chunks", "1"];

fn table(desk: &Desk, more: &[&str]) -> String {
    let least = ["--calibration", "2", "--threads", "1"];
    desk.printed(&[&["pruning-table", &*desk.model], &least[..], more].concat())
}

#[test]
fn rows_are_printed_and_nothing_is_left_of_the_files() {
    let desk = Desk::new();
    let given = desk.path("given");
    fs::create_dir(&given).expect("a folder");
    let text = table(&desk, &[&NORM[..], &["--folder", &given]].concat());
    assert!(text.contains("| 30 % | norm | 30.00 % |"), "{text}");
    assert_eq!(fs::read_dir(&given).expect("the folder").count(), 0);
    let data = desk.folder.path().join("data");
    assert!(!data.exists(), "another folder was given");

    table(&desk, &NORM);
    let mut models = files_below(&data);
    models.retain(|path| path.extension().is_some_and(|end| end == "gguf"));
    assert_eq!(models, NO_FILES);
    let making = fs::read_dir(data.join("cache/making"));
    assert_eq!(making.expect("where it was made").count(), 0);
}

#[test]
fn one_search_for_blocks_serves_those_that_remove_nothing_else() {
    let desk = Desk::new();
    let by = |pruners: &str| {
        let text = table(
            &desk,
            &["--ratios", "0.5", "--by", pruners, "--chunks", "1,2"],
        );
        // All but the time.
        let cells = |row: &str| row.rsplitn(3, '|').nth(2).map(str::to_owned);
        let rows: Vec<String> = text.lines().filter_map(cells).collect();
        (rows, text)
    };
    let (rows, text) = by("blocks,depth,auto");
    let of = |pruner: &str| {
        let row = rows.iter().find(|row| row.contains(&format!(" {pruner} ")));
        row.unwrap_or_else(|| panic!("{text}")).clone()
    };
    assert!(of("blocks").ends_with("| not read "), "{text}");
    assert!(text.contains("searched for once"), "{text}");
    assert!(text.contains("after the search"), "{text}");
    // On its own, it comes to the same: its time is told with the search.
    let (alone, text) = by("auto");
    assert!(alone.contains(&of("auto")), "{text}");
    assert!(!text.contains("searched for once"), "{text}");
}
