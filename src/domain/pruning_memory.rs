//! How much memory pruning takes, so that it is refused and not killed.
//!
//! With T tokens of calibration text, n neurons in a layer and d numbers in the
//! residual stream, one layer at a time needs
//!
//! - 4 T n bytes for the activations of its neurons,
//! - 20 T d for the dense stream, the pruned one, what it lacks and what is added,
//! - 32 n d for `ffn_down` as it is and as it becomes, and what that is solved from,
//! - 32 n² for the neurons' second moments, of all tokens and without those that are held
//!   out (4 each), and for the factor, its inverse and the inverse factor that comes between
//!   (8 each).
//!
//! Before that, attention may be refitted: the h numbers that its heads give for each token
//! then take what neurons do, while the block is loaded, whose weights are there twice, in
//! the file and as the engine holds them. What is more of the two counts.
//!
//! For a model of 8 billion parameters (n = 14,336, d = h = 4,096, 218 million
//! weights of 16 bits in a block) and T = 14,336 tokens, as many as neurons, that are
//! 0.82 + 1.17 + 1.88 + 6.58 and 0.13 to spare = 10.6 GB; at a ratio of 50 %, with
//! 24,576 tokens, 12.0 GB. Its second moments alone are 822 MB, twice.

/// What the allocator may keep of what was freed, and the small things.
const SLACK_BYTES: u64 = 128 << 20;

/// The sizes that decide where layers are refitted one by one.
#[derive(Debug, Clone, Copy)]
pub struct LayerNeeds {
    /// T.
    pub n_tokens: u64,
    /// n.
    pub n_ff: u64,
    /// d.
    pub n_embd: u64,
    /// h; 0 where that is not known, and heads stay.
    pub n_heads: u64,
    /// Bytes of a block's weights.
    pub block_bytes: u64,
}

impl LayerNeeds {
    /// Bytes at the peak.
    pub fn bytes(self) -> u64 {
        let (t, d) = (self.n_tokens, self.n_embd);
        let (neurons, heads) = (self.n_ff, self.n_heads);
        let n = neurons.max(heads);
        let of_neurons = 32 * neurons * neurons;
        let of_heads = 32 * heads * heads + 2 * self.block_bytes;
        4 * t * n + 20 * t * d + 32 * n * d + of_neurons.max(of_heads) + SLACK_BYTES
    }
}

/// The same where blocks are searched for.
#[derive(Debug, Clone, Copy)]
pub struct SearchNeeds {
    /// Bytes of the model's file: all of it is loaded.
    pub file_bytes: u64,
    /// Its blocks.
    pub n_blocks: u64,
    /// Neurons of each.
    pub n_ff: u64,
    /// Numbers in the residual stream.
    pub n_embd: u64,
    /// Tokens of the vocabulary.
    pub n_vocab: u64,
    /// Tokens of a chunk.
    pub n_ctx: u64,
    /// Tokens of the text.
    pub n_tokens: u64,
}

impl SearchNeeds {
    /// Bytes at the peak: all blocks, with a cache and buffers each, the text before
    /// and behind one of them, and the logits of a chunk twice.
    pub fn bytes(self) -> u64 {
        let of_a_block = 4 * self.n_ctx * (3 * self.n_ff + 8 * self.n_embd);
        let streams = 16 * self.n_tokens * self.n_embd;
        let logits = 8 * self.n_ctx * self.n_vocab;
        self.file_bytes + self.n_blocks * of_a_block + streams + logits + SLACK_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::pruning::{Prune, PruningMethod, PruningRatio};
    use crate::domain::quality::CHUNK_TOKENS;

    #[test]
    fn the_formula_gives_the_figures_of_the_documentation() {
        let of_8b = |ratio: f64| {
            let ratio = PruningRatio::try_from(ratio).expect("a ratio");
            let prune = Prune::new(PruningMethod::Width, ratio);
            let n_chunks = prune.calibration_chunks().max(14_336 / CHUNK_TOKENS);
            LayerNeeds {
                n_tokens: u64::from(n_chunks * CHUNK_TOKENS),
                n_ff: 14_336,
                n_embd: 4_096,
                n_heads: 4_096,
                block_bytes: 2 * 218_112_000,
            }
        };
        for (ratio, n_tokens, gb) in [(0.3, 14_336, "10.6"), (0.5, 24_576, "12.0")] {
            let needs = of_8b(ratio);
            assert_eq!(needs.n_tokens, n_tokens);
            assert_eq!(format!("{:.1}", needs.bytes() as f64 / 1e9), gb);
        }
        let of_8b = of_8b(0.3);
        let of_many_heads = LayerNeeds {
            n_ff: 4_096,
            n_heads: 14_336,
            ..of_8b
        };
        // While attention is looked at, the block is there, too.
        assert_eq!(of_many_heads.bytes(), of_8b.bytes() + 2 * of_8b.block_bytes);
    }

    #[test]
    fn a_search_holds_the_whole_model() {
        let of_8b = SearchNeeds {
            file_bytes: 16_000_000_000,
            n_blocks: 32,
            n_ff: 14_336,
            n_embd: 4_096,
            n_vocab: 128_256,
            n_ctx: 512,
            n_tokens: 4_096,
        };
        let gb = of_8b.bytes() as f64 / 1e9;
        assert!((16.0..24.0).contains(&gb), "{gb}");
    }
}
