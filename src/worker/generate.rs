//! One request and one prefill, timed by the monotonic clock where they run.

use std::time::{Duration, Instant};

use super::process::{Memory, cpu_seconds};
use crate::domain::environment::ChatTemplate;
use crate::domain::run::GenerationMode;
use crate::domain::sample::{Generation, Prefill, StopReason};
use crate::engine::{Context, EngineError, Model, Token, dress};

/// How often progress is told: seldom enough not to disturb what is measured.
pub(super) const PROGRESS_INTERVAL: Duration = Duration::from_millis(500);

/// One prompt and how to answer it.
pub(super) struct Request<'a> {
    pub(super) prompt: &'a str,
    pub(super) max_tokens: u32,
    pub(super) mode: GenerationMode,
    pub(super) n_ctx: u32,
    /// Share of its time that each token takes longer.
    pub(super) slowdown: f64,
    /// Tokens after which it is another arm's turn.
    pub(super) turn_tokens: Option<u32>,
}

/// How far a request has come.
pub(super) enum Progress {
    /// Part of the prompt is processed, and more is left.
    Prompt,
    /// Tokens generated so far, and their speed over the last interval.
    Tokens(u32, f64),
    /// The turn is over, after so many tokens, at this speed of the turn. It
    /// goes on when this is heard.
    TurnOver(u32, Option<f64>),
}

/// Why a request was not answered.
#[derive(Debug, thiserror::Error)]
pub(super) enum GenerateError {
    /// The prompt does not fit.
    #[error("{0}")]
    Prompt(String),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Answers one prompt greedily from an empty context. The clock starts before
/// the chat template and stops at the last token; turning tokens into text
/// comes after. A token that ends the answer counts as generated.
pub(super) fn generate(
    model: &Model,
    context: &mut Context<'_>,
    memory: &Memory,
    request: &Request<'_>,
    mut on_progress: impl FnMut(Progress),
) -> Result<Generation, GenerateError> {
    let end_allowed = request.mode == GenerationMode::NaturalStop;
    let faults_before = memory.major_page_faults();
    let cpu_before = cpu_seconds();
    let start = Instant::now();

    let prompt = tokenize(model, request)?;
    context.clear();
    let prefill_start = Instant::now();
    context.decode_prompt(&prompt, || on_progress(Progress::Prompt))?;
    let prefill = prefill_start.elapsed();

    let mut tokens = vec![context.greedy(end_allowed)?];
    let first = Instant::now();
    let cpu_first = cpu_seconds();

    let mut gaps = Vec::with_capacity(request.max_tokens as usize);
    let mut last = first;
    let mut ticker = Ticker::new(first);
    let mut turns = Turns::new(request.turn_tokens);
    while !is_finished(model, request, &tokens) {
        let previous = tokens[tokens.len() - 1];
        context.decode(&[previous])?;
        tokens.push(context.greedy(end_allowed)?);
        slow_down(last, request.slowdown);
        let now = Instant::now();
        gaps.push(nanoseconds(now - last));
        last = now;
        ticker.tick(now, tokens.len(), &mut on_progress);
        if turns.is_over(&gaps) && !is_finished(model, request, &tokens) {
            last = turns.wait(now, &gaps, &mut on_progress);
            ticker.restart(last, tokens.len());
        }
    }
    let cpu_last = cpu_seconds();

    let stop = stop_reason(model, request, &tokens);
    if stop == StopReason::EndOfSequence {
        tokens.pop();
    }
    Ok(Generation {
        n_prompt_tokens: count(prompt.len()),
        n_generated: count(gaps.len() + 1),
        response_time_s: (last - start - turns.waited).as_secs_f64(),
        time_to_first_token_s: (first - start).as_secs_f64(),
        prefill_s: prefill.as_secs_f64(),
        decode_s: (last - first - turns.waited).as_secs_f64(),
        token_gaps_ns: gaps,
        cpu_s: cpu_last - cpu_before - turns.cpu_s,
        cpu_decode_s: cpu_last - cpu_first - turns.cpu_s,
        cpu_between_turns_s: turns.cpu_s,
        major_page_faults: difference(faults_before, memory.major_page_faults()),
        memory: memory.read(),
        text: model.detokenize(&tokens),
        stop,
    })
}

/// Processes `n_tokens` tokens from an empty context, as llama-bench does:
/// one call, made-up tokens, the logits of the last one.
pub(super) fn prefill(
    model: &Model,
    context: &mut Context<'_>,
    n_tokens: u32,
) -> Result<Prefill, EngineError> {
    let tokens = made_up_tokens(model, n_tokens as usize);
    context.clear();
    let start = Instant::now();
    context.decode(&tokens)?;
    Ok(Prefill {
        n_tokens,
        elapsed_s: start.elapsed().as_secs_f64(),
    })
}

fn tokenize(model: &Model, request: &Request<'_>) -> Result<Vec<Token>, GenerateError> {
    let dressed = dress(model, request.prompt);
    let parse_special = dressed.template == ChatTemplate::Applied;
    let tokens = model.tokenize(&dressed.text, parse_special)?;
    if tokens.is_empty() {
        return Err(GenerateError::Prompt(
            "the prompt has no tokens; write another one".to_owned(),
        ));
    }
    let n_needed = tokens.len() + request.max_tokens as usize;
    if n_needed > request.n_ctx as usize {
        return Err(GenerateError::Prompt(format!(
            "the prompt has {} tokens; with {} generated it needs {n_needed}, and the context \
             (n_ctx) has {}: raise the context to at least {n_needed}, shorten the prompt or \
             generate fewer tokens",
            tokens.len(),
            request.max_tokens,
            request.n_ctx
        )));
    }
    Ok(tokens)
}

/// Makes what began at `start` take `slowdown` of its time longer. Passes the
/// time on this thread: sleeping would take some ten microseconds more.
fn slow_down(start: Instant, slowdown: f64) {
    let end = start.elapsed().mul_f64(1.0 + slowdown.max(0.0));
    while start.elapsed() < end {
        std::hint::spin_loop();
    }
}

fn is_finished(model: &Model, request: &Request<'_>, tokens: &[Token]) -> bool {
    tokens.len() >= request.max_tokens as usize
        || stop_reason(model, request, tokens) == StopReason::EndOfSequence
}

fn stop_reason(model: &Model, request: &Request<'_>, tokens: &[Token]) -> StopReason {
    let ended = request.mode == GenerationMode::NaturalStop
        && tokens
            .last()
            .is_some_and(|token| model.is_end_of_generation(*token));
    if ended {
        StopReason::EndOfSequence
    } else {
        StopReason::MaxTokens
    }
}

/// Tokens from a fixed seed (xorshift64), so that every launch does the same
/// work; BOS first where the model wants it.
fn made_up_tokens(model: &Model, n: usize) -> Vec<Token> {
    let n_vocab = model.n_vocab().max(1) as u64;
    let mut state: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        Token::try_from(state % n_vocab).unwrap_or(0)
    };
    let mut tokens: Vec<Token> = (0..n).map(|_| next()).collect();
    if let (Some(first), Some(bos)) = (tokens.first_mut(), model.bos()) {
        *first = bos;
    }
    tokens
}

