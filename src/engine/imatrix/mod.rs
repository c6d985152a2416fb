//! Importance matrices: how much each input of a weight matrix matters, as
//! llama.cpp's `llama-imatrix` defines it.
//!
//! While the model reads a text in chunks, every multiplication of a block's
//! weights by 16 rows or more adds the squares of its inputs, column by column;
//! the mean over all rows is what quantization weighs errors by. The output
//! matrix is left out, as there.

mod collect;
mod products;
mod sums;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::error::EngineError;
use sums::floats;

pub(crate) use collect::{CollectOptions, collect_imatrix};

/// Where a file that claims more is no matrix of ours.
const MAX_ENTRIES: usize = 1 << 20;

/// The mean square of every input column, by weight matrix.
#[derive(Debug, PartialEq)]
pub(crate) struct Imatrix {
    entries: BTreeMap<String, Vec<f32>>,
}

impl Imatrix {
    /// Every matrix's name and means.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &[f32])> {
        self.entries
            .iter()
            .map(|(name, values)| (name.as_str(), values.as_slice()))
    }

    /// Writes it as `llama-imatrix --output-format dat` does, counted as one
    /// call, so that `llama-quantize --imatrix` reads the very same means.
    pub(crate) fn write(&self, path: &Path, n_chunks: u32) -> Result<(), EngineError> {
        let number = |n: usize| i32::try_from(n).unwrap_or(i32::MAX).to_le_bytes();
        let mut bytes = number(self.entries.len()).to_vec();
        for (name, values) in &self.entries {
            bytes.extend(number(name.len()));
            bytes.extend(name.as_bytes());
            bytes.extend(number(1));
            bytes.extend(number(values.len()));
            bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        }
        bytes.extend(number(n_chunks as usize));
        let text = b"whittle's calibration text";
        bytes.extend(number(text.len()));
        bytes.extend(text);
        Ok(fs::write(path, bytes)?)
    }

    /// Reads what `write` wrote.
    pub(crate) fn read(path: &Path) -> Result<Self, EngineError> {
        let bytes = fs::read(path)?;
        Self::parse(&bytes).ok_or_else(|| {
            EngineError::Imatrix(
                "the kept importance matrix is damaged; delete it from the data folder's cache"
                    .to_owned(),
            )
        })
    }

    fn parse(mut bytes: &[u8]) -> Option<Self> {
        let n = take_number(&mut bytes)?;
        if n > MAX_ENTRIES {
            return None;
        }
        let mut entries = BTreeMap::new();
        for _ in 0..n {
            let length = take_number(&mut bytes)?;
            let name = bytes.split_off(..length)?;
            let name = str::from_utf8(name).ok()?.to_owned();
            let n_calls = take_number(&mut bytes)?;
            let n_values = take_number(&mut bytes)?;
            let values = bytes.split_off(..n_values.checked_mul(4)?)?;
            let values: Vec<f32> = floats(values).collect();
            if n_calls != 1 || !values.iter().all(|value| value.is_finite()) {
                return None;
            }
            entries.insert(name, values);
        }
        (!entries.is_empty()).then_some(Self { entries })
    }
}

fn take_number(bytes: &mut &[u8]) -> Option<usize> {
    let number = bytes.split_off(..4)?;
    let number = i32::from_le_bytes(number.try_into().ok()?);
    usize::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_matrix_is_read_back_and_a_cut_one_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("imatrix.dat");
        let entries = [("blk.0.a".to_owned(), vec![1.0, 0.25])].into();
        let imatrix = Imatrix { entries };
        imatrix.write(&path, 7).expect("it is written");
        assert_eq!(Imatrix::read(&path).expect("it is read"), imatrix);
        let bytes = fs::read(&path).expect("bytes");
        for n in 0..bytes.len() - 34 {
            assert!(Imatrix::parse(&bytes[..n]).is_none(), "cut at {n}");
        }
    }
}
