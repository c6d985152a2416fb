//! Every kind of value that is written into a header is read.

use std::fs;

use whittle::gguf::{Array, Rewrite, Value, check_model};

use super::load;
use super::model::Model;
use crate::tiny_model::Tiny;

#[tokio::test(flavor = "multi_thread")]
async fn every_value_that_is_written_is_read() {
    let model = Model::of(Tiny::default());
    let same = Rewrite::of(&model.document);
    let copy = model.write("copy.gguf", &same);
    assert!(fs::read(copy).expect("the copy") == fs::read(&model.path).expect("the file"));
    let mut rewrite = same;
    for (key, value) in [
        ("a", Value::U8(1)),
        ("b", Value::I8(-1)),
        ("c", Value::U16(1)),
        ("d", Value::I16(-1)),
        ("e", Value::U32(1)),
        ("f", Value::I32(-1)),
        ("g", Value::F32(0.5)),
        ("h", Value::Bool(true)),
        ("i", Value::Text("\u{20ac} and \0".to_owned())),
        ("j", Value::Text(String::new())),
        ("k", Value::Array(Array::of_bools(&[true, false]))),
        ("l", Value::Array(Array::of_u32s(&[]))),
        ("m", Value::U64(1)),
        ("n", Value::I64(-1)),
        ("o", Value::F64(0.5)),
    ] {
        rewrite.set(&format!("whittle.{key}"), value);
    }
    rewrite.label(
        "Another name",
        &[("whittle.provenance".to_owned(), "x".to_owned())],
    );
    let labelled = model.write("labelled.gguf", &rewrite);
    assert_eq!(load(&labelled).await, Ok(()));
    let header = check_model(&labelled).expect("a model");
    assert_eq!(header.name.as_deref(), Some("Another name"));
    assert_eq!(header.provenance.as_deref(), Some("x"));
}
