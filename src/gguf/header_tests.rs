//! Each bound of a header, and what is said of a file that goes beyond it.

use std::io::{Cursor, Write};

use super::*;
use crate::gguf::value::put_text;

/// GGUF's numbers of types of values, and ggml's of tensors.
const BYTE: u32 = 0;
const U32: u32 = 4;
const TEXT: u32 = 8;
const ARRAY: u32 = 9;
const F64_VALUE: u32 = 12;
const F64: u32 = 28;
const F16: u32 = 1;
const I8: u32 = 24;
const Q8_0: u32 = 8;

/// A header's parts as their bytes.
struct Parts {
    version: u32,
    /// Instead of how many there are.
    n_tensors: Option<u64>,
    n_keys: Option<u64>,
    keys: Vec<Vec<u8>>,
    tensors: Vec<Vec<u8>>,
    n_data: usize,
}

impl Parts {
    fn none() -> Self {
        Self {
            version: 3,
            n_tensors: None,
            n_keys: None,
            keys: Vec::new(),
            tensors: Vec::new(),
            n_data: 64,
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let count = |given: Option<u64>, there: &[Vec<u8>]| given.unwrap_or(there.len() as u64);
        let mut bytes = b"GGUF".to_vec();
        bytes.extend(self.version.to_le_bytes());
        bytes.extend(count(self.n_tensors, &self.tensors).to_le_bytes());
        bytes.extend(count(self.n_keys, &self.keys).to_le_bytes());
        bytes.extend(self.keys.concat());
        bytes.extend(self.tensors.concat());
        bytes.resize(bytes.len().next_multiple_of(32) + self.n_data, 0);
        bytes
    }
}

fn text(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_text(&mut bytes, text);
    bytes
}

fn key(name: &str, kind: u32, value: &[u8]) -> Vec<u8> {
    [&text(name), kind.to_le_bytes().as_slice(), value].concat()
}

/// An array of so many, of which these are there.
fn array(kind: u32, n: u64, items: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes(), n.to_le_bytes().as_slice(), items].concat()
}

fn tensor(name: &str, shape: &[u64], kind: u32, offset: u64) -> Vec<u8> {
    let mut bytes = text(name);
    bytes.extend((shape.len() as u32).to_le_bytes());
    bytes.extend(shape.iter().flat_map(|size| size.to_le_bytes()));
    bytes.extend(kind.to_le_bytes());
    bytes.extend(offset.to_le_bytes());
    bytes
}

fn with_keys(keys: &[Vec<u8>]) -> Parts {
    Parts {
        keys: keys.to_vec(),
        ..Parts::none()
    }
}

fn with_tensors(tensors: &[Vec<u8>]) -> Parts {
    Parts {
        tensors: tensors.to_vec(),
        ..Parts::none()
    }
}

fn read_bytes(bytes: &[u8]) -> Result<Document, GgufError> {
    read(Cursor::new(bytes), bytes.len() as u64)
}

/// Each refused file with what it is, and with the words that only its own check has.
#[track_caller]
fn assert_refused(cases: &[(&str, Parts, &str)]) {
    for (case, parts, says) in cases {
        let error = read_bytes(&parts.bytes()).expect_err(case).to_string();
        assert!(error.contains(says), "{case}: {error}");
    }
}

#[test]
fn what_is_at_a_bound_is_read() {
    let shapes: [&[u64]; 3] = [&[32, 1, 1, 1], &[], &[1]];
    let mut parts = with_tensors(&[
        tensor(&"x".repeat(63), shapes[0], Q8_0, 0),
        tensor("one number", shapes[1], I8, 65_536),
        tensor("another", shapes[2], F16, 2 * 65_536),
    ]);
    parts.keys = vec![
        key(ALIGNMENT_KEY, U32, &65_536_u32.to_le_bytes()),
        key("empty", ARRAY, &array(TEXT, 0, &[])),
        key("kept", ARRAY, &array(BYTE, 1024, &[1; 1024])),
        key("long", ARRAY, &array(BYTE, 1025, &[1; 1025])),
    ];
    parts.n_data = 4 * 65_536;
    for version in [2, 3] {
        parts.version = version;
        let document = read_bytes(&parts.bytes()).expect("a valid file");
        assert!(document.tensors().map(Tensor::shape).eq(shapes));
        assert!(document.value("kept").is_some() && document.value("long").is_none());
        assert_eq!(document.array_length("long"), Some(1025));
    }
}

