//! What was chosen last: kept for the next visit, and taken where nothing is named.

use super::AppState;
use crate::domain::error::{AppError, ErrorCode};
use crate::domain::model::ModelId;
use crate::domain::run::RunSpec;
use crate::domain::units;
use crate::library::Library;

pub(super) const LAST_MODEL: &str = "last_model";
pub(super) const PROMPTS: &str = "prompts";

impl AppState {
    /// Keeps prompts, and the settings for their model, for the next visit.
    pub(crate) async fn remember(&self, spec: &RunSpec) -> Result<(), AppError> {
        let store = &self.parts.store;
        store.keep_setting(PROMPTS, &spec.prompts).await?;
        if let Some(model) = &spec.model {
            store
                .keep_setting(&settings_key(model), &spec.settings)
                .await?;
        }
        Ok(())
    }

    pub(super) async fn default_model(&self) -> Result<ModelId, AppError> {
        // A large store of Ollama's takes minutes to hash: who measured before
        // need not wait for it.
        let listing = self.blocking(Library::listing).await?;
        if let Some(last) = self.last_used(&listing).await? {
            return Ok(last);
        }
        // The choice must not depend on which file happens to be hashed first.
        let listing = self.blocking(Library::settled_listing).await?;
        if listing.n_pending > 0 {
            let n = units::plural(listing.n_pending.into(), "model is", "models are");
            return Err(AppError::new(
                ErrorCode::Conflict,
                format!(
                    "{n} still being read for the first time, which waits while anything is \
                     measured; say which one to measure (GET /api/models lists those that are \
                     read), or try again in a minute"
                ),
            ));
        }
        listing.default_model.ok_or_else(|| {
            let ids: Vec<&str> = listing
                .models
                .iter()
                .map(|model| model.id.0.as_str())
                .collect();
            AppError::bad_request(if ids.is_empty() {
                format!(
                    "the library has no model yet; put a .gguf file into {}",
                    self.parts.models_folder.display()
                )
            } else {
                format!(
                    "say which model to measure; the library has {}",
                    ids.join(", ")
                )
            })
        })
    }
}

/// Where the settings for a model are kept.
pub(super) fn settings_key(model: &ModelId) -> String {
    format!("settings/{model}")
}
