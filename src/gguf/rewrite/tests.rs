//! What is written is what was meant, whatever the file.

use std::collections::BTreeSet;
use std::io::Cursor;

use proptest::prelude::*;

use super::strategies::{any_file, matrix};
use super::*;
use crate::gguf::Array;
use crate::gguf::sample::Sample;

fn read(bytes: &[u8]) -> Document {
    Document::read(Cursor::new(bytes), bytes.len() as u64).expect("a valid file")
}

fn written(rewrite: &Rewrite<'_>, source: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut told = Vec::new();
    rewrite
        .write(&mut Cursor::new(source), &mut bytes, |n, of| {
            told.push((n, of))
        })
        .expect("it can be written");
    assert_eq!(bytes.len() as u64, rewrite.size_bytes());
    let n = rewrite.n_tensors();
    assert_eq!(told, (1..=n).map(|done| (done, n)).collect::<Vec<_>>());
    bytes
}

fn data(document: &Document, bytes: &[u8], name: &str) -> Vec<u8> {
    let tensor = document.tensor(name).expect("the tensor");
    let read = document.read_tensor(&mut Cursor::new(bytes), tensor);
    read.expect("its bytes")
}

proptest! {
    #[test]
    fn what_is_not_changed_is_written_as_it_was(sample in any_file()) {
        let bytes = sample.bytes();
        let document = read(&bytes);
        prop_assert!(written(&Rewrite::of(&document), &bytes) == bytes);
    }

    #[test]
    fn what_is_set_is_read_and_the_rest_stays(
        sample in any_file(),
        number in any::<u32>(),
        text in ".{0,20}",
        bits in prop::collection::vec(any::<bool>(), 0..40),
    ) {
        let bytes = sample.bytes();
        let document = read(&bytes);
        let mut rewrite = Rewrite::of(&document);
        let (set, gone) = match sample.keys.as_slice() {
            [(first, _), .., (last, _)] => (first.clone(), last.clone()),
            _ => ("new.number".to_owned(), "none".to_owned()),
        };
        let is_free = |key: &str| key != "general.alignment";
        rewrite.remove_keys(|key| key == gone);
        rewrite.set(&set, Value::U32(number));
        rewrite.set("new.text", Value::Text(text.clone()));
        rewrite.set("new.bits", Value::Array(Array::of_bools(&bits)));
        rewrite.rename_or_drop(|name| (name != "tensor.0").then(|| format!("new.{name}")));

        let new = written(&rewrite, &bytes);
        let after = read(&new);
        prop_assert_eq!(after.text("new.text"), Some(text.as_str()));
        prop_assert_eq!(
            after.value("new.bits"),
            Some(&Value::Array(Array::of_bools(&bits)))
        );
        if is_free(&set) {
            prop_assert_eq!(after.value(&set), Some(&Value::U32(number)));
        }
        prop_assert!(!is_free(&gone) || !after.has(&gone));
        // The others are there, in their order.
        let others: Vec<&str> = sample
            .keys
            .iter()
            .map(|(key, _)| key.as_str())
            .filter(|key| *key != gone || !is_free(key))
            .collect();
        let there = after.keys().filter(|key| !key.starts_with("new."));
        prop_assert_eq!(there.collect::<Vec<_>>(), others);
        for tensor in document.tensors().skip(1) {
            let new_name = format!("new.{}", tensor.name());
            prop_assert_eq!(
                data(&after, &new, &new_name),
                data(&document, &bytes, tensor.name())
            );
        }
        prop_assert_eq!(after.tensors().len(), document.tensors().len().saturating_sub(1));
    }

    #[test]
    fn rows_and_columns_that_are_kept_are_those_of_the_source(
        (kind, [n_columns, n_rows], rows, blocks) in matrix(),
    ) {
        let mut sample = Sample::empty();
        for name in ["before", "by_row", "by_column", "after"] {
            sample.add(name, kind, &[n_columns, n_rows]);
        }
        let bytes = sample.bytes();
        let document = read(&bytes);
        let mut rewrite = Rewrite::of(&document);
        let block = kind.block() as u32;
        let columns: Vec<u32> = blocks
            .iter()
            .flat_map(|place| place * block..(place + 1) * block)
            .collect();
        rewrite.keep_rows("by_row", &rows).expect("rows of the matrix");
        rewrite.keep_columns("by_column", &columns).expect("columns of the matrix");

        let new = written(&rewrite, &bytes);
        let after = read(&new);
        let old = |name| data(&document, &bytes, name);
        let row_bytes = old("by_row").len() / n_rows as usize;
        let block_bytes = row_bytes / (n_columns as usize / block as usize);
        let by_row: Vec<u8> = rows
            .iter()
            .flat_map(|row| old("by_row")[*row as usize * row_bytes..][..row_bytes].to_vec())
            .collect();
        let by_column: Vec<u8> = old("by_column")
            .chunks(row_bytes)
            .flat_map(|row| {
                let block = |place: &u32| &row[*place as usize * block_bytes..][..block_bytes];
                blocks.iter().flat_map(block).copied().collect::<Vec<u8>>()
            })
            .collect();
        prop_assert_eq!(data(&after, &new, "by_row"), by_row);
        prop_assert_eq!(data(&after, &new, "by_column"), by_column);
        for name in ["before", "after"] {
            prop_assert_eq!(data(&after, &new, name), old(name));
        }
        let shape = |name: &str| after.tensor(name).map(|tensor| tensor.shape().to_vec());
        prop_assert_eq!(shape("by_row"), Some(vec![n_columns, rows.len() as u64]));
        prop_assert_eq!(shape("by_column"), Some(vec![columns.len() as u64, n_rows]));
        let n_params = after.n_params();
        prop_assert_eq!(rewrite.n_params(), n_params);
    }
}

