//! The JSON of an export: everything that is stored of a run.

use super::{RunExport, SCHEMA_VERSION};
use crate::domain::run::Run;
use crate::domain::sample::{ArmLaunch, ArmRequest};

/// Closes the requests and the whole.
pub(super) const TAIL: &[u8] = b"]}";

/// Everything up to the first request: the export of no requests without its end.
pub(super) fn head(run: &Run, launches: Vec<ArmLaunch>) -> anyhow::Result<Vec<u8>> {
    let mut text = serde_json::to_vec(&RunExport {
        schema_version: SCHEMA_VERSION,
        run: run.clone(),
        launches,
        requests: Vec::new(),
    })?;
    text.truncate(text.len().saturating_sub(TAIL.len()));
    Ok(text)
}

pub(super) fn requests(requests: &[ArmRequest], is_first: bool) -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    for (i, request) in requests.iter().enumerate() {
        if i > 0 || !is_first {
            text.push(b',');
        }
        serde_json::to_writer(&mut text, request)?;
    }
    Ok(text)
}
