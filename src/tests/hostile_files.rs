//! Files that are made to harm whoever reads them, and the memory that they get.

use std::process::Command;

use crate::any_gguf::seeds::{self, file, text};
use crate::any_gguf::try_file;

const THIS_TEST: &str =
    "hostile_files::no_file_makes_its_reader_take_more_than_a_small_multiple_of_its_size";
/// Set for the process that reads the files.
const ALONE: &str = "WHITTLE_TEST_ALONE";

/// In a process of its own: the memory of all its threads is counted.
#[test]
fn no_file_makes_its_reader_take_more_than_a_small_multiple_of_its_size() {
    if std::env::var_os(ALONE).is_some() {
        let files = seeds::all().into_iter().map(|(_, bytes)| bytes);
        files.chain(hostile()).for_each(|file| try_file(&file));
        return;
    }
    let this = std::env::current_exe().expect("this program");
    let mut alone = Command::new(this);
    alone.args(["--exact", THIS_TEST]).env(ALONE, "");
    let output = alone.output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let is_done = output.status.success() && said.contains("1 passed");
    assert!(is_done, "{said}{}", String::from_utf8_lossy(&output.stderr));
}

/// GGUF's numbers of types.
const U8: u32 = 0;
const TEXT: u32 = 8;
const ARRAY: u32 = 9;
const F64: u32 = 28;

/// What takes the most room in memory for its bytes in a file.
fn hostile() -> Vec<Vec<u8>> {
    let architecture = || ("general.architecture", TEXT, text("llama"));
    let names: Vec<String> = (0..20_000).map(|n| format!("{n:x}")).collect();
    let keys = names.iter().map(|name| (name.as_str(), U8, vec![0]));
    let keys: Vec<_> = keys.chain([architecture()]).collect();
    let tensors = names.iter().map(|name| (name.clone(), vec![1], F64, 8));
    let tensors: Vec<_> = tensors.collect();
    // Each byte becomes three.
    let no_text = [(1_u64 << 20).to_le_bytes().as_slice(), &[0xff; 1 << 20]].concat();
    let array = |kind: u32, n: u64, items: &[u8]| {
        [&kind.to_le_bytes(), n.to_le_bytes().as_slice(), items].concat()
    };
    let numbers = || array(U8, 1024, &[0; 1024]);
    let numbers = names[..1000]
        .iter()
        .map(|name| (name.as_str(), ARRAY, numbers()));
    let numbers: Vec<_> = numbers.collect();
    let texts = array(TEXT, 100_000, &[0; 800_000]);
    // Claimed, and not there.
    let mut counts = file(&[], &[]);
    counts[8..24].copy_from_slice(&[262_144_u64, 65_536].map(u64::to_le_bytes).concat());
    let no_end = (16_u64 << 20).to_le_bytes().to_vec();
    let long = "x".repeat(1 << 20);
    let long_key = || (long.as_str(), U8, vec![0]);
    vec![
        file(&keys, &[]),
        file(&[architecture()], &tensors),
        file(&[("general.architecture", TEXT, no_text)], &[]),
        file(&numbers, &[]),
        file(&[architecture(), ("texts", ARRAY, texts)], &[]),
        file(&[long_key(), long_key()], &[]),
        counts,
        file(&[("general.architecture", TEXT, no_end)], &[]),
    ]
}
