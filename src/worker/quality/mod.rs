//! Variants against their baseline on one text: logits are compared in memory,
//! chunk by chunk, and never written.

mod arrangement;
mod cut;
mod error;
mod passes;

use std::fs;
use std::path::Path;
use std::time::Instant;

use self::arrangement::{Arrangement, Needs};
pub(super) use self::cut::check_text;
use self::cut::cut;
pub(super) use self::error::QualityError;
use self::error::{named, whose};
use super::answers::{self, Answers, Told};
use super::channel::Events;
use super::generate::PROGRESS_INTERVAL;
use super::process::Memory;
use crate::domain::evaluation::{EvaluationCommand, EvaluationReport};
use crate::domain::protocol::WorkerEvent;
use crate::domain::quality::{CHUNK_TOKENS, Perplexity};
use crate::domain::units;
use crate::engine::{Context, Model, ModelOptions, ScoringOptions};
use crate::evaluate::{Chunk, Evaluation, SCORED_FROM, Scored, Text, compare, score};

/// Positions of a chunk whose logits are asked for, as llama.cpp's tool does:
/// one more than are scored, since nothing is known to follow the last.
const N_OUTPUTS: usize = CHUNK_TOKENS as usize - SCORED_FROM;

/// One evaluation under way.
struct Session<'a> {
    command: &'a EvaluationCommand,
    chunks: Vec<Chunk>,
    n_vocab: usize,
    evaluation: Evaluation,
    /// Answers to prompts so far, of all models.
    n_answered: u32,
    warnings: Vec<String>,
    events: &'a mut Events,
}

/// Compares, telling every chunk.
pub(super) fn evaluate(
    command: &EvaluationCommand,
    memory: &Memory,
    events: &mut Events,
) -> Result<EvaluationReport, QualityError> {
    let mut session = Session::prepare(command, events)?;
    let empty_bytes = memory.read().rss_bytes;
    let baseline = session.load(0)?;
    let mut context = session.context(&baseline)?;
    context.score(&session.chunks[0].input, SCORED_FROM)?;
    let needs = Needs {
        limit_bytes: command.memory_bytes,
        empty_bytes,
        with_baseline_bytes: memory.read().rss_bytes,
        baseline_file_bytes: file_bytes(&command.baseline),
        variant_file_bytes: session
            .compared()
            .map(|variant| file_bytes(&command.variants[variant]))
            .collect(),
        chunk_bytes: session.chunk_bytes(),
        answers_bytes: Answers::context_tokens(command, &baseline)
            .saturating_mul(command.kv_bytes_per_token.unwrap_or(0)),
    };
    match Arrangement::of(&needs).map_err(QualityError::Memory)? {
        Arrangement::Together { spare_bytes } => {
            session.together(&baseline, context, spare_bytes)?;
        }
        Arrangement::InTurns {
            n_chunks,
            n_for_answers,
        } => {
            let said = in_turns_warning(n_chunks, session.chunks.len());
            session.warnings.push(said);
            let kept = session.keep(&mut context, 0, n_chunks)?;
            drop(context);
            drop(baseline);
            session.in_turns(kept, n_chunks)?;
            session.answer_in_turns(n_for_answers);
        }
    }
    Ok(EvaluationReport {
        baseline: session.baseline_perplexity()?,
        variants: session.evaluation.variants(),
        warnings: session.warnings,
        memory: memory.read(),
    })
}

impl<'a> Session<'a> {
    /// Cuts the text by the baseline's vocabulary, and says of each variant
    /// whether it has the same: before anything is computed.
    fn prepare(
        command: &'a EvaluationCommand,
        events: &'a mut Events,
    ) -> Result<Self, QualityError> {
        let mut warnings = Vec::new();
        let text = Text::of(command.text.as_ref());
        let vocabulary = |number, path: &String| {
            Model::load_vocabulary(Path::new(path)).map_err(|error| named(number, &error))
        };
        let baseline = vocabulary(0, &command.baseline)?;
        let refused = (1..).zip(&command.variants).map(|(number, path)| {
            let variant = vocabulary(number, path)?;
            let difference = variant.vocabulary_difference(&baseline);
            Ok(difference.map(|difference| {
                format!(
                    "its vocabulary differs from the baseline's ({difference}), so that their \
                     probabilities are not of the same tokens"
                )
            }))
        });
        let refused = refused.collect::<Result<Vec<_>, QualityError>>()?;

        let chunks = cut(&text, &baseline, command.n_chunks)?;
        let name = text.name().clone();
        if chunks.len() < command.n_chunks as usize {
            warnings.push(format!(
                "the text “{}” has {} of {CHUNK_TOKENS} tokens and not the {} that were asked for: \
                 all of it was used",
                name.name,
                units::plural(chunks.len() as u64, "chunk", "chunks"),
                command.n_chunks
            ));
        }
        let evaluation = Evaluation::new(name, chunks.len(), chunks[0].targets.len(), refused);
        Ok(Self {
            command,
            chunks,
            n_vocab: baseline.n_vocab(),
            evaluation,
            n_answered: 0,
            warnings,
            events,
        })
    }

