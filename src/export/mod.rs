//! A stored run as a file: what it holds, and how each format writes it piece
//! by piece, so that a large run never stands in memory as a whole.

mod cell;
mod csv;
mod json;

use serde::Serialize;

use crate::domain::error::AppError;
use crate::domain::run::{Run, RunId};
use crate::domain::sample::{ArmLaunch, ArmRequest};

/// The version of what an export holds. New fields keep it; a field that goes
/// or changes its meaning raises it.
pub const SCHEMA_VERSION: u32 = 1;

/// The JSON Schema of [`RunExport`], draft 2020-12.
pub const SCHEMA: &str = include_str!("run.schema.json");

/// A run with its raw measurements.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunExport {
    /// Version of this form. Readers ignore fields that they do not know.
    pub schema_version: u32,
    /// The run: what was asked for, what it was measured on, the figures.
    pub run: Run,
    /// Its launches, in order.
    pub launches: Vec<ArmLaunch>,
    /// Its measured requests, in order. Last: they are written as they are read.
    pub requests: Vec<ArmRequest>,
}

/// The formats of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// Everything, as the schema says.
    Json,
    /// One row for each measured request.
    Csv,
}

impl TryFrom<Option<&str>> for ExportFormat {
    type Error = AppError;

    fn try_from(name: Option<&str>) -> Result<Self, AppError> {
        match name {
            None | Some("json") => Ok(Self::Json),
            Some("csv") => Ok(Self::Csv),
            Some(_) => Err(AppError::bad_request(
                "format is not one that runs are exported in; it must be json or csv",
            )),
        }
    }
}

impl ExportFormat {
    /// The media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }

    /// The file's name: nothing in it comes from outside.
    pub fn file_name(self, id: RunId) -> String {
        let extension = match self {
            Self::Json => "json",
            Self::Csv => "csv",
        };
        format!("whittle-run-{id}.{extension}")
    }

    /// What stands before the first request.
    ///
    /// # Errors
    /// When the run cannot be written in this format.
    pub fn head(self, run: &Run, launches: Vec<ArmLaunch>) -> anyhow::Result<Vec<u8>> {
        match self {
            Self::Json => json::head(run, launches),
            Self::Csv => csv::head(),
        }
    }

    /// Some requests; `is_first` when none were written before.
    ///
    /// # Errors
    /// When a request cannot be written in this format.
    pub fn requests(
        self,
        run: &Run,
        requests: &[ArmRequest],
        is_first: bool,
    ) -> anyhow::Result<Vec<u8>> {
        match self {
            Self::Json => json::requests(requests, is_first),
            Self::Csv => csv::requests(run, requests),
        }
    }

    /// What stands after the last request.
    pub fn tail(self) -> &'static [u8] {
        match self {
            Self::Json => json::TAIL,
            Self::Csv => b"",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/export/run.schema.json");

    #[test]
    fn the_schema_file_is_that_of_the_types() {
        let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
        let schema = settings
            .into_generator()
            .into_root_schema_for::<RunExport>();
        let made = serde_json::to_string_pretty(&schema).expect("JSON") + "\n";
        if std::env::var_os("WHITTLE_WRITE_SCHEMA").is_some() {
            std::fs::write(SCHEMA_FILE, &made).expect("the schema's file");
        }
        let kept = std::fs::read_to_string(SCHEMA_FILE).expect("the schema's file");
        assert!(
            made == kept,
            "the types of an export have changed: run this test with WHITTLE_WRITE_SCHEMA=1 \
             (cargo test --release --no-default-features --features ssr file_is_that_of_the_types), \
             and raise SCHEMA_VERSION when a field went or changed its meaning"
        );
    }

    #[test]
    fn other_formats_are_refused() {
        assert_eq!(ExportFormat::try_from(None), Ok(ExportFormat::Json));
        assert_eq!(ExportFormat::try_from(Some("csv")), Ok(ExportFormat::Csv));
        for name in ["", "xml", "CSV", "json\0"] {
            assert!(ExportFormat::try_from(Some(name)).is_err(), "{name}");
        }
    }
}
