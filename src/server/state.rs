//! What every route shares, and what the server functions call.

use std::path::PathBuf;
use std::sync::Arc;

use leptos::config::{Env, LeptosOptions};

use tokio::sync::OnceCell;

use super::Idleness;
use super::variants::Forecasts;
use crate::backend::{Grant, Introduction, WorkerError, WorkerLauncher, WorkerProcess};
use crate::bench::machine::MachineFacts;
use crate::domain::error::{AppError, ErrorCode};
use crate::domain::filter::RunFilter;
use crate::library::Library;
use crate::queue::Queue;
use crate::store::Store;

/// A cheap handle on everything the server has.
#[derive(Clone)]
pub struct AppState {
    pub(super) parts: Arc<Parts>,
    /// What a worker says of itself, once one was asked.
    introduction: Arc<OnceCell<Introduction>>,
    /// What variants were forecast to be.
    pub(super) forecasts: Forecasts,
    /// Held while a worker forecasts: one at a time.
    pub(super) forecasting: Arc<tokio::sync::Mutex<()>>,
}

/// What a state is made of.
pub struct Parts {
    /// The history.
    pub store: Store,
    /// The queue over it.
    pub queue: Queue,
    /// The models.
    pub library: Library,
    /// How workers are started.
    pub launcher: WorkerLauncher,
    /// The machine.
    pub machine: MachineFacts,
    /// Where the user puts models.
    pub models_folder: PathBuf,
    /// What the user should know of this start, one sentence each.
    pub notices: Vec<String>,
    /// When models may be measured against themselves unasked; none: never.
    pub background: Option<Idleness>,
}

impl AppState {
    /// Shares the parts.
    pub fn new(parts: Parts) -> Self {
        Self {
            parts: Arc::new(parts),
            introduction: Arc::default(),
            forecasts: Forecasts::default(),
            forecasting: Arc::default(),
        }
    }

    pub(super) fn store(&self) -> &Store {
        &self.parts.store
    }

    pub(super) fn queue(&self) -> &Queue {
        &self.parts.queue
    }

    pub(super) fn leptos_options(&self) -> LeptosOptions {
        LeptosOptions::builder()
            .output_name("whittle")
            .env(Env::PROD)
            .build()
    }

    /// What a worker says of itself: its engine, and what it can reach.
    pub(super) async fn introduction(&self) -> Result<&Introduction, AppError> {
        let ask = || async {
            let start = WorkerProcess::start(&self.parts.launcher, Grant::default());
            let (worker, introduction) = start.await?;
            worker.stop().await;
            Ok(introduction)
        };
        let asked = self.introduction.get_or_try_init(ask).await;
        asked.map_err(|error: WorkerError| AppError::new(ErrorCode::Internal, error.to_string()))
    }

    pub(super) async fn is_healthy(&self) -> Result<(), AppError> {
        Ok(self
            .parts
            .store
            .runs(&RunFilter::default(), None, 1)
            .await
            .map(drop)?)
    }

    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Library) -> T + Send + 'static,
    ) -> Result<T, AppError> {
        let library = self.parts.library.clone();
        tokio::task::spawn_blocking(move || work(&library))
            .await
            .map_err(panicked)
    }
}

pub(super) fn panicked(error: tokio::task::JoinError) -> AppError {
    tracing::error!(%error, "a task of the server failed");
    AppError::new(ErrorCode::Internal, "a fault of Whittle; see its log")
}
