//! The architectures that can be pruned: what llama.cpp loads of each.

use super::NotPrunable;
use super::document::Document;
use super::error::shown;
use super::shape::own_key;

/// An architecture that can be pruned. Each row of what it loads was tested
/// with llama.cpp's own loader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// `llama`: also Mistral's, SmolLM's and others.
    Llama,
    /// `qwen2`: Qwen 2 and 2.5.
    Qwen2,
    /// `qwen3`.
    Qwen3,
    /// `gemma3`.
    Gemma3,
}

/// Architectures that carry a state from token to token, wholly or in part.
/// Source: `llm_arch_is_recurrent` and `llm_arch_is_hybrid` of llama.cpp.
const RECURRENT: [&str; 24] = [
    "arwkv7",
    "bailingmoe3",
    "deepseek4",
    "falcon-h1",
    "glm5-next",
    "granitehybrid",
    "jamba",
    "kimi-k3",
    "kimi-linear",
    "lfm2",
    "lfm2moe",
    "mamba",
    "mamba2",
    "minimax-01",
    "nemotron_h",
    "nemotron_h_moe",
    "plamo2",
    "qwen35",
    "qwen35moe",
    "qwen3next",
    "qwen4exp",
    "rwkv6",
    "rwkv6qwen2",
    "rwkv7",
];

impl Family {
    /// The family of a model.
    ///
    /// # Errors
    /// When it is none of them, or one with another inner life.
    pub fn of(document: &Document) -> Result<Self, NotPrunable> {
        let architecture = document.architecture();
        let n_experts = document.unsigned(&own_key(document, "expert_count"));
        if let Some(n_experts) = n_experts.filter(|n| *n > 0) {
            return Err(NotPrunable::Experts { n_experts });
        }
        if RECURRENT.contains(&architecture) {
            return Err(NotPrunable::Recurrent {
                architecture: architecture.to_owned(),
            });
        }
        match architecture {
            "llama" => Ok(Self::Llama),
            "qwen2" => Ok(Self::Qwen2),
            "qwen3" => Ok(Self::Qwen3),
            "gemma3" => Ok(Self::Gemma3),
            _ => Err(NotPrunable::Architecture {
                architecture: shown(architecture),
            }),
        }
    }

    /// Whether a model may have another number of heads than its width is shared out
    /// to: the shapes of `attn_q` and `attn_output` are told from the heads.
    pub fn loads_fewer_heads(self) -> bool {
        match self {
            Self::Llama | Self::Qwen3 | Self::Gemma3 => true,
            // Both are as wide as the residual stream.
            Self::Qwen2 => false,
        }
    }

    /// Whether `ffn_down` and `attn_output` may have a bias, into which goes the mean
    /// of what was removed.
    pub fn loads_down_bias(self) -> bool {
        self == Self::Llama
    }

    /// Whether what a block gives is added to the residual stream as it is, so that
    /// what the stream lacks can be made good there.
    pub fn adds_as_it_is(self) -> bool {
        match self {
            Self::Llama | Self::Qwen2 | Self::Qwen3 => true,
            // It is normalized first.
            Self::Gemma3 => false,
        }
    }

    /// What a token's embedding is multiplied with before the first block, of
    /// width `n_embd`. llama.cpp does so for tokens, not for embeddings that it
    /// is given.
    pub fn embedding_scale(self, n_embd: u32) -> f32 {
        match self {
            Self::Gemma3 => (n_embd as f32).sqrt(),
            Self::Llama | Self::Qwen2 | Self::Qwen3 => 1.0,
        }
    }

    /// Whether a block may have this tensor, named as after `blk.N.`.
    pub(super) fn may_have(self, part: &str) -> bool {
        EVERY_BLOCK.contains(&part) || self.own_tensors().contains(&part)
    }

    /// The tensors that a block may have beside those of every block.
    fn own_tensors(self) -> &'static [&'static str] {
        match self {
            Self::Llama => &LLAMA,
            Self::Qwen2 => &QWEN2,
            Self::Qwen3 => &QWEN3,
            Self::Gemma3 => &GEMMA3,
        }
    }
}

/// The tensors that the model may have beside its blocks.
pub(super) const OUTSIDE: [&str; 7] = [
    "token_embd.weight",
    "output_norm.weight",
    "output.weight",
    "output.bias",
    "rope_freqs.weight",
    "rope_factors_long.weight",
    "rope_factors_short.weight",
];

/// The tensors of a block in every family.
const EVERY_BLOCK: [&str; 9] = [
    "attn_norm.weight",
    "attn_q.weight",
    "attn_k.weight",
    "attn_v.weight",
    "attn_output.weight",
    "ffn_norm.weight",
    "ffn_gate.weight",
    "ffn_up.weight",
    "ffn_down.weight",
];

const LLAMA: [&str; 9] = [
    "attn_qkv.weight",
    "attn_q.bias",
    "attn_k.bias",
    "attn_v.bias",
    "attn_qkv.bias",
    "attn_output.bias",
    "ffn_gate.bias",
    "ffn_up.bias",
    "ffn_down.bias",
];

const QWEN2: [&str; 5] = [
    "attn_qkv.weight",
    "attn_q.bias",
    "attn_k.bias",
    "attn_v.bias",
    "attn_qkv.bias",
];

const QWEN3: [&str; 2] = ["attn_q_norm.weight", "attn_k_norm.weight"];

const GEMMA3: [&str; 4] = [
    "attn_q_norm.weight",
    "attn_k_norm.weight",
    "post_attention_norm.weight",
    "post_ffw_norm.weight",
];
