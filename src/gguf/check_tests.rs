//! What the checks let through and what they do not.

use std::fs;
use std::io::Cursor;

use proptest::prelude::*;

use super::*;

/// The bytes of a GGUF with one F32 tensor of 32 elements.
fn file(keys: &[(&str, u32, Vec<u8>)]) -> Vec<u8> {
    let text = |s: &str| [(s.len() as u64).to_le_bytes().as_slice(), s.as_bytes()].concat();
    let mut bytes = b"GGUF".to_vec();
    bytes.extend(3_u32.to_le_bytes());
    bytes.extend(1_u64.to_le_bytes());
    bytes.extend((keys.len() as u64).to_le_bytes());
    for (key, kind, value) in keys {
        bytes.extend(text(key));
        bytes.extend(kind.to_le_bytes());
        bytes.extend(value);
    }
    bytes.extend(text("token_embd.weight"));
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend(32_u64.to_le_bytes());
    bytes.extend(0_u32.to_le_bytes());
    bytes.extend(0_u64.to_le_bytes());
    bytes.resize(bytes.len().next_multiple_of(32) + 128, 0);
    bytes
}

fn text(s: &str) -> Vec<u8> {
    [(s.len() as u64).to_le_bytes().as_slice(), s.as_bytes()].concat()
}

fn llama(more: &[(&'static str, u32, Vec<u8>)]) -> Vec<u8> {
    let mut keys = vec![
        ("general.architecture", 8, text("llama")),
        ("llama.block_count", 4, 2_u32.to_le_bytes().to_vec()),
        ("llama.context_length", 4, 2048_u32.to_le_bytes().to_vec()),
    ];
    keys.extend_from_slice(more);
    file(&keys)
}

fn checked(bytes: &[u8]) -> Result<ModelHeader, GgufError> {
    check(Cursor::new(bytes), bytes.len() as u64)
}

#[test]
fn a_model_is_described() {
    let header = checked(&llama(&[
        ("general.name", 8, text("A\u{7}b")),
        ("general.file_type", 4, 15_u32.to_le_bytes().to_vec()),
        ("whittle.provenance", 8, text("upcast from Q4_1")),
    ]));
    let header = header.expect("a valid file");
    assert_eq!(header.name.as_deref(), Some("A b"));
    assert_eq!(header.file_type, "Q4_K_M");
    assert_eq!((header.n_params, header.n_ctx_train), (32, Some(2048)));
    assert_eq!(header.provenance.as_deref(), Some("upcast from Q4_1"));
    let f32 = &header.tensor_types[0];
    assert_eq!((f32.name, f32.n_tensors, f32.n_bytes), ("F32", 1, 128));
}

#[test]
fn what_was_checked_is_what_is_read_wherever_the_path_leads_by_then() {
    let folder = tempfile::tempdir().expect("a folder");
    let [path, other] = ["x.gguf", "y.gguf"].map(|name| folder.path().join(name));
    fs::write(&path, llama(&[])).expect("a file");
    let (mut file, _) = open_model(&path).expect("a valid file");
    fs::write(&other, "another").expect("a file");
    fs::rename(&other, &path).expect("it takes its place");
    let mut read = Vec::new();
    file.read_to_end(&mut read).expect("it is read");
    assert_eq!(read, llama(&[]));
}

#[test]
fn a_file_without_a_type_is_named_by_its_tensors() {
    assert_eq!(checked(&llama(&[])).expect("a valid file").file_type, "F32");
}

#[test]
fn what_is_no_gguf_is_said() {
    assert!(matches!(
        checked(b"PK\x03\x04 a zip"),
        Err(GgufError::NotGguf)
    ));
    assert!(matches!(checked(b"GGU"), Err(GgufError::NotGguf)));
    assert!(matches!(checked(b""), Err(GgufError::Empty)));
    let mut big_endian = llama(&[]);
    big_endian[4..8].copy_from_slice(&3_u32.to_be_bytes());
    assert!(matches!(checked(&big_endian), Err(GgufError::Version(_))));
}

#[test]
fn every_truncation_is_an_error() {
    let whole = llama(&[]);
    for n in 0..whole.len() {
        assert!(
            checked(&whole[..n]).is_err(),
            "cut at {n} of {}",
            whole.len()
        );
    }
}

#[test]
fn no_blocks_never_reaches_native_code() {
    let bytes = file(&[
        ("general.architecture", 8, text("llama")),
        ("llama.block_count", 4, 0_u32.to_le_bytes().to_vec()),
    ]);
    assert!(matches!(checked(&bytes), Err(GgufError::Damaged(_))));
}

/// The architecture is text of the file, of 16 MiB where its author wants.
#[test]
fn what_a_file_calls_itself_is_cut_and_nothing_obeys_it() {
    let name = format!("\u{1b}[2J{}", "x".repeat(1 << 20));
    let bytes = file(&[("general.architecture", 8, text(&name))]);
    let error = checked(&bytes).expect_err("no blocks").to_string();
    let says = format!(r"\u{{1b}}[2J{}….block_count is missing", "x".repeat(60));
    assert!(error.contains(&says), "{error}");
}

#[test]
fn other_kinds_say_what_they_are() {
    let bert = file(&[
        ("general.architecture", 8, text("bert")),
        ("bert.block_count", 4, 2_u32.to_le_bytes().to_vec()),
    ]);
    let error = checked(&bert).expect_err("an embedding model");
    assert!(error.to_string().contains("generates no text"), "{error}");
    let adapter = checked(&llama(&[("general.type", 8, text("adapter"))]));
    assert!(
        adapter
            .expect_err("an adapter")
            .to_string()
            .contains("LoRA")
    );
    let part = checked(&llama(&[("split.count", 2, 3_u16.to_le_bytes().to_vec())]));
    assert!(part.expect_err("a part").to_string().contains("split"));
}

proptest! {
    #[test]
    fn no_mutation_panics(changes in prop::collection::vec((0_usize..400, any::<u8>()), 1..8)) {
        let mut bytes = llama(&[("general.name", 8, text("name"))]);
        for (place, value) in changes {
            let place = place % bytes.len();
            bytes[place] = value;
        }
        let _ = checked(&bytes);
    }

    #[test]
    fn no_noise_panics(noise in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = checked(&[b"GGUF\x03\0\0\0".as_slice(), &noise].concat());
        let _ = checked(&noise);
    }
}