/// Tells progress at most once an interval, with the speed over it.
struct Ticker {
    since: Instant,
    n_since: usize,
}

impl Ticker {
    fn new(start: Instant) -> Self {
        Self {
            since: start,
            n_since: 1,
        }
    }

    fn restart(&mut self, now: Instant, n: usize) {
        (self.since, self.n_since) = (now, n);
    }

    fn tick(&mut self, now: Instant, n: usize, on_progress: &mut impl FnMut(Progress)) {
        let elapsed = now - self.since;
        if elapsed < PROGRESS_INTERVAL {
            return;
        }
        let speed = (n - self.n_since) as f64 / elapsed.as_secs_f64();
        on_progress(Progress::Tokens(count(n), speed));
        self.restart(now, n);
    }
}

/// The turns of a request, and what went by between them.
struct Turns {
    /// Tokens of a turn.
    length: Option<usize>,
    /// Gaps behind when this turn began.
    begun: usize,
    waited: Duration,
    cpu_s: f64,
}

impl Turns {
    fn new(length: Option<u32>) -> Self {
        Self {
            length: length.map(|tokens| tokens.max(1) as usize),
            begun: 0,
            waited: Duration::ZERO,
            cpu_s: 0.0,
        }
    }

    fn is_over(&self, gaps: &[u64]) -> bool {
        self.length
            .is_some_and(|length| gaps.len() - self.begun >= length)
    }

    /// Says that the turn was over at `end`, and returns when the next begins.
    fn wait(
        &mut self,
        end: Instant,
        gaps: &[u64],
        on_progress: &mut impl FnMut(Progress),
    ) -> Instant {
        let cpu_before = cpu_seconds();
        let turn = &gaps[self.begun..];
        let seconds = Duration::from_nanos(turn.iter().sum()).as_secs_f64();
        let speed = (seconds > 0.0).then(|| turn.len() as f64 / seconds);
        on_progress(Progress::TurnOver(count(gaps.len() + 1), speed));
        self.begun = gaps.len();
        self.cpu_s += cpu_seconds() - cpu_before;
        let now = Instant::now();
        self.waited += now - end;
        now
    }
}

fn nanoseconds(gap: Duration) -> u64 {
    u64::try_from(gap.as_nanos()).unwrap_or(u64::MAX)
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn difference(before: Option<u64>, after: Option<u64>) -> Option<u64> {
    Some(after?.saturating_sub(before?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slowdown_lengthens_by_no_less_than_its_share() {
        for slowdown in [-1.0, 0.0, 0.05, 4.0] {
            let start = Instant::now();
            std::thread::sleep(Duration::from_millis(2));
            slow_down(start, slowdown);
            let least = Duration::from_millis(2).mul_f64(1.0 + slowdown.max(0.0));
            assert!(start.elapsed() >= least, "{slowdown}");
        }
    }
}