    fn score(&mut self, number: usize, logits: &[f32]) -> Scored {
        let targets = &self.chunks[number].targets;
        let scored = score(logits, self.n_vocab, targets, self.n_threads());
        self.evaluation.learn_baseline(&scored);
        self.tell();
        scored
    }

    fn compare(
        &mut self,
        variant: usize,
        number: usize,
        baseline: (&[f32], &Scored),
        logits: &[f32],
    ) {
        let targets = &self.chunks[number].targets;
        let losses = compare(baseline, logits, self.n_vocab, targets, self.n_threads());
        self.evaluation.learn_variant(variant, losses);
        self.tell();
    }

    fn tell(&mut self) {
        let progress = self.evaluation.progress();
        self.events.send(&WorkerEvent::Scored(progress));
    }

    /// Generating is silent otherwise, and must not look like a hang.
    fn tell_answering(&mut self, told: Told) {
        if told == Told::Alive {
            self.events.send(&WorkerEvent::PromptProgress);
            return;
        }
        self.n_answered += 1;
        let n_models = 1 + self.compared().count();
        let of = self.command.prompts.len().saturating_mul(n_models);
        self.events.send(&WorkerEvent::Answering {
            done: self.n_answered,
            of: u32::try_from(of).unwrap_or(u32::MAX),
        });
    }

    /// The figures of the text are there: without the answers to the prompts they
    /// stand all the same.
    fn do_without_answers(&mut self, answered: Result<(), QualityError>) {
        if let Err(error) = answered {
            self.warnings.push(format!(
                "the answers to the prompts were not compared: {error}; the figures on the text \
                 do not depend on them"
            ));
        }
    }

    fn tell_answers(
        &mut self,
        variant: usize,
        model: &Model,
        answers: &Answers<'_>,
    ) -> Result<(), QualityError> {
        for answer in answers.compared_with(model, |told| self.tell_answering(told))? {
            self.events.send(&WorkerEvent::Answered {
                variant: u32::try_from(variant).unwrap_or(u32::MAX),
                answer,
            });
        }
        Ok(())
    }

    /// Loads the baseline (0) or a variant (from 1).
    fn load(&mut self, number: usize) -> Result<Model, QualityError> {
        let path = match number.checked_sub(1) {
            None => &self.command.baseline,
            Some(variant) => &self.command.variants[variant],
        };
        // Not mapped, so that memory means the same for every model.
        let options = ModelOptions {
            mmap: false,
            n_gpu_layers: 0,
        };
        let mut told = Instant::now();
        let loaded = Model::load(Path::new(path), options, |fraction| {
            if told.elapsed() >= PROGRESS_INTERVAL {
                told = Instant::now();
                self.events.send(&WorkerEvent::LoadProgress { fraction });
            }
        });
        loaded.map_err(|error| named(number, &error))
    }

    fn context<'model>(&self, model: &'model Model) -> Result<Context<'model>, QualityError> {
        let options = ScoringOptions {
            n_tokens: CHUNK_TOKENS,
            n_outputs: N_OUTPUTS as u32,
            n_threads: self.command.n_threads,
        };
        Ok(Context::for_scoring(model, options)?)
    }

    fn compared(&self) -> impl Iterator<Item = usize> + use<> {
        self.evaluation.compared().into_iter()
    }

    fn n_threads(&self) -> usize {
        self.command.n_threads as usize
    }

    fn chunk_bytes(&self) -> u64 {
        (N_OUTPUTS * self.n_vocab * size_of::<f32>()) as u64
    }

    /// Rows of logits that may be kept of the answers: at least as many as a
    /// chunk has, whose buffers are free by then.
    fn rows_within(&self, spare_bytes: Option<u64>) -> usize {
        let row_bytes = (self.n_vocab * size_of::<f32>()).max(1) as u64;
        let bytes = spare_bytes
            .unwrap_or(u64::MAX)
            .min(answers::ROWS_BYTES_LIMIT);
        usize::try_from(bytes / row_bytes)
            .unwrap_or(usize::MAX)
            .max(N_OUTPUTS)
    }

    fn baseline_perplexity(&self) -> Result<Perplexity, QualityError> {
        self.evaluation
            .baseline()
            .map_err(|reason| QualityError::Model {
                whose: whose(0),
                reason,
            })
    }
}

fn in_turns_warning(n_chunks: usize, of: usize) -> String {
    format!(
        "the models do not fit into the available memory together: they took turns, {} of {of} \
         chunks at a time",
        n_chunks.min(of)
    )
}

/// 0 where the system does not say.
fn file_bytes(path: &str) -> u64 {
    fs::metadata(path).map_or(0, |file| file.len())
}
