//! What every route shares, and what the server functions call.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use leptos::config::{Env, LeptosOptions};

use tokio::sync::OnceCell;

use super::Idleness;
use super::variants::Forecasts;
use crate::backend::{Grant, Introduction, WorkerError, WorkerLauncher, WorkerProcess};
use crate::bench::machine::{MachineFacts, MachineLoad};
use crate::bench::{Conduct, Plan, Workshop};
use crate::domain::error::{AppError, ErrorCode};
use crate::domain::estimate::SpeedBasis;
use crate::domain::filter::RunFilter;
use crate::domain::model::{Model, ModelId};
use crate::domain::noise::NoiseKey;
use crate::domain::preflight::preflight;
use crate::domain::quality::{EvaluationText, TextName};
use crate::domain::recipe::Recipe;
use crate::domain::run::{FailureKind, Run, RunId, RunRequest, RunSettings, RunSpec, RunStatus};
use crate::domain::sample::ArmRequest;
use crate::domain::units;
use crate::library::{FileIdentity, Library, Located, Texts};
use crate::queue::{Job, OpenModel, Queue};
use crate::store::Store;

pub(super) const LAST_MODEL: &str = "last_model";
pub(super) const PROMPTS: &str = "prompts";

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

/// A run that is asked for, with the text for quality that was sent with it.
pub(crate) struct Asked {
    pub(crate) spec: RunSpec,
    /// Named in `spec`; kept once the run is taken.
    pub(crate) text: Option<EvaluationText>,
}

impl From<RunSpec> for Asked {
    fn from(spec: RunSpec) -> Self {
        Self { spec, text: None }
    }
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

    /// Checks a request, and names the text that it brings for quality.
    pub(crate) async fn spec(&self, request: RunRequest) -> Result<Asked, AppError> {
        let text = request.evaluation_text.clone();
        let mut spec = RunSpec::try_from(request)?;
        let text = text.filter(|_| spec.quality.is_some());
        if let (Some(quality), Some(text)) = (&mut spec.quality, &text) {
            quality.text = Some(Texts::name(text));
        }
        Ok(Asked { spec, text })
    }

    /// The text for quality with its name, if the user gave one, now or earlier.
    async fn text(&self, asked: &Asked) -> Result<Option<(TextName, String)>, AppError> {
        let quality = asked.spec.quality.as_ref();
        let Some(name) = quality.and_then(|quality| quality.text.clone()) else {
            return Ok(None);
        };
        if let Some(sent) = &asked.text {
            return Ok(Some((name, sent.text.clone())));
        }
        let wanted = name.clone();
        let text = self.blocking(move |library| library.texts().read(&wanted));
        let text = text.await?.map_err(|error| {
            let name = &name.name;
            match error.kind() {
                io::ErrorKind::NotFound => AppError::bad_request(format!(
                    "the text {name} is not kept any more; send it again, as evaluation_text, or \
                     choose its file"
                )),
                _ => AppError::new(
                    ErrorCode::Internal,
                    format!("the text {name} could not be read: {error}; send it again"),
                ),
            }
        })?;
        Ok(Some((name, text)))
    }

