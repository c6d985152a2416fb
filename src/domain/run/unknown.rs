//! Fields that a request does not have: kept while it is read, so that they are
//! refused by name. A slip of the pen must not measure something else.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::problem::RunProblem;

/// Longest name that is repeated, in characters.
const NAME_CHARS_LIMIT: usize = 60;

/// The names of fields that are none; nothing of them is ever sent. (Serde's own
/// refusal does not work for a request that is a part of another.)
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnknownFields(Vec<String>);

impl UnknownFields {
    /// Refuses the first of them, naming the fields that there are.
    pub(super) fn refuse(
        &self,
        known: impl Iterator<Item = &'static str>,
    ) -> Result<(), RunProblem> {
        match self.0.first() {
            None => Ok(()),
            Some(name) => Err(RunProblem::UnknownField {
                name: name.chars().take(NAME_CHARS_LIMIT).collect(),
                known: known.collect(),
            }),
        }
    }
}

impl Serialize for UnknownFields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_map(Some(0))?.end()
    }
}

impl<'de> Deserialize<'de> for UnknownFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = BTreeMap::<String, IgnoredAny>::deserialize(deserializer)?;
        Ok(Self(fields.into_keys().collect()))
    }
}
