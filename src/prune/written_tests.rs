//! Whatever file is written, ggml's own reader finds in it what was meant.

use std::io::Cursor;

use proptest::prelude::*;

use crate::engine::read_gguf;
use crate::gguf::{Document, Rewrite, Sample, TensorType, Value, any_file};

fn read(bytes: &[u8]) -> Document {
    Document::read(Cursor::new(bytes), bytes.len() as u64).expect("a valid file")
}

/// The keys and tensors of a file, the latter with their types and bytes.
type Found = (Vec<String>, Vec<(String, u32, Vec<u8>)>);

fn found_by_ggml(bytes: &[u8]) -> Option<Found> {
    let header = read_gguf(bytes)?;
    let tensors = header.tensors.into_iter();
    let tensors = tensors.map(|(name, kind, place)| (name, kind, bytes[place].to_vec()));
    Some((header.keys, tensors.collect()))
}

fn found_here(document: &Document, bytes: &[u8]) -> Found {
    let tensors = document.tensors().map(|tensor| {
        let data = document.read_tensor(&mut Cursor::new(bytes), tensor);
        let name = tensor.name().to_owned();
        (name, tensor.kind().id(), data.expect("its bytes"))
    });
    (
        document.keys().map(str::to_owned).collect(),
        tensors.collect(),
    )
}

/// Other names and keys, one tensor fewer, and of the others the first columns.
fn change<'d>(document: &'d Document, name: &str, number: u64) -> Rewrite<'d> {
    let mut rewrite = Rewrite::of(document);
    rewrite.label(name, &[("whittle.provenance".to_owned(), name.to_owned())]);
    rewrite.set("whittle.number", Value::U64(number));
    rewrite.rename_or_drop(|name| (name != "tensor.0").then(|| format!("new.{name}")));
    let with_columns = document.tensors().skip(1);
    for tensor in with_columns.filter(|tensor| !tensor.shape().is_empty()) {
        let first: Vec<u32> = (0..tensor.kind().block() as u32).collect();
        let kept = rewrite.keep_columns(&format!("new.{}", tensor.name()), &first);
        kept.expect("a whole block");
    }
    rewrite
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn ggml_reads_what_was_written(file in any_file(), name in ".{0,20}", number in any::<u64>()) {
        let source = file.bytes();
        let document = read(&source);
        prop_assert!(found_by_ggml(&source) == Some(found_here(&document, &source)));
        let rewrite = change(&document, &name, number);
        let mut new = Vec::new();
        let written = rewrite.write(&mut Cursor::new(&source), &mut new, |_, _| ());
        written.expect("it can be written");
        let document = read(&new);
        prop_assert_eq!(document.text("general.name"), Some(name.as_str()));
        prop_assert!(found_by_ggml(&new) == Some(found_here(&document, &new)));
    }
}

#[test]
fn every_type_of_tensor_is_as_large_as_ggml_has_it() {
    let mut file = Sample::empty();
    for kind in (0..64).filter_map(TensorType::of_id) {
        file.add(kind.name(), kind, &[2 * kind.block(), 3]);
    }
    let bytes = file.bytes();
    let document = read(&bytes);
    assert_eq!(document.tensors().len(), 35);
    assert!(found_by_ggml(&bytes) == Some(found_here(&document, &bytes)));
}
