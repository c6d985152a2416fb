//! What the pages load: the library, the dashboard, the settings page.

use std::sync::Arc;

use super::AppState;
use super::remembered::{LAST_MODEL, PROMPTS, settings_key};
use super::state::panicked;
use crate::backend::Introduction;
use crate::domain::about::About;
use crate::domain::dashboard::{Dashboard, Machine, Remembered};
use crate::domain::environment::ENGINE_VERSION;
use crate::domain::error::AppError;
use crate::domain::model::{LibraryListing, ModelId};
use crate::domain::preflight::Room;
use crate::domain::prompt::Prompt;
use crate::domain::run::Run;
use crate::library::Library;
use crate::machine_lock::MachineLock;

/// Models and techniques whose latest run the dashboard shows.
const LATEST_LIMIT: u32 = 20;

impl AppState {
    /// The models, with what Ollama's server says of its own.
    pub(crate) async fn models(&self) -> Result<LibraryListing, AppError> {
        let asked = async {
            match self.parts.library.ollama() {
                Some(ollama) => Some(ollama.ask().await),
                None => None,
            }
        };
        let (listing, server) = tokio::join!(self.listing(), asked);
        let mut listing = listing?;
        if let (Some(ollama), Some(server)) = (&mut listing.ollama, server) {
            ollama.server = server;
        }
        Ok(listing)
    }

    /// The models; the default is the last used one while it is there.
    async fn listing(&self) -> Result<LibraryListing, AppError> {
        let listing = self.blocking(Library::listing).await?;
        self.with_last_used(listing).await
    }

    async fn with_last_used(
        &self,
        mut listing: LibraryListing,
    ) -> Result<LibraryListing, AppError> {
        let last = self.last_used(&listing).await?;
        listing.default_model = last.or(listing.default_model);
        Ok(listing)
    }

    pub(super) async fn last_used(
        &self,
        listing: &LibraryListing,
    ) -> Result<Option<ModelId>, AppError> {
        let last: Option<ModelId> = self.parts.store.setting(LAST_MODEL).await?;
        Ok(last.filter(|last| listing.models.iter().any(|model| model.id == *last)))
    }

    /// All that the dashboard shows.
    pub(crate) async fn dashboard(&self) -> Result<Dashboard, AppError> {
        let library = self.listing().await?;
        let mut speeds = Vec::with_capacity(library.models.len());
        for model in &library.models {
            speeds.push((model.id.clone(), self.speed(model).await?));
        }
        let store = &self.parts.store;
        let prompts = store.setting(PROMPTS).await?;
        let prompts = prompts.unwrap_or_else(Prompt::defaults);
        let mut latest = store.latest_by_model(LATEST_LIMIT).await?;
        for run in &mut latest {
            self.judge(run).await?;
        }
        let mut settings = Vec::new();
        for model in &library.models {
            let kept = self.parts.store.setting(&settings_key(&model.id)).await?;
            settings.extend(kept.map(|kept| (model.id.clone(), kept)));
        }
        Ok(Dashboard {
            library,
            remembered: Remembered {
                prompt_set: store.prompt_set_of(&prompts).await?,
                prompts,
                settings,
            },
            prompt_sets: store.prompt_set_names().await?,
            speeds,
            active: self.active().await?,
            latest,
            room: self.room().await?,
            machine: self.machine(),
            background: self.background().await?,
            notices: self.parts.notices.clone(),
        })
    }

    /// Of each technique the run that was asked for last, where it has not ended.
    async fn active(&self) -> Result<Vec<Run>, AppError> {
        let mut active: Vec<Run> = Vec::new();
        for id in self.parts.queue.active() {
            let run = self.run(id.0).await?;
            let is_known = active.iter().any(|other| other.technique == run.technique);
            if !is_known && !run.status.is_terminal() {
                active.push(run);
            }
        }
        Ok(active)
    }

    /// What this Whittle is and what it runs on.
    pub(crate) async fn about(&self) -> Result<About, AppError> {
        let Introduction { engine, sandbox } = self.introduction().await?.clone();
        let facts = &self.parts.machine;
        let data = &self.parts.models_folder;
        Ok(About {
            whittle_version: env!("CARGO_PKG_VERSION").to_owned(),
            engine,
            sandbox,
            cpu_model: facts.cpu_model.clone(),
            physical_cores: facts.physical_cores,
            default_threads: facts.default_threads(),
            system: facts.system.clone(),
            cpu_governor: facts.cpu_governor.clone(),
            room: self.room().await?,
            data_folder: data.parent().unwrap_or(data).display().to_string(),
            background: self.background().await?,
        })
    }

    pub(super) async fn room(&self) -> Result<Room, AppError> {
        let parts = Arc::clone(&self.parts);
        let look = move || {
            let machine = &parts.machine;
            let lock = &parts.library.places().machine_lock;
            let load = machine.load_after(MachineLock::last_worked_at(lock));
            machine.room(load, &parts.models_folder)
        };
        tokio::task::spawn_blocking(look).await.map_err(panicked)
    }

    fn machine(&self) -> Machine {
        let facts = &self.parts.machine;
        Machine {
            cpu_model: facts.cpu_model.clone(),
            physical_cores: facts.physical_cores,
            logical_cores: facts.logical_cores,
            total_memory_mb: facts.total_memory_mb,
            engine_version: ENGINE_VERSION.to_owned(),
            models_folder: self.parts.models_folder.display().to_string(),
            has_gpu: facts.has_gpu,
        }
    }
}
