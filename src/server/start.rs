//! From what is asked for to a run in the queue.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use super::AppState;
use super::asked::Asked;
use super::remembered::LAST_MODEL;
use super::state::panicked;
use crate::bench::machine::MachineLoad;
use crate::bench::{Conduct, Plan, Workshop};
use crate::domain::error::{AppError, ErrorCode};
use crate::domain::estimate::SpeedBasis;
use crate::domain::model::{Model, ModelId};
use crate::domain::preflight::preflight;
use crate::domain::recipe::Recipe;
use crate::domain::run::{Run, RunRequest, RunSettings, RunSpec};
use crate::library::Located;
use crate::queue::{Job, OpenModel};

impl AppState {
    /// Queues the run that `spec` asks for.
    pub(crate) async fn start(&self, asked: Asked) -> Result<Run, AppError> {
        let id = match asked.spec.model.clone() {
            Some(id) => id,
            None => self.default_model().await?,
        };
        let located = self.locate_id(id.0).await?;
        let job = self.submit(asked, located, Conduct::default()).await?;
        self.run(job.id.0).await
    }

    /// Queues a run of a model against itself.
    pub(crate) async fn start_noise(&self, request: RunRequest) -> Result<Run, AppError> {
        let mut asked = self.spec(request).await?;
        asked.spec.recipes = vec![Recipe::default()];
        self.start(asked).await
    }

    /// The model with this library id.
    pub(crate) async fn locate_id(&self, id: String) -> Result<Located, AppError> {
        Ok(self
            .blocking(move |library| library.find(&ModelId(id)))
            .await??)
    }

    /// The model in a file, for the command line.
    pub(crate) async fn locate_path(&self, path: PathBuf) -> Result<Located, AppError> {
        Ok(self
            .blocking(move |library| library.at_path(&path))
            .await??)
    }

    /// Queues a run of a model that has been found.
    pub(crate) async fn submit(
        &self,
        asked: impl Into<Asked>,
        located: Located,
        conduct: Conduct,
    ) -> Result<Arc<Job>, AppError> {
        let asked = asked.into();
        let (plan, open) = self.plan(&asked, located, conduct).await?;
        // Not what it asks for: the form's own choices are told apart from what
        // other programs send.
        self.store()
            .keep_setting(LAST_MODEL, &plan.model.id)
            .await?;
        // In a task of its own: a caller that hangs up must not leave a run half
        // way into the queue.
        let queue = self.parts.queue.clone();
        let state = self.clone();
        let submitting = tokio::spawn(async move {
            let job = queue.submit(plan, open).await;
            if job.is_ok() {
                state.keep_text(asked.text).await;
            }
            job
        });
        Ok(submitting.await.map_err(panicked)??)
    }

    /// All that a run of a model that has been found needs.
    pub(super) async fn plan(
        &self,
        asked: &Asked,
        located: Located,
        conduct: Conduct,
    ) -> Result<(Plan, OpenModel), AppError> {
        asked.spec.settings.check_gpu(self.parts.machine.has_gpu)?;
        self.refuse_hopeless(&located.model, &asked.spec.settings)?;
        self.refuse_unprunable(&located, &asked.spec.recipes)
            .await?;
        let text = self.text(asked).await?;
        let Located { model, path, .. } = located.clone();
        let spec = RunSpec {
            model: Some(model.id.clone()),
            ..asked.spec.clone()
        };
        let basis = self.speed(&model).await?;
        let n_threads = spec.settings.n_threads;
        let n_threads = n_threads.unwrap_or_else(|| self.parts.machine.default_threads());
        let plan = Plan {
            workshop: Workshop {
                n_threads,
                ..self.workshop()
            },
            text,
            launcher: self.parts.launcher.clone(),
            path,
            basis,
            machine: self.parts.machine.clone(),
            data_folder: self.parts.models_folder.clone(),
            conduct,
            spec,
            model,
        };
        let open: OpenModel = Arc::new(move || open_unchanged(&located));
        Ok((plan, open))
    }

    /// A model that the machine could not hold with nothing else in it is
    /// refused before it waits in the queue; what is available when its turn
    /// comes decides then.
    fn refuse_hopeless(&self, model: &Model, settings: &RunSettings) -> Result<(), AppError> {
        let facts = &self.parts.machine;
        let empty = MachineLoad {
            load_average: None,
            own_load: 0.0,
            swap_used_mb: 0.0,
            swapped_out_mb: None,
            available_memory_mb: facts.total_memory_mb,
            slept_s: None,
        };
        let room = facts.room(empty, &self.parts.models_folder);
        match preflight(model, settings, &room).refusal {
            Some(refusal) => Err(AppError::new(ErrorCode::ModelNotUsable, refusal)),
            None => Ok(()),
        }
    }

    /// What is known of a model's speed, or guessed from its size.
    pub(crate) async fn speed(&self, model: &Model) -> Result<SpeedBasis, AppError> {
        let measured = self.parts.store.speed(&model.id).await?;
        Ok(measured.unwrap_or_else(|| SpeedBasis::guess(model.size_bytes)))
    }
}

/// Opens the file if it is still the one that was asked for.
fn open_unchanged(located: &Located) -> Result<File, String> {
    let name = located.model.called();
    match located.open() {
        Ok(Some(file)) => Ok(file),
        Ok(None) => Err(format!(
            "{name} is another file now than when the run was asked for; run it again"
        )),
        Err(error) => Err(format!(
            "{name} cannot be read any more ({error}); put it back and run it again"
        )),
    }
}
