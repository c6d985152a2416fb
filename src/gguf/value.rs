//! Values of the metadata, read and written.

/// A value of the metadata that is short enough to keep.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// 8 bits without sign.
    U8(u8),
    /// 8 bits.
    I8(i8),
    /// 16 bits without sign.
    U16(u16),
    /// 16 bits.
    I16(i16),
    /// 32 bits without sign: most counts.
    U32(u32),
    /// 32 bits.
    I32(i32),
    /// A 32-bit float.
    F32(f32),
    /// Yes or no.
    Bool(bool),
    /// A text; what was no UTF-8 is replaced.
    Text(String),
    /// A short array of numbers.
    Array(Array),
    /// 64 bits without sign.
    U64(u64),
    /// 64 bits.
    I64(i64),
    /// A 64-bit float.
    F64(f64),
}

/// An array of numbers, or of yes and no, as its file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Array {
    kind: NumberKind,
    items: Vec<u8>,
}

/// GGUF's types of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NumberKind {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
    Bool,
    U64,
    I64,
    F64,
}

/// GGUF's numbers of the two types that are no numbers.
pub(super) const TEXT: u32 = 8;
pub(super) const ARRAY: u32 = 9;

impl NumberKind {
    /// The kind with GGUF's number `id`.
    pub(super) fn of_id(id: u32) -> Option<Self> {
        Some(match id {
            0 => Self::U8,
            1 => Self::I8,
            2 => Self::U16,
            3 => Self::I16,
            4 => Self::U32,
            5 => Self::I32,
            6 => Self::F32,
            7 => Self::Bool,
            10 => Self::U64,
            11 => Self::I64,
            12 => Self::F64,
            _ => return None,
        })
    }

    fn id(self) -> u32 {
        match self {
            Self::U8 => 0,
            Self::I8 => 1,
            Self::U16 => 2,
            Self::I16 => 3,
            Self::U32 => 4,
            Self::I32 => 5,
            Self::F32 => 6,
            Self::Bool => 7,
            Self::U64 => 10,
            Self::I64 => 11,
            Self::F64 => 12,
        }
    }

    /// Bytes of one.
    pub(super) fn n_bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 | Self::Bool => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }
}

impl Value {
    /// The number of this kind that `bytes`, 8 of them, begin with.
    pub(super) fn number(kind: NumberKind, bytes: [u8; 8]) -> Self {
        let [a, b, c, d, ..] = bytes;
        match kind {
            NumberKind::U8 => Self::U8(a),
            NumberKind::I8 => Self::I8(i8::from_le_bytes([a])),
            NumberKind::U16 => Self::U16(u16::from_le_bytes([a, b])),
            NumberKind::I16 => Self::I16(i16::from_le_bytes([a, b])),
            NumberKind::U32 => Self::U32(u32::from_le_bytes([a, b, c, d])),
            NumberKind::I32 => Self::I32(i32::from_le_bytes([a, b, c, d])),
            NumberKind::F32 => Self::F32(f32::from_le_bytes([a, b, c, d])),
            NumberKind::Bool => Self::Bool(a != 0),
            NumberKind::U64 => Self::U64(u64::from_le_bytes(bytes)),
            NumberKind::I64 => Self::I64(i64::from_le_bytes(bytes)),
            NumberKind::F64 => Self::F64(f64::from_le_bytes(bytes)),
        }
    }

    /// As an integer that is not negative.
    pub fn unsigned(&self) -> Option<u64> {
        match *self {
            Self::U8(n) => Some(n.into()),
            Self::U16(n) => Some(n.into()),
            Self::U32(n) => Some(n.into()),
            Self::U64(n) => Some(n),
            Self::I8(n) => n.try_into().ok(),
            Self::I16(n) => n.try_into().ok(),
            Self::I32(n) => n.try_into().ok(),
            Self::I64(n) => n.try_into().ok(),
            _ => None,
        }
    }

    /// Its type and itself, as a file has them.
    pub(super) fn put(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::U8(n) => put_number(bytes, NumberKind::U8, &n.to_le_bytes()),
            Self::I8(n) => put_number(bytes, NumberKind::I8, &n.to_le_bytes()),
            Self::U16(n) => put_number(bytes, NumberKind::U16, &n.to_le_bytes()),
            Self::I16(n) => put_number(bytes, NumberKind::I16, &n.to_le_bytes()),
            Self::U32(n) => put_number(bytes, NumberKind::U32, &n.to_le_bytes()),
            Self::I32(n) => put_number(bytes, NumberKind::I32, &n.to_le_bytes()),
            Self::F32(n) => put_number(bytes, NumberKind::F32, &n.to_le_bytes()),
            Self::Bool(yes) => put_number(bytes, NumberKind::Bool, &[u8::from(*yes)]),
            Self::U64(n) => put_number(bytes, NumberKind::U64, &n.to_le_bytes()),
            Self::I64(n) => put_number(bytes, NumberKind::I64, &n.to_le_bytes()),
            Self::F64(n) => put_number(bytes, NumberKind::F64, &n.to_le_bytes()),
            Self::Text(text) => {
                bytes.extend(TEXT.to_le_bytes());
                put_text(bytes, text);
            }
            Self::Array(array) => {
                bytes.extend(ARRAY.to_le_bytes());
                bytes.extend(array.kind.id().to_le_bytes());
                bytes.extend((array.len() as u64).to_le_bytes());
                bytes.extend(&array.items);
            }
        }
    }
}

impl Array {
    /// An array of `kind`; what makes no whole number at the end is cut off.
    pub(super) fn of_bytes(kind: NumberKind, mut items: Vec<u8>) -> Self {
        items.truncate(items.len() / kind.n_bytes() * kind.n_bytes());
        Self { kind, items }
    }

    /// An array of yes and no.
    pub fn of_bools(items: &[bool]) -> Self {
        Self {
            kind: NumberKind::Bool,
            items: items.iter().map(|yes| u8::from(*yes)).collect(),
        }
    }

    /// An array of 32-bit numbers without sign.
    pub fn of_u32s(items: &[u32]) -> Self {
        Self {
            kind: NumberKind::U32,
            items: items.iter().flat_map(|n| n.to_le_bytes()).collect(),
        }
    }

    /// How many it has.
    pub fn len(&self) -> usize {
        self.items.len() / self.kind.n_bytes()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Each as a number that is not negative, yes as 1; none if one is not.
    pub fn unsigned(&self) -> Option<Vec<u64>> {
        let number = |item: &[u8]| {
            let mut bytes = [0; 8];
            bytes[..item.len()].copy_from_slice(item);
            match Value::number(self.kind, bytes) {
                Value::Bool(yes) => Some(u64::from(yes)),
                value => value.unsigned(),
            }
        };
        self.items
            .chunks_exact(self.kind.n_bytes())
            .map(number)
            .collect()
    }

    /// Those for which `keep` says so, by their places from 0.
    pub fn filtered(&self, keep: impl Fn(usize) -> bool) -> Self {
        let items = self.items.chunks_exact(self.kind.n_bytes()).enumerate();
        Self {
            kind: self.kind,
            items: items
                .filter(|(place, _)| keep(*place))
                .flat_map(|(_, item)| item.iter().copied())
                .collect(),
        }
    }
}

/// A text with its length before it.
pub(super) fn put_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend(text.as_bytes());
}

fn put_number(bytes: &mut Vec<u8>, kind: NumberKind, number: &[u8]) {
    bytes.extend(kind.id().to_le_bytes());
    bytes.extend(number);
}
