//! Attention heads in groups that share a key and a value: as much of attention as
//! can go whole.

use super::Rewrite;
use super::document::Document;
use super::family::Family;
use super::shape::{block_tensor, own_key};
use super::value::Value;

/// The attention heads of each block, where whole groups of them can go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heads {
    /// Groups: as many keys and values.
    pub n_groups: u32,
    /// Queries of each group: its heads.
    pub n_queries: u32,
    /// Numbers of a query, of a key and of a value.
    pub size: u32,
}

impl Heads {
    /// Numbers that the heads of a group give to `attn_output`.
    pub fn group_width(self) -> u32 {
        self.n_queries * self.size
    }

    /// Numbers that all heads give to `attn_output`.
    pub fn width(self) -> u32 {
        self.n_groups * self.group_width()
    }

    /// The matrix weights of a group, in a residual stream of width `n_embd`: its
    /// queries' rows and columns, and the rows of its key and value.
    pub fn group_weights(self, n_embd: u32) -> u64 {
        2 * (u64::from(self.group_width()) + u64::from(self.size)) * u64::from(n_embd)
    }

    /// The rows of `attn_q` that these groups have, which are their columns of
    /// `attn_output`.
    pub(super) fn queries(self, groups: &[u32]) -> Vec<u32> {
        places(groups, self.group_width())
    }

    /// The rows of `attn_k` that these groups have, which are those of `attn_v`.
    pub(super) fn keys(self, groups: &[u32]) -> Vec<u32> {
        places(groups, self.size)
    }
}

/// The places of these groups of so many.
fn places(groups: &[u32], width: u32) -> Vec<u32> {
    let first = |group: &u32| group.saturating_mul(width);
    let members = |first: u32| (0..width).map(move |n| first.saturating_add(n));
    groups.iter().map(first).flat_map(members).collect()
}

/// What attention is made of, beside its output matrix: the part, and whether it has
/// rows for each query and not for each group.
pub(super) const TO_HEADS: [(&str, bool); 3] =
    [("attn_q", true), ("attn_k", false), ("attn_v", false)];

/// The heads of a model; none: they can only stay as they are. They are all alike, and
/// what they say is not quantized: it is refitted when some of them go.
pub(super) fn read(
    document: &Document,
    family: Family,
    n_blocks: u32,
    n_embd: u32,
) -> Option<Heads> {
    if !family.loads_fewer_heads() {
        return None;
    }
    let number = |name: &str, otherwise: Option<u32>| {
        let key = own_key(document, name);
        let found = match document.has(&key) {
            true => document.unsigned(&key).and_then(|n| u32::try_from(n).ok()),
            false => otherwise,
        };
        found.filter(|n| *n > 0)
    };
    let n_heads = number("attention.head_count", None)?;
    let n_groups = number("attention.head_count_kv", Some(n_heads))?;
    let size = number("attention.key_length", Some(n_embd / n_heads))?;
    let n_queries = n_heads.checked_mul(size)?;
    let is_of_one_size = [
        ("attention.value_length", n_embd / n_heads),
        ("attention.key_length_swa", size),
        ("attention.value_length_swa", size),
    ]
    .into_iter()
    .all(|(name, otherwise)| number(name, Some(otherwise)) == Some(size));
    if !is_of_one_size || !n_heads.is_multiple_of(n_groups) {
        return None;
    }
    let heads = Heads {
        n_groups,
        n_queries: n_heads / n_groups,
        size,
    };
    let is_so = |layer| is_so(document, layer, (n_queries, n_groups * size, n_embd));
    (0..n_blocks).all(is_so).then_some(heads)
}

/// Whether a block's tensors are as the numbers of queries and of keys in its heads say.
fn is_so(document: &Document, layer: u32, (queries, keys, n_embd): (u32, u32, u32)) -> bool {
    let tensor = |part: &str| document.tensor(&block_tensor(layer, part));
    let has_shape = |part: &str, sizes: &[u32]| {
        tensor(part).map(|tensor| {
            let shape = tensor.shape().iter().copied();
            shape.eq(sizes.iter().map(|size| u64::from(*size)))
        })
    };
    let is_whole = |(part, has_queries): (&str, bool)| {
        let n_rows = if has_queries { queries } else { keys };
        has_shape(&format!("{part}.weight"), &[n_embd, n_rows]) == Some(true)
            && has_shape(&format!("{part}.bias"), &[n_rows]) != Some(false)
    };
    TO_HEADS.into_iter().all(is_whole)
        && has_shape("attn_output.weight", &[queries, n_embd]) == Some(true)
        && has_shape("attn_output.bias", &[n_embd]) != Some(false)
        && tensor("attn_output.weight").is_some_and(|output| !output.kind().is_quantized())
        && tensor("attn_qkv.weight").is_none()
}

/// The parameters of a group in a block: its weights, and what biases they have.
pub(super) fn group_params(document: &Document, layer: u32, heads: Heads, n_embd: u32) -> u64 {
    let bias = |(part, has_queries): (&str, bool)| {
        let name = block_tensor(layer, &format!("{part}.bias"));
        let n = if has_queries {
            heads.group_width()
        } else {
            heads.size
        };
        document.tensor(&name).map_or(0, |_| u64::from(n))
    };
    heads.group_weights(n_embd) + TO_HEADS.into_iter().map(bias).sum::<u64>()
}

/// Says that each block has so many groups, and writes out what is told from the
/// number of heads where it is not there.
pub(super) fn write(rewrite: &mut Rewrite<'_>, heads: Heads, n_groups: u32) {
    let document = rewrite.document;
    let own = |name: &str| own_key(document, name);
    let n_heads = Value::U32(n_groups * heads.n_queries);
    rewrite.set(&own("attention.head_count"), n_heads);
    rewrite.set(&own("attention.head_count_kv"), Value::U32(n_groups));
    for name in [
        "attention.key_length",
        "attention.value_length",
        "rope.dimension_count",
    ] {
        if !document.has(&own(name)) {
            rewrite.set(&own(name), Value::U32(heads.size));
        }
    }
}