#[test]
fn other_versions_are_refused_by_their_number() {
    for version in [0, 1, 4, 3_u32.swap_bytes()] {
        let mut parts = Parts::none();
        parts.version = version;
        let error = read_bytes(&parts.bytes()).expect_err("another version");
        let is_it = matches!(error, GgufError::Version(it) if it == version);
        assert!(is_it, "{version}: {error}");
    }
}

#[test]
fn counts_that_no_header_has_are_refused() {
    let claims = |n_keys: u64, n_tensors: u64| Parts {
        n_keys: Some(n_keys),
        n_tensors: Some(n_tensors),
        ..Parts::none()
    };
    let no_room = "the header needs";
    assert_refused(&[
        ("keys", claims(65_537, 0), "65537 metadata keys"),
        ("tensors", claims(0, 262_145), "262145 tensors"),
        ("all that can be", claims(u64::MAX, u64::MAX), "it claims"),
        ("keys without room", claims(65_536, 0), no_room),
        ("tensors without room", claims(0, 262_144), no_room),
    ]);
}

#[test]
fn odd_keys_are_refused() {
    let keys = |names: &[&str]| {
        let keys = names.iter().map(|name| key(name, BYTE, &[0]));
        with_keys(&keys.collect::<Vec<_>>())
    };
    let long = "k".repeat(1 << 16);
    let cut = format!("the key \"{}…\" comes twice", "k".repeat(64));
    let unknown = with_keys(&[key("a", 13, &[0; 8])]);
    assert_refused(&[
        ("no name", keys(&[""]), "a metadata key without a name"),
        ("twice", keys(&["a\0", "b", "a\0"]), r#""a\0" comes twice"#),
        ("a long one twice", keys(&[&long, &long]), &cut),
        ("of no type", unknown, "metadata type 13 does not exist"),
    ]);
}

#[test]
fn odd_alignments_are_refused() {
    let of = |kind: u32, bytes: &[u8]| with_keys(&[key(ALIGNMENT_KEY, kind, bytes)]);
    let number = |n: u32| of(U32, &n.to_le_bytes());
    let in_array = array(U32, 1, &32_u32.to_le_bytes());
    let other = "an alignment that is no 32-bit number";
    assert_refused(&[
        ("of 64 bits", of(10, &32_u64.to_le_bytes()), other),
        ("with a sign", of(5, &32_i32.to_le_bytes()), other),
        ("a text", of(TEXT, &text("32")), other),
        ("an array", of(ARRAY, &in_array), other),
        ("none", number(0), "an alignment of 0;"),
        ("no power of two", number(48), "an alignment of 48;"),
        ("too small", number(4), "an alignment of 4;"),
        ("too large", number(131_072), "an alignment of 131072;"),
    ]);
}

#[test]
fn odd_texts_and_arrays_are_refused() {
    let value = |kind: u32, bytes: &[u8]| with_keys(&[key("a", kind, bytes)]);
    let of = |kind: u32, n: u64| value(ARRAY, &array(kind, n, &[0; 32]));
    let endless = u64::MAX.to_le_bytes();
    let beyond = "a metadata array needs";
    // There in full, and too long.
    let long = "x".repeat((16 << 20) + 1);
    let long_key = with_keys(&[key(&long, BYTE, &[0])]);
    let long_item = value(ARRAY, &array(TEXT, 1, &text(&long)));
    let says = |what: &str| format!("a text of 16777217 bytes in a metadata {what}");
    assert_refused(&[
        ("a text", value(TEXT, &endless), "a metadata value needs"),
        (
            "a key",
            with_keys(&[endless.into()]),
            "a metadata key needs",
        ),
        ("numbers", of(F64_VALUE, 1024), beyond),
        ("more numbers", of(F64_VALUE, 1025), beyond),
        ("all that can be", of(F64_VALUE, u64::MAX), beyond),
        ("texts", of(TEXT, u64::MAX), beyond),
        ("of arrays", of(ARRAY, 1), "an array of arrays"),
        ("of no type", of(13, 1), "metadata array type 13 does not"),
        ("a long text", value(TEXT, &text(&long)), &says("value")),
        ("a long key", long_key, &says("key")),
        ("a long text of many", long_item, &says("array")),
    ]);
}

/// A sparse file costs its author nothing.
#[test]
fn a_header_that_does_not_end_is_refused() {
    const LEN: u64 = 300 << 20;
    let items = array(BYTE, 257 << 20, &[]);
    let bytes = with_keys(&[key("a", ARRAY, &items)]).bytes();
    let mut file = tempfile::tempfile().expect("a file");
    file.set_len(LEN).expect("a sparse file");
    file.write_all(&bytes).expect("its beginning");
    file.rewind().expect("a file");
    let error = read(file, LEN).expect_err("it is too long").to_string();
    assert!(error.contains("its header does not end"), "{error}");
}

#[test]
fn odd_tensors_are_refused() {
    const HALF: u64 = 1 << 63;
    let one = |shape: &[u64], kind: u32| with_tensors(&[tensor("t\0", shape, kind, 0)]);
    let named = |name: &str| with_tensors(&[tensor(name, &[8], F64, 0)]);
    let long = "x".repeat(64);
    let no_size = "has no possible size";
    let too_many = r#"tensor "t\0" has 5 dimensions"#;
    let parts = "rows of 33, no multiple of 32 as Q8_0 needs";
    assert_refused(&[
        ("a long name", named(&long), "a tensor's name is too long"),
        ("dimensions", one(&[1; 5], F16), too_many),
        ("no rows", one(&[8, 0], F16), no_size),
        ("no columns", one(&[0], F16), no_size),
        ("too many elements", one(&[1 << 40, 1 << 40], F16), no_size),
        ("elements below 0", one(&[HALF], I8), no_size),
        ("too many bytes", one(&[HALF / 2], F64), no_size),
        ("a type of old", one(&[32], 4), "type 4, which is unknown"),
        ("no type", one(&[32], u32::MAX), "type 4294967295, which"),
        ("parts of blocks", one(&[33], Q8_0), parts),
        ("too little data", one(&[9], F64), "the tensor data needs"),
    ]);
}

/// Of two tensors of 64 bytes, the second in another place or of another name.
#[test]
fn tensors_that_do_not_follow_one_another_are_refused() {
    const HALF: u64 = 1 << 63;
    let two = |name: &str, offset: u64| Parts {
        n_data: 256,
        ..with_tensors(&[tensor("a", &[8], F64, 0), tensor(name, &[8], F64, offset)])
    };
    // As many bytes as can be counted, without padding and with it.
    let half = |name: &str, offset: u64| tensor(name, &[HALF / 2], F16, offset);
    let most = |name: &str, offset: u64| tensor(name, &[HALF - 1], I8, offset);
    let halves = with_tensors(&[half("a", 0), half("b", HALF)]);
    let padded = with_tensors(&[most("a", 0), most("b", HALF)]);
    let first = with_tensors(&[tensor("a", &[8], F64, 32)]);
    assert_refused(&[
        (
            "a gap before",
            first,
            "begins at 32 of the data instead of 0",
        ),
        (
            "a gap",
            two("b", 96),
            "begins at 96 of the data instead of 64",
        ),
        ("one over another", two("b", 0), "begins at 0 of the data"),
        ("one name", two("a", 64), r#"tensor "a" comes twice"#),
        ("an end nowhere", halves, r#"tensor "b" ends nowhere"#),
        ("padding nowhere", padded, r#"tensor "b" ends nowhere"#),
    ]);
}
