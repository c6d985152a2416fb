//! What a page loads, before the server sends it and again where its address changes.

use std::future::Future;

use leptos::prelude::Resource;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::json::JsonText;

/// Loads what `source` says, and again whenever that changes. Leptos' own
/// `Resource::new` is the same by another encoding.
pub(super) fn resource<S, T, F>(
    source: impl Fn() -> S + Send + Sync + 'static,
    load: impl Fn(S) -> F + Send + Sync + 'static,
) -> Resource<T, JsonText>
where
    S: PartialEq + Clone + Send + Sync + 'static,
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
    F: Future<Output = T> + Send + 'static,
{
    Resource::new_with_options(source, load, false)
}
