//! What a variant lost, from logits: perplexity and divergence over a text, as
//! llama.cpp's perplexity tool defines them, with intervals over its chunks.

mod answers;
mod divergence;
mod estimate;
mod evaluation;
mod percentile;
mod perplexity;
mod resample;
mod rows;
mod softmax;
mod text;

pub(crate) use answers::{Rest, common_prefix, compare_answers};
pub(crate) use divergence::{compare, divergence};
pub(crate) use evaluation::Evaluation;
pub(crate) use perplexity::{Scored, score};
pub(crate) use text::{Chunk, SCORED_FROM, Text, chunks};
