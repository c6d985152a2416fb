//! Weights as a file has them.

use faer::Mat;

use super::error::PruneError;
use crate::engine::{dequantize, quantize_rows};

/// The weights as the file will have them, of ggml's type `kind`, and as they
/// are read from it. A column is a row of the file.
pub(super) fn rounded(kind: u32, weights: &Mat<f64>) -> Result<(Vec<u8>, Mat<f32>), PruneError> {
    let (height, n_columns) = (weights.nrows(), weights.ncols());
    let columns = (0..n_columns).flat_map(|column| weights.col_as_slice(column));
    let numbers: Vec<f32> = columns.map(|weight| *weight as f32).collect();
    let bytes = quantize_rows(kind, &numbers, height)?;
    let numbers = dequantize(kind, &bytes, height)?;
    let read = Mat::from_fn(height, n_columns, |row, column| {
        numbers[column * height + row]
    });
    Ok((bytes, read))
}
