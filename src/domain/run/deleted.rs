//! A deleted run, while it can be restored.

use serde::{Deserialize, Serialize};

use super::stored::RunSummary;

/// One line of the list of deleted runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DeletedRun {
    /// The run, as lists show it.
    pub run: RunSummary,
    /// When it was deleted: RFC 3339, UTC, to the second.
    pub deleted_at: String,
    /// Until when it can be restored; after that it is removed for good.
    pub kept_until: String,
}
