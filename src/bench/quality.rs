//! Quality of variants against their baseline, measured by a worker of its own.

use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::evaluation_text::check_size;
use super::machine::STACKS_BYTES;
use crate::backend::{Grant, WorkerError, WorkerLauncher, WorkerProcess};
use crate::domain::compare::VariantComparison;
use crate::domain::evaluation::{EvaluationCommand, EvaluationProgress, EvaluationText};
use crate::domain::metrics::Reading;
use crate::domain::protocol::{WorkerCommand, WorkerErrorKind, WorkerEvent};
use crate::domain::quality::{AnswerComparison, Perplexity, Quality, TextName};
use crate::gguf;

/// What to compare, and on what.
#[derive(Debug)]
pub struct QualityPlan<'a> {
    /// How workers are started.
    pub launcher: &'a WorkerLauncher,
    /// The baseline's file and where it lies.
    pub baseline: (&'a File, PathBuf),
    /// The variants', in the run's order.
    pub variants: Vec<(&'a File, PathBuf)>,
    /// The text; None: the built-in one.
    pub text: Option<(TextName, String)>,
    /// Chunks.
    pub n_chunks: u32,
    /// Threads of the engine.
    pub n_threads: u32,
    /// The user's prompts, whose answers are compared, and the tokens of an answer.
    pub prompts: Vec<String>,
    /// Tokens of an answer at most.
    pub max_tokens: u32,
    /// Memory that the worker may use, bytes; none: not known.
    pub memory_bytes: Option<u64>,
}

/// How far it has come, with the running estimate of every variant.
#[derive(Debug, Clone, PartialEq)]
pub struct QualityProgress {
    /// Chunks done.
    pub chunks_done: u32,
    /// In all.
    pub n_chunks: u32,
    /// Mean KL divergence so far, one for each variant.
    pub mean_kld: Vec<Option<f64>>,
    /// The baseline's perplexity so far.
    pub baseline_perplexity: Option<f64>,
    /// Answers to the prompts so far, of all models.
    pub answers_done: u32,
    /// In all; 0: none has been given yet.
    pub n_answers: u32,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct QualityResult {
    /// The baseline's.
    pub baseline: Perplexity,
    /// One for each variant: its loss, or why it cannot be compared, and the
    /// answers.
    pub variants: Vec<(Reading<Quality>, Vec<AnswerComparison>)>,
    /// What the user should know of it, one sentence each: a text with fewer
    /// chunks than asked for, models that took turns.
    pub warnings: Vec<String>,
    /// Peak resident memory of the worker, where the system tells; never shown as
    /// a model's.
    pub peak_memory_bytes: Option<u64>,
}

impl QualityResult {
    /// Puts what was found into the comparisons, which are in the same order.
    pub fn fill(self, comparisons: &mut [VariantComparison]) {
        for (comparison, (quality, answers)) in comparisons.iter_mut().zip(self.variants) {
            comparison.quality = Some(quality);
            comparison.answers = answers;
        }
    }
}

/// Measures. Dropping the future ends the worker.
///
/// # Errors
/// When the worker fails.
pub async fn measure_quality(
    plan: &QualityPlan<'_>,
    mut on_progress: impl FnMut(QualityProgress) + Send,
) -> Result<QualityResult, WorkerError> {
    let doing = "measuring quality";
    plan.check_text()?;
    let (mut worker, _) = WorkerProcess::start(plan.launcher, plan.grant()?).await?;
    let mut answers: Vec<Vec<AnswerComparison>> = vec![Vec::new(); plan.variants.len()];
    let command = WorkerCommand::Evaluate(plan.command(plan.kv_bytes_per_token().await));
    let mut scored: Option<QualityProgress> = None;
    let answered = worker.ask(&command, doing, |event| match event {
        WorkerEvent::Scored(progress) => {
            let progress = QualityProgress::from(progress.clone());
            scored = Some(progress.clone());
            on_progress(progress);
        }
        WorkerEvent::Answering { done, of } => {
            if let Some(scored) = &scored {
                on_progress(QualityProgress {
                    answers_done: *done,
                    n_answers: *of,
                    ..scored.clone()
                });
            }
        }
        WorkerEvent::Answered { variant, answer } => {
            if let Some(answers) = answers.get_mut(*variant as usize) {
                answers.push(answer.clone());
            }
        }
        _ => {}
    });
    let report = match answered.await? {
        WorkerEvent::Evaluated(report) => *report,
        other => return Err(worker.unexpected(doing, &other)),
    };
    if report.variants.len() != answers.len() {
        let event = WorkerEvent::Evaluated(Box::new(report));
        return Err(worker.unexpected(doing, &event));
    }
    worker.stop().await;
    Ok(QualityResult {
        baseline: report.baseline,
        variants: report.variants.into_iter().zip(answers).collect(),
        warnings: report.warnings,
        peak_memory_bytes: report.memory.peak_rss_bytes,
    })
}

/// Whether a text has a chunk by the vocabulary of a model, whose file lies at `model.1`.
///
/// # Errors
/// When it has none, or the worker fails.
pub(super) async fn check_text_by(
    launcher: &WorkerLauncher,
    model: (&File, &Path),
    text: &(TextName, String),
) -> Result<(), WorkerError> {
    let doing = "reading the text for quality";
    let grant = Grant {
        model: Some(model.0.try_clone().map_err(WorkerError::Start)?),
        memory_bytes: launcher.memory_bytes,
        ..Grant::default()
    };
    let command = WorkerCommand::CheckText {
        model: Grant::model_path(model.1),
        text: sent(text),
    };
    let (mut worker, _) = WorkerProcess::start(launcher, grant).await?;
    match worker.ask(&command, doing, |_| ()).await? {
        WorkerEvent::TextChecked => worker.stop().await,
        other => return Err(worker.unexpected(doing, &other)),
    }
    Ok(())
}

/// A text as a worker is sent it.
fn sent((name, text): &(TextName, String)) -> EvaluationText {
    EvaluationText {
        name: name.name.clone(),
        text: text.clone(),
    }
}

impl QualityPlan<'_> {
    /// What is too long is not sent; whether it is long enough, the model says.
    fn check_text(&self) -> Result<(), WorkerError> {
        let Some((name, text)) = &self.text else {
            return Ok(());
        };
        check_size(&name.name, text.len() as u64).map_err(|problem| WorkerError::Refused {
            kind: WorkerErrorKind::Text,
            message: problem.to_string(),
            log: Vec::new(),
        })
    }

    /// The files, open, and the memory: the worker keeps to it by itself, and
    /// the system stops it should it not.
    fn grant(&self) -> Result<Grant, WorkerError> {
        let clone = |file: &File| file.try_clone().map_err(WorkerError::Start);
        let variants = self.variants.iter().map(|(file, _)| clone(file));
        let memory = self.memory_bytes;
        Ok(Grant {
            model: Some(clone(self.baseline.0)?),
            variants: variants.collect::<Result<_, _>>()?,
            memory_bytes: self
                .launcher
                .memory_bytes
                .or(memory.map(|bytes| bytes.saturating_add(STACKS_BYTES))),
            ..Grant::default()
        })
    }

    /// What the files' headers say that a context keeps of each token, at most: the
    /// answers' context can be the largest thing of all.
    async fn kv_bytes_per_token(&self) -> Option<u64> {
        let all = std::iter::once(&self.baseline).chain(&self.variants);
        let files = all.map(|(file, _)| file.try_clone());
        let files: Vec<File> = files.collect::<Result<_, _>>().ok()?;
        let of = |file: File| {
            let size = file.metadata().ok()?.len();
            let mut reader = BufReader::with_capacity(1 << 16, file);
            reader.seek(SeekFrom::Start(0)).ok()?;
            gguf::check(reader, size).ok()?.kv_bytes_per_token
        };
        let reading = move || files.into_iter().filter_map(of).max();
        tokio::task::spawn_blocking(reading).await.ok()?
    }

    fn command(&self, kv_bytes_per_token: Option<u64>) -> EvaluationCommand {
        let variants = self.variants.iter().enumerate();
        EvaluationCommand {
            baseline: Grant::model_path(&self.baseline.1),
            variants: variants
                .map(|(number, (_, path))| Grant::variant_path(number, path))
                .collect(),
            text: self.text.as_ref().map(sent),
            n_chunks: self.n_chunks,
            n_threads: self.n_threads,
            prompts: self.prompts.clone(),
            max_tokens: self.max_tokens,
            kv_bytes_per_token,
            memory_bytes: self.memory_bytes,
        }
    }
}

impl From<EvaluationProgress> for QualityProgress {
    fn from(progress: EvaluationProgress) -> Self {
        Self {
            chunks_done: progress.chunks_done,
            n_chunks: progress.n_chunks,
            mean_kld: progress.mean_kld,
            baseline_perplexity: progress.baseline_perplexity,
            answers_done: 0,
            n_answers: 0,
        }
    }
}
