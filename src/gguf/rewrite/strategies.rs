//! Strategies for any file, and for any part of a matrix.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::gguf::sample::Sample;
use crate::gguf::types::TensorType;
use crate::gguf::{Array, Value};

/// One of every kind of value; arrays short and long, of numbers and of texts.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let put = |value: Value| {
        let mut bytes = Vec::new();
        value.put(&mut bytes);
        bytes
    };
    let texts = |texts: Vec<Vec<u8>>| {
        let mut bytes = [9_u32.to_le_bytes(), 8_u32.to_le_bytes()].concat();
        bytes.extend((texts.len() as u64).to_le_bytes());
        for text in texts {
            bytes.extend((text.len() as u64).to_le_bytes());
            bytes.extend(text);
        }
        bytes
    };
    // Not only UTF-8.
    let text = |text: Vec<u8>| {
        let mut bytes = 8_u32.to_le_bytes().to_vec();
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text);
        bytes
    };
    let any_text = || prop::collection::vec(any::<u8>(), 0..20);
    prop_oneof![
        any::<u8>().prop_map(Value::U8).prop_map(put),
        any::<i8>().prop_map(Value::I8).prop_map(put),
        any::<u16>().prop_map(Value::U16).prop_map(put),
        any::<i16>().prop_map(Value::I16).prop_map(put),
        any::<u32>().prop_map(Value::U32).prop_map(put),
        any::<i32>().prop_map(Value::I32).prop_map(put),
        any::<f32>().prop_map(Value::F32).prop_map(put),
        any::<bool>().prop_map(Value::Bool).prop_map(put),
        any::<u64>().prop_map(Value::U64).prop_map(put),
        any::<i64>().prop_map(Value::I64).prop_map(put),
        any::<f64>().prop_map(Value::F64).prop_map(put),
        any_text().prop_map(text),
        prop::collection::vec(any::<bool>(), 0..1100)
            .prop_map(move |items| put(Value::Array(Array::of_bools(&items)))),
        prop::collection::vec(any::<u32>(), 0..20)
            .prop_map(move |items| put(Value::Array(Array::of_u32s(&items)))),
        prop::collection::vec(any_text(), 0..5).prop_map(texts),
    ]
}

/// A type and a shape that fits it.
fn tensor() -> impl Strategy<Value = (TensorType, Vec<u64>)> {
    let kinds: Vec<TensorType> = (0..64).filter_map(TensorType::of_id).collect();
    (select(kinds), prop::collection::vec(1_u64..6, 0..=4)).prop_map(|(kind, mut shape)| {
        match shape.first_mut() {
            Some(columns) => *columns *= kind.block(),
            None if kind.block() > 1 => shape = vec![kind.block()],
            None => {}
        }
        (kind, shape)
    })
}

/// Any file that is valid.
pub(crate) fn any_file() -> impl Strategy<Value = Sample> {
    let alignment = select(vec![None, Some(8), Some(32), Some(64), Some(4096)]);
    (
        2_u32..=3,
        alignment,
        prop::collection::vec(("[a-z.]{0,12}", value()), 0..8),
        prop::collection::vec(tensor(), 0..6),
    )
        .prop_map(|(version, alignment, keys, tensors)| {
            let mut sample = Sample {
                version,
                ..Sample::empty()
            };
            for (n, (key, value)) in keys.into_iter().enumerate() {
                sample.keys.push((format!("{n}.{key}"), value));
            }
            if let Some(alignment) = alignment {
                sample.alignment = alignment;
                sample.set("general.alignment", Value::U32(alignment as u32));
            }
            for (n, (kind, shape)) in tensors.into_iter().enumerate() {
                sample.add(&format!("tensor.{n}"), kind, &shape);
            }
            sample
        })
}

/// A matrix, and some of its rows and of its blocks of columns.
pub(super) fn matrix() -> impl Strategy<Value = (TensorType, [u64; 2], Vec<u32>, Vec<u32>)> {
    let kinds = vec![0, 1, 2, 8, 12, 24, 30];
    let kind = select(kinds).prop_map(|id| TensorType::of_id(id).expect("a type"));
    (kind, 1_u32..12, 1_u32..12).prop_flat_map(|(kind, n_blocks, n_rows)| {
        let rows: Vec<u32> = (0..n_rows).collect();
        let blocks: Vec<u32> = (0..n_blocks).collect();
        let shape = [u64::from(n_blocks) * kind.block(), n_rows.into()];
        (
            Just(kind),
            Just(shape),
            subsequence(rows, 1..=n_rows as usize),
            subsequence(blocks, 1..=n_blocks as usize),
        )
    })
}
