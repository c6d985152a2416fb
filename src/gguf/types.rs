//! The names, block lengths and block sizes of ggml's tensor types, and the
//! names of llama.cpp's file types. Source: `ggml.h`, `ggml.c` and `llama.h`
//! of the llama.cpp that is embedded here.

/// A tensor type: elements of a block, and its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TensorType {
    id: u32,
    name: &'static str,
    block: u64,
    bytes: u64,
}

impl TensorType {
    /// 32-bit floats.
    pub const F32: Self = Self::new(0, "F32", 1, 4);
    /// 16-bit floats.
    pub const F16: Self = Self::new(1, "F16", 1, 2);

    const fn new(id: u32, name: &'static str, block: u64, bytes: u64) -> Self {
        Self {
            id,
            name,
            block,
            bytes,
        }
    }

    /// The type with ggml's number `id`; none for one that the engine does not
    /// know.
    pub fn of_id(id: u32) -> Option<Self> {
        tensor_type(id)
    }

    /// ggml's number.
    pub fn id(self) -> u32 {
        self.id
    }

    /// ggml's name, such as `Q4_K`.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// Elements that are kept together; 1: each is kept alone.
    pub fn block(self) -> u64 {
        self.block
    }

    /// Bytes of `n` elements, whole blocks; none for parts of blocks, or more
    /// than can be counted.
    pub fn bytes_of(self, n: u64) -> Option<u64> {
        let is_whole = n.is_multiple_of(self.block);
        is_whole.then(|| n / self.block)?.checked_mul(self.bytes)
    }

    /// Whether its elements have lost something, for less room.
    pub fn is_quantized(self) -> bool {
        self.block > 1
    }
}

fn tensor_type(id: u32) -> Option<TensorType> {
    let (name, block, bytes) = match id {
        0 => ("F32", 1, 4),
        1 => ("F16", 1, 2),
        2 => ("Q4_0", 32, 18),
        3 => ("Q4_1", 32, 20),
        6 => ("Q5_0", 32, 22),
        7 => ("Q5_1", 32, 24),
        8 => ("Q8_0", 32, 34),
        9 => ("Q8_1", 32, 36),
        10 => ("Q2_K", 256, 84),
        11 => ("Q3_K", 256, 110),
        12 => ("Q4_K", 256, 144),
        13 => ("Q5_K", 256, 176),
        14 => ("Q6_K", 256, 210),
        15 => ("Q8_K", 256, 292),
        16 => ("IQ2_XXS", 256, 66),
        17 => ("IQ2_XS", 256, 74),
        18 => ("IQ3_XXS", 256, 98),
        19 => ("IQ1_S", 256, 50),
        20 => ("IQ4_NL", 32, 18),
        21 => ("IQ3_S", 256, 110),
        22 => ("IQ2_S", 256, 82),
        23 => ("IQ4_XS", 256, 136),
        24 => ("I8", 1, 1),
        25 => ("I16", 1, 2),
        26 => ("I32", 1, 4),
        27 => ("I64", 1, 8),
        28 => ("F64", 1, 8),
        29 => ("IQ1_M", 256, 56),
        30 => ("BF16", 1, 2),
        34 => ("TQ1_0", 256, 54),
        35 => ("TQ2_0", 256, 66),
        39 => ("MXFP4", 32, 17),
        40 => ("NVFP4", 64, 36),
        41 => ("Q1_0", 128, 18),
        42 => ("Q2_0", 64, 18),
        _ => return None,
    };
    Some(TensorType::new(id, name, block, bytes))
}

/// llama.cpp's name of `general.file_type`.
pub(super) fn file_type(id: u64) -> Option<&'static str> {
    Some(match id {
        0 => "F32",
        1 => "F16",
        2 => "Q4_0",
        3 => "Q4_1",
        7 => "Q8_0",
        8 => "Q5_0",
        9 => "Q5_1",
        10 => "Q2_K",
        11 => "Q3_K_S",
        12 => "Q3_K_M",
        13 => "Q3_K_L",
        14 => "Q4_K_S",
        15 => "Q4_K_M",
        16 => "Q5_K_S",
        17 => "Q5_K_M",
        18 => "Q6_K",
        19 => "IQ2_XXS",
        20 => "IQ2_XS",
        21 => "Q2_K_S",
        22 => "IQ3_XS",
        23 => "IQ3_XXS",
        24 => "IQ1_S",
        25 => "IQ4_NL",
        26 => "IQ3_S",
        27 => "IQ3_M",
        28 => "IQ2_S",
        29 => "IQ2_M",
        30 => "IQ4_XS",
        31 => "IQ1_M",
        32 => "BF16",
        36 => "TQ1_0",
        37 => "TQ2_0",
        38 => "MXFP4_MOE",
        39 => "NVFP4",
        40 => "Q1_0",
        41 => "Q2_0",
        _ => return None,
    })
}
