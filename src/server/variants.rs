//! What the server does with variants: forecast, make, delete.

use std::collections::HashMap;
use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};

use super::AppState;
use crate::backend::UntilAllGone;
use crate::bench::{Making, Variant, VariantError, Workshop};
use crate::domain::error::{AppError, ErrorCode};
use crate::domain::event::SOMEBODY;
use crate::domain::model::{Model, ModelId};
use crate::domain::pruning::PruningForecast;
use crate::domain::recipe::Recipe;
use crate::domain::run::RunProblem;
use crate::domain::units;
use crate::domain::variant::{VariantForecast, VariantForecasts, VariantRecord};
use crate::library::{FileIdentity, Located};
use crate::machine_lock::MachineLock;

/// Most recipes of one question.
const RECIPES_LIMIT: usize = 64;

/// What was forecast, by the base's hash and the recipe: a worker has to be
/// started for it, and it never changes; what is known of orders of blocks does, and is
/// looked up each time.
pub(super) type Forecasts = Arc<Mutex<HashMap<(String, Recipe), VariantForecast>>>;

impl AppState {
    /// Where variants are made.
    pub(crate) fn workshop(&self) -> Workshop {
        let places = self.parts.library.places();
        Workshop {
            launcher: self.parts.launcher.clone(),
            variants: places.variants.clone(),
            cache: places.cache.clone(),
            n_threads: self.parts.machine.default_threads(),
        }
    }

    /// Makes a variant, for whoever has the machine: nothing is measured on it then. On as
    /// many threads as there are physical cores, where nothing else is asked for.
    pub(crate) async fn make_variant(
        &self,
        _machine: &MachineLock,
        located: &Located,
        recipe: &Recipe,
        n_threads: Option<u32>,
        on_progress: impl FnMut(Making) + Send,
    ) -> Result<Variant, AppError> {
        let file = open(located)?;
        let usual = self.workshop();
        let workshop = Workshop {
            n_threads: n_threads.unwrap_or(usual.n_threads),
            ..usual
        };
        let making = workshop.make(&located.model, &file, recipe, on_progress);
        Ok(making.await?)
    }

    /// What recipes would make of a model.
    pub(crate) async fn forecast_variants(
        &self,
        model: ModelId,
        recipes: Vec<Recipe>,
    ) -> Result<VariantForecasts, AppError> {
        if recipes.is_empty() || recipes.len() > RECIPES_LIMIT {
            return Err(AppError::bad_request(format!(
                "recipes has {} entries; it must have 1 to {RECIPES_LIMIT}",
                recipes.len()
            )));
        }
        if let Some(empty) = recipes.iter().position(Recipe::is_baseline) {
            let number = empty + 1;
            return Err(RunProblem::RecipeEmpty { number }.into());
        }
        let mut prunes = recipes.iter().filter_map(|recipe| recipe.prune);
        if let Some(prune) = prunes.find(|prune| !prune.keeps_to_its_budget()) {
            return Err(RunProblem::BudgetMethod(prune.method).into());
        }
        let located = self.locate_id(model.0).await?;
        let sha256 = &located.model.sha256;
        let unknown = || {
            let mut unknown = recipes.clone();
            unknown.retain(|recipe| {
                !self.known_forecasts(sha256, |known, key| known.contains_key(&key(*recipe)))
            });
            unknown
        };
        let file = open(&located)?;
        let asked = self.workshop();
        let none = || VariantForecasts {
            variants: Vec::new(),
            not_yet: None,
            free_bytes: asked.free_bytes(),
        };
        let mut forecasts = match unknown().is_empty() {
            true => none(),
            false => {
                // One after the other; the one before may have found it meanwhile.
                let _turn = self.forecasting.lock().await;
                match unknown() {
                    unknown if unknown.is_empty() => none(),
                    unknown => {
                        // What pruning removes stands in the header.
                        let asks_a_worker = |one: &Recipe| one.quantize.is_some();
                        let held = match unknown.iter().any(asks_a_worker) {
                            true => self.idle_machine()?,
                            false => None,
                        };
                        let (later, now) = unknown
                            .into_iter()
                            .partition::<Vec<_>, _>(|one| asks_a_worker(one) && held.is_none());
                        let found = asked.forecast(&located.model, &file, &now).await;
                        let mut found = found.map_err(|error| naming(&located.model, error))?;
                        for pruning in found.variants.iter().filter_map(|one| one.pruning) {
                            self.refuse_too_large(&located.model, &pruning)?;
                        }
                        found.not_yet = (!later.is_empty()).then(|| self.busy_words());
                        found
                    }
                }
            }
        };
        let new = std::mem::take(&mut forecasts.variants);
        self.known_forecasts(sha256, |known, key| {
            known.extend(new.into_iter().map(|one| (key(one.recipe), one)));
            let all = recipes.iter().filter_map(|recipe| known.get(&key(*recipe)));
            forecasts.variants = all.cloned().collect();
        });
        asked
            .look_up_orders(&located.model, &mut forecasts.variants)
            .await;
        Ok(forecasts)
    }

