//! What Whittle measures by itself: models against themselves, while nobody needs
//! the machine, so that verdicts rest on noise that was measured.

use serde::{Deserialize, Serialize};

use super::run::RunId;

/// Whether Whittle does that, and what it measures so now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Background {
    /// Whether the user wants it: kept, and on until it is switched off.
    pub is_on: bool,
    /// Whether this server may; not where it was started with `--no-background`.
    pub is_allowed: bool,
    /// The run that is being measured so; null: none.
    pub run: Option<RunId>,
}