fn small() -> Vec<u8> {
    let mut sample = Sample::empty();
    let q8_0 = TensorType::of_id(8).expect("Q8_0");
    sample.add("matrix", q8_0, &[64, 3]);
    sample.add("vector", TensorType::F32, &[5]);
    sample.bytes()
}

#[test]
fn new_bytes_come_from_memory_or_from_a_file() {
    let source = small();
    let document = read(&source);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("weights");
    std::fs::write(&path, [0, 0, 1, 2, 3, 4, 5, 6, 7, 8]).expect("a file");
    let mut rewrite = Rewrite::of(&document);
    let in_file = Content::File {
        path: path.clone(),
        offset: 2,
    };
    rewrite
        .replace("matrix", TensorType::F16, &[2, 2], in_file)
        .expect("it fits");
    let bias = Content::Bytes(1_f32.to_le_bytes().to_vec());
    rewrite
        .add_after("matrix", "bias", TensorType::F32, &[1], bias)
        .expect("it fits");
    let new = written(&rewrite, &source);
    let after = read(&new);
    let names: Vec<&str> = after.tensors().map(Tensor::name).collect();
    assert_eq!(names, ["matrix", "bias", "vector"]);
    assert_eq!(data(&after, &new, "matrix"), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(data(&after, &new, "bias"), 1_f32.to_le_bytes());

    // A file that has become shorter is found out.
    std::fs::write(&path, [0; 9]).expect("a file");
    let mut sink = std::io::sink();
    let cut = rewrite.write(&mut Cursor::new(&source), &mut sink, |_, _| ());
    let error = cut.expect_err("a byte is missing");
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
    let short = &source[..source.len() - 40];
    let copied = Rewrite::of(&document).write(&mut Cursor::new(short), &mut sink, |_, _| ());
    assert!(copied.is_err());
}

#[test]
fn a_change_that_does_not_fit_is_refused() {
    let source = small();
    let document = read(&source);
    let mut rewrite = Rewrite::of(&document);
    let mut refused = BTreeSet::new();
    let mut refuse = |result: Result<(), RewriteError>| {
        refused.insert(result.expect_err("it does not fit").to_string());
    };
    refuse(rewrite.keep_rows("none", &[0]));
    refuse(rewrite.keep_rows("vector", &[0]));
    for rows in [&[][..], &[3], &[1, 0], &[1, 1]] {
        refuse(rewrite.keep_rows("matrix", rows));
    }
    let half: Vec<u32> = (0..16).collect();
    let shifted: Vec<u32> = (16..48).collect();
    let with_gap: Vec<u32> = (0..31).chain([32]).collect();
    for columns in [half, shifted, with_gap] {
        refuse(rewrite.keep_columns("matrix", &columns));
    }
    let too_few = || Content::Bytes(vec![0; 7]);
    refuse(rewrite.replace("vector", TensorType::F32, &[2], too_few()));
    refuse(rewrite.replace("vector", TensorType::F32, &[0], Content::Bytes(Vec::new())));
    refuse(rewrite.add_after("vector", "matrix", TensorType::F32, &[1], too_few()));
    let long = "x".repeat(64);
    let four = Content::Bytes(vec![0; 4]);
    refuse(rewrite.add_after("vector", &long, TensorType::F32, &[1], four));
    rewrite.keep_rows("matrix", &[0, 2]).expect("two rows");
    refuse(rewrite.keep_rows("matrix", &[0]));
    assert_eq!(refused.len(), 9, "{refused:#?}");
    // What was refused has changed nothing.
    let new = written(&rewrite, &source);
    let after = read(&new);
    assert_eq!(
        after.tensor("matrix").map(Tensor::shape),
        Some(&[64, 2][..])
    );
    assert_eq!(after.tensor("vector").map(Tensor::shape), Some(&[5][..]));
}