    /// What a recipe would make of a model, for whoever has the machine and is about to
    /// make it: one forecast.
    pub(crate) async fn forecast_variant(
        &self,
        _machine: &MachineLock,
        located: &Located,
        recipe: Recipe,
    ) -> Result<Vec<VariantForecast>, AppError> {
        let file = open(located)?;
        let workshop = self.workshop();
        let found = workshop.forecast(&located.model, &file, &[recipe]).await;
        let found = found.map_err(|error| naming(&located.model, error))?;
        let mut variants = found.variants;
        workshop.look_up_orders(&located.model, &mut variants).await;
        Ok(variants)
    }

    /// The machine, if nothing is measured on it: a worker beside that would falsify
    /// it, and nobody waits for a size. Whoever measures next does not find the worker.
    fn idle_machine(&self) -> Result<Option<UntilAllGone<MachineLock>>, AppError> {
        let lock = MachineLock::try_take(&self.parts.library.places().machine_lock);
        let failed = |error: std::io::Error| AppError::new(ErrorCode::Internal, error.to_string());
        let reaper = &self.parts.launcher.reaper;
        Ok(lock
            .map_err(failed)?
            .map(|lock| reaper.until_all_gone(lock)))
    }

    /// Why a size is not known yet, and whom it waits for.
    fn busy_words(&self) -> String {
        let holder = MachineLock::holder(&self.parts.library.places().machine_lock);
        let busy_with = holder.map_or_else(|| SOMEBODY.to_owned(), |holder| holder.in_words());
        format!(
            "A size that is not known yet takes a worker, once the machine is free: it is busy \
             with {busy_with}."
        )
    }

    /// Refuses what cannot be pruned so before it waits in the queue.
    pub(super) async fn refuse_unprunable(
        &self,
        located: &Located,
        recipes: &[Recipe],
    ) -> Result<(), AppError> {
        for prune in recipes.iter().filter_map(|recipe| recipe.prune) {
            let file = open(located)?;
            let found = Workshop::forecast_pruning(&located.model, &file, prune).await?;
            self.refuse_too_large(&located.model, &found)?;
        }
        Ok(())
    }

    /// Refuses what does not fit into this machine even when nothing else runs.
    fn refuse_too_large(&self, model: &Model, pruning: &PruningForecast) -> Result<(), AppError> {
        let total = self.parts.machine.total_memory_mb;
        let needed = pruning.memory_bytes as f64 / 1e6;
        if total <= 0.0 || needed <= total {
            return Ok(());
        }
        Err(AppError::new(
            ErrorCode::ModelNotUsable,
            format!(
                "pruning {} so takes {} MB of memory, and this machine has {} MB; choose another \
                 method, or quantize it instead",
                model.called(),
                units::number(needed),
                units::number(total)
            ),
        ))
    }

    /// Deletes a variant and says what it was.
    pub(crate) async fn delete_variant(&self, id: ModelId) -> Result<VariantRecord, AppError> {
        Ok(self
            .blocking(move |library| library.delete_variant(&id))
            .await??)
    }

    fn known_forecasts<T>(
        &self,
        sha256: &str,
        look: impl FnOnce(
            &mut HashMap<(String, Recipe), VariantForecast>,
            &dyn Fn(Recipe) -> (String, Recipe),
        ) -> T,
    ) -> T {
        let mut known = self
            .forecasts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        look(&mut known, &|recipe| (sha256.to_owned(), recipe))
    }
}

/// Says of which model a worker failed; what is refused names it already.
fn naming(model: &Model, error: VariantError) -> AppError {
    let is_named = !matches!(error, VariantError::Worker(_));
    let mut error = AppError::from(error);
    if !is_named {
        error.error.message = format!("{}: {}", model.called(), error.error.message);
    }
    error
}

/// Opens the file if it is still the one that was found.
fn open(located: &Located) -> Result<File, AppError> {
    let name = located.model.called();
    let opened = File::open(&located.path).and_then(|file| Ok((FileIdentity::of(&file)?, file)));
    match opened {
        Ok((now, file)) if now == located.identity => Ok(file),
        Ok(_) => Err(AppError::new(
            ErrorCode::Conflict,
            format!("{name} has changed since it was read; try again with the file as it is now"),
        )),
        Err(error) => Err(AppError::new(
            ErrorCode::Conflict,
            format!("{name} cannot be read any more ({error}); put it back and try again"),
        )),
    }
}

impl From<VariantError> for AppError {
    fn from(error: VariantError) -> Self {
        let code = match &error {
            VariantError::Refused(_) => ErrorCode::ModelNotUsable,
            VariantError::Needless(_) => ErrorCode::BadRequest,
            VariantError::Worker(_) => ErrorCode::RunFailed,
            VariantError::Storage(_) => ErrorCode::Internal,
        };
        Self::new(code, error.to_string())
    }
}
