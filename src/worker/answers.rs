//! The baseline's answers to the user's own prompts, and the variants' beside
//! them.

use std::time::Instant;

use super::generate::PROGRESS_INTERVAL;
use crate::domain::environment::ChatTemplate;
use crate::domain::evaluation::EvaluationCommand;
use crate::domain::quality::AnswerComparison;
use crate::domain::run::FlashAttention;
use crate::engine::{Context, ContextOptions, EngineError, Model, Token, dress};
use crate::evaluate::{Rest, common_prefix, compare_answers, divergence};

/// Most memory for the baseline's logits, bytes.
pub(super) const ROWS_BYTES_LIMIT: u64 = 1 << 30;

/// Tokens of a prompt that are processed at once.
const N_BATCH: u32 = 512;

/// What is told while prompts are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// It goes on.
    Alive,
    /// One more is answered.
    Answered,
}

/// The baseline's answers.
pub(super) struct Answers<'a> {
    command: &'a EvaluationCommand,
    /// Rows of logits that may still be kept.
    rows_left: usize,
    answers: Vec<Answer>,
}

/// One answer of the baseline.
struct Answer {
    prompt: Vec<Token>,
    tokens: Vec<Token>,
    /// The logits that its first tokens were chosen by.
    rows: Vec<Vec<f32>>,
}

impl<'a> Answers<'a> {
    /// None yet. Of all answers `n_rows` rows of logits are kept.
    pub(super) fn new(command: &'a EvaluationCommand, n_rows: usize) -> Self {
        Self {
            command,
            rows_left: n_rows,
            answers: Vec::new(),
        }
    }

    /// Tokens of the context in which `command`'s prompts are answered; 0: there
    /// are none. What cannot be answered is said when its turn comes.
    pub(super) fn context_tokens(command: &EvaluationCommand, model: &Model) -> u64 {
        let length = |prompt: &String| {
            let dressed = dress(model, prompt);
            let is_dressed = dressed.template == ChatTemplate::Applied;
            Some(model.tokenize(&dressed.text, is_dressed).ok()?.len() as u64)
        };
        let longest = command.prompts.iter().filter_map(length).max();
        longest.map_or(0, |longest| longest + u64::from(command.max_tokens))
    }

    /// Answers every prompt; `tell` is called now and then.
    pub(super) fn of_baseline(
        &mut self,
        model: &Model,
        mut tell: impl FnMut(Told),
    ) -> Result<(), EngineError> {
        for prompt in &self.command.prompts {
            let dressed = dress(model, prompt);
            let is_dressed = dressed.template == ChatTemplate::Applied;
            self.answers.push(Answer {
                prompt: model.tokenize(&dressed.text, is_dressed)?,
                tokens: Vec::new(),
                rows: Vec::new(),
            });
        }
        if self.answers.is_empty() {
            return Ok(());
        }
        let mut context = self.context(model)?;
        for answer in &mut self.answers {
            let (rows, rows_left) = (&mut answer.rows, &mut self.rows_left);
            let keep = |_: &[Token], logits: &[f32]| {
                if *rows_left > 0 {
                    *rows_left -= 1;
                    rows.push(logits.to_vec());
                }
            };
            let n_most = self.command.max_tokens as usize;
            answer.tokens = generate(
                model,
                &mut context,
                &answer.prompt,
                n_most,
                keep,
                &mut || tell(Told::Alive),
            )?;
            tell(Told::Answered);
        }
        Ok(())
    }

    /// Answers every prompt once more with a variant, and compares.
    pub(super) fn compared_with(
        &self,
        model: &Model,
        mut tell: impl FnMut(Told),
    ) -> Result<Vec<AnswerComparison>, EngineError> {
        if self.answers.is_empty() {
            return Ok(Vec::new());
        }
        let mut context = self.context(model)?;
        let mut compared = Vec::with_capacity(self.answers.len());
        for (number, answer) in (1..).zip(&self.answers) {
            let mut kld = Vec::new();
            let look = |tokens: &[Token], logits: &[f32]| {
                let row = answer.rows.get(tokens.len());
                if let Some(row) = row.filter(|_| answer.tokens.starts_with(tokens)) {
                    kld.push(divergence(row, logits));
                }
            };
            let n_most = self.command.max_tokens as usize;
            let tokens = generate(
                model,
                &mut context,
                &answer.prompt,
                n_most,
                look,
                &mut || tell(Told::Alive),
            )?;
            tell(Told::Answered);
            compared.push(beside(model, number, &answer.tokens, &tokens, kld));
        }
        Ok(compared)
    }

    fn context<'model>(&self, model: &'model Model) -> Result<Context<'model>, EngineError> {
        let longest = self.answers.iter().map(|answer| answer.prompt.len()).max();
        let longest = u32::try_from(longest.unwrap_or(0)).unwrap_or(u32::MAX);
        let options = ContextOptions {
            n_ctx: longest.saturating_add(self.command.max_tokens),
            n_batch: N_BATCH,
            n_ubatch: N_BATCH,
            n_threads: self.command.n_threads,
            flash_attention: FlashAttention::Auto,
        };
        Context::new(model, options)
    }
}

/// Both answers, split where they part.
fn beside(
    model: &Model,
    prompt: u32,
    baseline: &[Token],
    variant: &[Token],
    mut kld: Vec<f64>,
) -> AnswerComparison {
    let n_common = common_prefix(baseline, variant);
    let have_parted = n_common < baseline.len().max(variant.len());
    // Where both end, both chose to end: that is no token of the text.
    kld.truncate(n_common + usize::from(have_parted));
    // No infinity on the wire: what comes after it is not known either.
    let n_finite = kld.iter().take_while(|kld| kld.is_finite()).count();
    kld.truncate(n_finite);
    let rests = [baseline, variant].map(|tokens| {
        let rest = tokens[n_common..].split_first();
        let first = rest.map(|(first, _)| model.bytes(&[*first]));
        (first, model.bytes(rest.map_or(&[], |(_, later)| later)))
    });
    compare_answers(
        prompt,
        n_common,
        &model.bytes(&baseline[..n_common]),
        [&rests[0], &rests[1]].map(|(first, later)| Rest {
            first: first.as_deref(),
            later,
        }),
        kld,
    )
}

/// The greedy answer to `prompt`, without the token that ends it. `look` sees
/// the tokens so far and the logits of the next.
fn generate(
    model: &Model,
    context: &mut Context<'_>,
    prompt: &[Token],
    max_tokens: usize,
    mut look: impl FnMut(&[Token], &[f32]),
    tell_life: &mut impl FnMut(),
) -> Result<Vec<Token>, EngineError> {
    if prompt.is_empty() {
        return Err(EngineError::Tokenize("it has no tokens".to_owned()));
    }
    let mut told = Instant::now();
    let mut tokens = Vec::new();
    context.clear();
    context.decode_prompt(prompt, &mut *tell_life)?;
    while tokens.len() < max_tokens {
        look(&tokens, context.logits()?);
        let token = context.greedy(true)?;
        if model.is_end_of_generation(token) {
            break;
        }
        tokens.push(token);
        if tokens.len() < max_tokens {
            context.decode(&[token])?;
        }
        if told.elapsed() >= PROGRESS_INTERVAL {
            told = Instant::now();
            tell_life();
        }
    }
    Ok(tokens)
}