    /// Keeps the text of a run that was taken, for whoever runs it again. The run
    /// itself has it.
    async fn keep_text(&self, text: Option<EvaluationText>) {
        let Some(text) = text else { return };
        let kept = self.blocking(move |library| library.texts().keep(&text));
        let kept = kept.await.map(|kept| kept.map(drop));
        if let Ok(Err(error)) = kept {
            tracing::warn!(%error, "a text for quality is not kept: the run cannot be repeated on it");
        }
    }

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
        let Located {
            model,
            path,
            identity,
        } = located;
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
            path: path.clone(),
            basis,
            machine: self.parts.machine.clone(),
            data_folder: self.parts.models_folder.clone(),
            conduct,
            spec,
            model,
        };
        let name = plan.model.called().to_owned();
        let open: OpenModel = Arc::new(move || open_unchanged(&path, identity, &name));
        Ok((plan, open))
    }

    /// A model that the machine could not hold with nothing else in it is
    /// refused before it waits in the queue; what is available when its turn
    /// comes decides then.
    fn refuse_hopeless(&self, model: &Model, settings: &RunSettings) -> Result<(), AppError> {
        let facts = &self.parts.machine;
        let empty = MachineLoad {
            load_average: None,
            swap_used_mb: 0.0,
            available_memory_mb: facts.total_memory_mb,
            slept_s: None,
        };
        let room = facts.room(empty, &self.parts.models_folder);
        match preflight(model, settings, &room).refusal {
            Some(refusal) => Err(AppError::new(ErrorCode::ModelNotUsable, refusal)),
            None => Ok(()),
        }
    }

    /// Waits for the end of a run and answers in one of the seed's forms.
    pub(crate) async fn finished<T>(
        &self,
        id: RunId,
        form: impl Fn(&Run) -> Option<T>,
    ) -> Result<T, AppError> {
        if let Some(job) = self.parts.queue.job(id) {
            job.ended().await;
        }
        let run = self.run(id.0).await?;
        if let Some(response) = form(&run) {
            return Ok(response);
        }
        Err(match (run.status, run.failure) {
            (_, Some(failure)) => AppError::new(
                failure_code(failure.kind),
                format!("run {id} failed: {}", failure.message),
            ),
            (RunStatus::Interrupted, None) => AppError::new(
                ErrorCode::ShuttingDown,
                format!("run {id} was interrupted because Whittle shut down"),
            ),
            (status, None) => AppError::new(
                ErrorCode::Conflict,
                format!("run {id} ended as {}", status.word()),
            ),
        })
    }

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

    /// Ends a run.
    pub(crate) async fn cancel(&self, id: i64) -> Result<Run, AppError> {
        self.run(id).await?;
        // In a task of its own, as in `submit`.
        let queue = self.parts.queue.clone();
        let cancelling = tokio::spawn(async move { queue.cancel(RunId(id)).await });
        cancelling.await.map_err(panicked)??;
        self.run(id).await
    }

    /// One run.
    pub(crate) async fn run(&self, id: i64) -> Result<Run, AppError> {
        let id = RunId(id);
        let Some(mut run) = self.parts.store.run(id).await? else {
            return Err(self.missing(id).await);
        };
        run.queue_position = self.parts.queue.position(id);
        if let Some(failure) = self.parts.queue.lost_end(id) {
            run.status = RunStatus::Failed;
            run.failure = Some(failure);
        }
        self.judge(&mut run).await?;
        Ok(run)
    }

    /// All measured requests of a run.
    pub(crate) async fn requests(&self, id: RunId) -> Result<Vec<ArmRequest>, AppError> {
        let store = &self.parts.store;
        Ok(store.requests(id, (0, 0, 0), u32::MAX).await?)
    }

    /// Verdicts that rest on assumed noise are judged anew once the model was
    /// measured against itself.
    pub(super) async fn judge(&self, run: &mut Run) -> Result<(), AppError> {
        let comparison = run.comparison.as_mut().filter(|one| one.assumes_noise());
        if let (Some(comparison), Some(environment)) = (comparison, &run.environment)
            && let key = NoiseKey::of(environment, &run.spec).in_blocks(comparison.blocks.is_some())
            && let Some(noise) = self.parts.store.noise(&key).await?
        {
            comparison.judge(Some(&noise));
        }
        Ok(())
    }

    pub(super) async fn is_healthy(&self) -> Result<(), AppError> {
        Ok(self
            .parts
            .store
            .runs(&RunFilter::default(), None, 1)
            .await
            .map(drop)?)
    }

    async fn default_model(&self) -> Result<ModelId, AppError> {
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
                    "{n} still being read for the first time; say which one to measure, or try again later"
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

    /// What is known of a model's speed, or guessed from its size.
    pub(crate) async fn speed(&self, model: &Model) -> Result<SpeedBasis, AppError> {
        let measured = self.parts.store.speed(&model.id).await?;
        Ok(measured.unwrap_or_else(|| SpeedBasis::guess(model.size_bytes)))
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

/// What a failed run tells its caller: whose fault it was.
fn failure_code(kind: FailureKind) -> ErrorCode {
    match kind {
        FailureKind::PromptNotUsable => ErrorCode::BadRequest,
        FailureKind::ModelNotUsable | FailureKind::OutOfMemory => ErrorCode::ModelNotUsable,
        FailureKind::ModelChanged => ErrorCode::Conflict,
        FailureKind::WorkerCrashed
        | FailureKind::WorkerHung
        | FailureKind::WorkerProtocol
        | FailureKind::WorkerStart
        | FailureKind::Storage
        | FailureKind::Internal => ErrorCode::RunFailed,
    }
}

/// Where the settings for a model are kept.
pub(super) fn settings_key(model: &ModelId) -> String {
    format!("settings/{model}")
}

/// Opens the file if it is still the one that was asked for.
fn open_unchanged(path: &Path, identity: FileIdentity, name: &str) -> Result<File, String> {
    let opened = File::open(path).and_then(|file| Ok((FileIdentity::of(&file)?, file)));
    match opened {
        Ok((now, file)) if now == identity => Ok(file),
        Ok(_) => Err(format!(
            "{name} is another file now than when the run was asked for; run it again"
        )),
        Err(error) => Err(format!(
            "{name} cannot be read any more ({error}); put it back and run it again"
        )),
    }
}

pub(super) fn panicked(error: tokio::task::JoinError) -> AppError {
    tracing::error!(%error, "a task of the server failed");
    AppError::new(ErrorCode::Internal, "a fault of Whittle; see its log")
}
