//! Reads and checks GGUF headers in safe Rust, before native code sees a file.
//! Format: the GGUF specification of the ggml project, versions 2 and 3.

mod check;
mod error;
mod header;
mod reader;
mod types;

pub use check::{ModelHeader, TensorTypeCount, check, check_model};
pub use error::GgufError;
