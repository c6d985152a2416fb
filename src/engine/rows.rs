//! Rows of weights: from the types of a file to numbers and back.

#![expect(unsafe_code, reason = "calls ggml's conversions")]

use std::ptr;

use llama_cpp_sys_2 as sys;

use super::error::EngineError;

/// The numbers in `bytes`, which are rows of `n_per_row` weights of ggml's type
/// `kind`.
pub(crate) fn dequantize(
    kind: u32,
    bytes: &[u8],
    n_per_row: usize,
) -> Result<Vec<f32>, EngineError> {
    let row_bytes = row_bytes(kind, n_per_row)?;
    if !bytes.len().is_multiple_of(row_bytes) {
        return Err(unusable(kind, n_per_row));
    }
    if kind == sys::GGML_TYPE_F32 {
        let (numbers, _) = bytes.as_chunks::<4>();
        return Ok(numbers
            .iter()
            .map(|number| f32::from_le_bytes(*number))
            .collect());
    }
    // SAFETY: `row_bytes` refuses what is no type; the traits are constants.
    let convert = unsafe { (*sys::ggml_get_type_traits(kind)).to_float };
    let convert = convert.ok_or_else(|| unusable(kind, n_per_row))?;
    let n = bytes.len() / row_bytes * n_per_row;
    let mut numbers = vec![0.0_f32; n];
    // Blocks are read as C structs, whose fields are two bytes wide at most and
    // need such an address; a copy in 32-bit units has one.
    let mut aligned = vec![0_u32; bytes.len().div_ceil(4)];
    // SAFETY: the copy has room for the bytes. Then as many numbers are written
    // as there are weights in whole rows, which is what there is room for.
    unsafe {
        ptr::copy_nonoverlapping(bytes.as_ptr(), aligned.as_mut_ptr().cast(), bytes.len());
        convert(
            aligned.as_ptr().cast(),
            numbers.as_mut_ptr(),
            i64::try_from(n).unwrap_or(0),
        );
    }
    Ok(numbers)
}

/// Rows of `n_per_row` numbers as weights of ggml's type `kind`, rounded as
/// llama.cpp's quantization does without an importance matrix.
pub(crate) fn quantize_rows(
    kind: u32,
    numbers: &[f32],
    n_per_row: usize,
) -> Result<Vec<u8>, EngineError> {
    let row_bytes = row_bytes(kind, n_per_row)?;
    // SAFETY: the type is one.
    let needs_imatrix = unsafe { sys::ggml_quantize_requires_imatrix(kind) };
    if n_per_row == 0 || !numbers.len().is_multiple_of(n_per_row) || needs_imatrix {
        return Err(unusable(kind, n_per_row));
    }
    if let Some(number) = numbers.iter().find(|number| !holds(kind, **number)) {
        return Err(EngineError::Rows(format!(
            "the weight {number} does not fit into its tensor's type"
        )));
    }
    let n_rows = numbers.len() / n_per_row;
    let mut aligned = vec![0_u32; (n_rows * row_bytes).div_ceil(4)];
    let as_i64 = |n: usize| i64::try_from(n).unwrap_or(0);
    // SAFETY: the numbers are whole rows, and there is room for as many rows of
    // the type. No importance matrix is needed.
    unsafe {
        sys::ggml_quantize_chunk(
            kind,
            numbers.as_ptr(),
            aligned.as_mut_ptr().cast(),
            0,
            as_i64(n_rows),
            as_i64(n_per_row),
            ptr::null(),
        );
    }
    let bytes = aligned.iter().flat_map(|word| word.to_ne_bytes());
    Ok(bytes.take(n_rows * row_bytes).collect())
}

/// Whether the type can hold a number: 16-bit floats end at 65,504.
fn holds(kind: u32, number: f32) -> bool {
    let limit = match kind {
        sys::GGML_TYPE_F32 | sys::GGML_TYPE_BF16 => f32::MAX,
        // The scales of quantized blocks are 16-bit floats.
        _ => 65_504.0,
    };
    number.abs() <= limit
}

/// Bytes of a row, where the type converts rows of such a length both ways.
fn row_bytes(kind: u32, n_per_row: usize) -> Result<usize, EngineError> {
    let is_weights = kind < sys::GGML_TYPE_COUNT
        && !matches!(
            kind,
            sys::GGML_TYPE_I8
                | sys::GGML_TYPE_I16
                | sys::GGML_TYPE_I32
                | sys::GGML_TYPE_I64
                | sys::GGML_TYPE_F64
                | sys::GGML_TYPE_Q8_1
                | sys::GGML_TYPE_Q8_K
        );
    if !is_weights {
        return Err(unusable(kind, n_per_row));
    }
    let columns = i64::try_from(n_per_row).unwrap_or(0);
    // SAFETY: the type is below their count. ggml asserts that whole blocks fit,
    // which is asked before; types that were removed have blocks of 0.
    let bytes = unsafe {
        let block = sys::ggml_blck_size(kind);
        match block > 0 && columns > 0 && columns % block == 0 {
            true => sys::ggml_row_size(kind, columns),
            false => 0,
        }
    };
    match bytes {
        0 => Err(unusable(kind, n_per_row)),
        bytes => Ok(bytes),
    }
}

fn unusable(kind: u32, n_per_row: usize) -> EngineError {
    EngineError::Rows(format!(
        "rows of {n_per_row} weights of ggml's type {kind} cannot be converted"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_survive_both_ways() {
        let numbers: Vec<f32> = (0..128_i16).map(|i| f32::from(i - 64) / 64.0).collect();
        let kinds = [
            (sys::GGML_TYPE_F32, 0.0),
            (sys::GGML_TYPE_F16, 0.0),
            (sys::GGML_TYPE_BF16, 0.0),
            (sys::GGML_TYPE_Q8_0, 0.005),
            (sys::GGML_TYPE_Q4_1, 0.04),
        ];
        for (kind, tolerance) in kinds {
            let bytes = quantize_rows(kind, &numbers, 64).expect("rows");
            let back = dequantize(kind, &bytes, 64).expect("numbers");
            assert_eq!(back.len(), numbers.len());
            for (back, number) in back.iter().zip(&numbers) {
                assert!(
                    (back - number).abs() <= tolerance,
                    "{kind}: {back} {number}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_row_of_weights_is_refused() {
        assert!(quantize_rows(sys::GGML_TYPE_Q8_0, &[0.0; 40], 40).is_err());
        assert!(quantize_rows(sys::GGML_TYPE_F16, &[70_000.0], 1).is_err());
        assert!(quantize_rows(sys::GGML_TYPE_F32, &[f32::NAN], 1).is_err());
        assert!(quantize_rows(sys::GGML_TYPE_IQ2_XXS, &[0.0; 256], 256).is_err());
        assert!(dequantize(sys::GGML_TYPE_F16, &[0; 5], 2).is_err());
        for kind in [4, 5, sys::GGML_TYPE_I32, sys::GGML_TYPE_COUNT, u32::MAX] {
            assert!(dequantize(kind, &[0; 64], 16).is_err(), "{kind}");
        }
    }
}
