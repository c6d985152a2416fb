//! llama.cpp behind owned types: the only `unsafe` of the project.
//!
//! Runs in a worker process alone, because an assertion of llama.cpp aborts
//! the whole process. Nothing here knows of runs, queues or pages.

mod activations;
mod chat;
mod context;
mod error;
#[cfg(test)]
mod gguf_header;
mod imatrix;
mod log;
mod logits;
mod model;
mod quantize;
mod quantize_log;
mod rows;
mod system;
mod vocabulary;
mod watched;

pub(crate) use activations::{Block, Place};
pub(crate) use chat::dress;
pub(crate) use context::{Context, ContextOptions};
pub(crate) use error::{EngineError, is_full};
#[cfg(test)]
pub(crate) use gguf_header::read_gguf;
pub(crate) use imatrix::{CollectOptions, Imatrix, collect_imatrix};
pub(crate) use log::capture_log;
pub(crate) use logits::ScoringOptions;
pub(crate) use model::{Model, ModelOptions, Token};
pub(crate) use quantize::{QuantizeOptions, predict_tensor_bytes, quantize, upcast_to_f16};
pub(crate) use rows::{dequantize, quantize_rows};
pub(crate) use system::{device_name, engine_info};
