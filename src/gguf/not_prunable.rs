//! Why a model cannot be pruned so, in words for its owner.

use crate::domain::loss_budget::LossBudget;
use crate::domain::pruning::{PruningMethod, PruningRatio};

/// What stands against pruning a model, and what would work instead.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NotPrunable {
    /// Another architecture than those that are tested.
    #[error(
        "{architecture} models cannot be pruned yet: what llama.cpp loads of them was tested for llama (also Mistral's and SmolLM's), qwen2, qwen3 and gemma3 only. Quantize this one instead"
    )]
    Architecture {
        /// As the file says, cut and without what is not visible.
        architecture: String,
    },
    /// A mixture of experts.
    #[error(
        "mixture-of-experts models cannot be pruned yet: their feed-forward networks are {n_experts} experts behind a router, which would have to be measured one by one. Quantize this one instead"
    )]
    Experts {
        /// How many, each block.
        n_experts: u64,
    },
    /// A recurrent model, or one that is recurrent in part.
    #[error(
        "{architecture} models cannot be pruned yet: they are recurrent, wholly or in part, and what they carry from token to token would have to be repaired too. Quantize this one instead"
    )]
    Recurrent {
        /// One of those that are known.
        architecture: String,
    },
    /// A model of a known architecture, built in an unknown way.
    #[error(
        "this model cannot be pruned: {what}, which was not tested. Quantize it instead, or prune the original that it was converted from"
    )]
    Layout {
        /// What is unusual.
        what: String,
    },
    /// No such change is small enough, or it is none.
    #[error("{ratio} by {method} is not possible on this model: {step}. {instead}")]
    Ratio {
        /// What was asked for.
        ratio: PruningRatio,
        /// How.
        method: PruningMethod,
        /// How large the steps are.
        step: String,
        /// What would work.
        instead: String,
    },
    /// A budget for a method that cannot keep to one.
    #[error(
        "a loss budget is for pruning by depth, which removes block after block and can stop; by {method} all blocks lose the same at once. Leave the budget out, or prune by depth"
    )]
    BudgetMethod {
        /// How it was to be pruned.
        method: PruningMethod,
    },
    /// The first block costs too much.
    #[error(
        "removing the block that costs least makes the perplexity {least:.3} times what it was on the calibration text, and the budget is {budget}. Allow more, prune by width, or quantize it instead"
    )]
    Budget {
        /// What may be lost.
        budget: LossBudget,
        /// What would be.
        least: f64,
    },
    /// The wrong neurons, bytes or blocks were given: the fault is Whittle's.
    #[error("pruning went wrong: {0}; please report this with the model's name")]
    Wrong(String),
}

impl NotPrunable {
    pub(super) fn layout(what: impl Into<String>) -> Self {
        Self::Layout { what: what.into() }
    }
}
