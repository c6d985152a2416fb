//! How long a run will take: shown before the start, refined while it runs.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::defaults::{IMATRIX_CHUNKS, PREFILL_TOKENS, SETTLE_S, WARM_UP_TOKENS};
use super::prompt::Prompt;
use super::pruning::{CHECK_CHUNKS, Prune, PruningMethod};
use super::quality::CHUNK_TOKENS;
use super::recipe::Recipe;
use super::run::RunSpec;

/// Seconds that a worker takes to start and be asked, whatever the model.
const LAUNCH_OVERHEAD_S: f64 = 0.3;

/// Loads of the baseline that quantizing takes.
const QUANTIZING_LOADS: f64 = 5.0;

/// Prefills of the calibration text that pruning takes: the whole model as it is
/// and as it becomes, and as much again for statistics and repair.
const WIDTH_PREFILLS: f64 = 4.0;

/// Readings of its chunks that a search before that takes: through half of the blocks,
/// for each of some 44 tries, as a third of 30 blocks take.
const SEARCH_PREFILLS: f64 = 22.0;

/// Prefills of the calibration text that an importance matrix takes: the squares
/// of all activations are copied and summed beside it.
const IMATRIX_PREFILLS: f64 = 1.5;

/// Prefills of a chunk that scoring it takes: the logits of every second token
/// are computed and compared over the whole vocabulary.
const QUALITY_PREFILLS: f64 = 1.5;

/// What a run asks of the engine, as far as time goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// Fresh launches.
    pub iterations: u32,
    /// Thrown-away rounds of a launch.
    pub warm_ups: u32,
    /// Tokens to generate for each prompt, at most.
    pub max_tokens: u32,
    /// Tokens of each prompt, in order: a guess until it has been measured.
    pub prompt_tokens: Vec<f64>,
    /// What is made of the baseline; an empty recipe is the baseline once more.
    pub recipes: Vec<Recipe>,
    /// Chunks of text that each of them reads for quality; 0: it is not measured,
    /// and prompts are not answered for it.
    pub quality_chunks: u32,
}

impl From<&RunSpec> for Workload {
    fn from(spec: &RunSpec) -> Self {
        let rough = |prompt: &Prompt| prompt.rough_tokens() as f64;
        Self {
            iterations: spec.settings.iterations,
            warm_ups: spec.settings.warm_ups,
            max_tokens: spec.settings.max_tokens,
            prompt_tokens: spec.prompts.iter().map(rough).collect(),
            recipes: spec.recipes.clone(),
            quality_chunks: spec.quality.as_ref().map_or(0, |quality| quality.n_chunks),
        }
    }
}

impl Workload {
    /// Models that are measured in turns: the baseline and its variants.
    fn arms(&self) -> f64 {
        1.0 + self.recipes.len() as f64
    }
}

/// Importance matrices that making these takes: one for all that are quantized from
/// the same file, which is the baseline or what was pruned of it.
pub fn matrices(recipes: &[Recipe]) -> usize {
    let files = recipes.iter().filter(|recipe| recipe.takes_imatrix());
    files
        .map(|recipe| recipe.prune)
        .collect::<HashSet<_>>()
        .len()
}

/// What is known of a model's speed on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SpeedBasis {
    /// Loading, s.
    pub load_s: f64,
    /// Prefill speed, tokens/s.
    pub prompt_tokens_per_second: f64,
    /// Decode speed, tokens/s.
    pub tokens_per_second: f64,
    /// Whether it was measured on this model, or guessed from its size.
    pub measured: bool,
}

impl SpeedBasis {
    /// A guess from the size alone, for a model never measured here: decoding
    /// reads every weight once a token, at 10 GB/s on a plain desktop.
    pub fn guess(size_bytes: u64) -> Self {
        let size = (size_bytes as f64).max(1e6);
        let tokens_per_second = 10e9 / size;
        Self {
            load_s: size / 1e9,
            prompt_tokens_per_second: tokens_per_second * 5.0,
            tokens_per_second,
            measured: false,
        }
    }

    /// Seconds of the run that `spec` asks for.
    pub fn spec_seconds(&self, spec: &RunSpec) -> f64 {
        self.run_seconds(&Workload::from(spec))
    }

    /// Seconds of a whole run, variants as fast as their baseline: they are
    /// faster as a rule.
    pub fn run_seconds(&self, work: &Workload) -> f64 {
        let launches = f64::from(work.iterations) * work.arms();
        let making = work
            .recipes
            .iter()
            .map(|recipe| self.making_seconds(recipe));
        let making: f64 = making.sum();
        let imatrices = matrices(&work.recipes) as f64 * self.imatrix_seconds();
        let measuring = launches * self.launch_seconds(work);
        imatrices + making + measuring + self.quality_seconds(work)
    }

    /// Seconds in which an importance matrix is collected, where it is not kept
    /// from an earlier time.
    pub fn imatrix_seconds(&self) -> f64 {
        let tokens = f64::from(IMATRIX_CHUNKS) * f64::from(CHUNK_TOKENS);
        self.load_s + IMATRIX_PREFILLS * self.prompt_seconds(tokens)
    }

    /// Seconds in which a variant is made where it is not there yet, without an
    /// importance matrix: quantizing reads its baseline once and computes every
    /// weight anew.
    pub fn making_seconds(&self, recipe: &Recipe) -> f64 {
        let quantizing = recipe
            .quantize
            .map_or(0.0, |_| QUANTIZING_LOADS * self.load_s);
        let pruning = recipe
            .prune
            .map_or(0.0, |prune| self.pruning_seconds(prune));
        // What is pruned and quantized is checked after either.
        let is_both = recipe.prune.is_some() && recipe.quantize.is_some();
        let again = if is_both { self.check_seconds() } else { 0.0 };
        pruning + quantizing + again
    }

    fn pruning_seconds(&self, prune: Prune) -> f64 {
        let searched = match prune.method {
            PruningMethod::Width => 0.0,
            PruningMethod::Depth | PruningMethod::Auto => {
                SEARCH_PREFILLS * f64::from(prune.search_chunks())
            }
        };
        let chunks = searched + WIDTH_PREFILLS * f64::from(prune.calibration_chunks());
        let reading = self.prompt_seconds(chunks * f64::from(CHUNK_TOKENS));
        self.load_s + reading + self.check_seconds()
    }

    /// Seconds in which a pruned file and its baseline read the text of its check.
    pub fn check_seconds(&self) -> f64 {
        let tokens = f64::from(CHECK_CHUNKS) * f64::from(CHUNK_TOKENS);
        2.0 * (self.load_s + QUALITY_PREFILLS * self.prompt_seconds(tokens))
    }

    /// Seconds in which all arms read the text for quality and answer the prompts.
    pub fn quality_seconds(&self, work: &Workload) -> f64 {
        self.scoring_seconds(work) + self.answering_seconds(work)
    }

    /// Seconds in which all arms answer the prompts once more, side by side.
    pub fn answering_seconds(&self, work: &Workload) -> f64 {
        if work.quality_chunks == 0 {
            return 0.0;
        }
        let prompts = work.prompt_tokens.iter().map(|n| self.prompt_seconds(*n));
        let answers = f64::from(work.max_tokens) * work.prompt_tokens.len() as f64;
        let one = prompts.sum::<f64>() + answers / self.tokens_per_second;
        work.arms() * one
    }

    /// Seconds in which all arms read the text.
    pub fn scoring_seconds(&self, work: &Workload) -> f64 {
        let tokens = f64::from(work.quality_chunks) * f64::from(CHUNK_TOKENS);
        work.arms() * QUALITY_PREFILLS * self.prompt_seconds(tokens)
    }

    /// Seconds of one launch: load, warm-ups, prefill, every prompt.
    pub fn launch_seconds(&self, work: &Workload) -> f64 {
        self.start_seconds()
            + f64::from(work.warm_ups) * self.warm_up_seconds(work)
            + self.prefill_seconds()
            + self.requests_seconds(work, 0)
    }

    /// Seconds until a fresh worker has loaded the model.
    pub fn start_seconds(&self) -> f64 {
        self.load_s + LAUNCH_OVERHEAD_S
    }

    /// Seconds of one warm-up: a prefill, and the first prompt in short.
    pub fn warm_up_seconds(&self, work: &Workload) -> f64 {
        let first = work.prompt_tokens.first().copied().unwrap_or(0.0);
        self.prompt_seconds(f64::from(PREFILL_TOKENS))
            + self.prompt_seconds(first)
            + self.decode_seconds(WARM_UP_TOKENS.min(work.max_tokens))
    }

    /// Seconds of the measured standard prefill.
    pub fn prefill_seconds(&self) -> f64 {
        SETTLE_S + self.prompt_seconds(f64::from(PREFILL_TOKENS))
    }

    /// Seconds of the requests of a launch after the first `n_done`.
    pub fn requests_seconds(&self, work: &Workload, n_done: usize) -> f64 {
        let left = work.prompt_tokens.iter().skip(n_done);
        left.map(|tokens| self.request_seconds(work, *tokens)).sum()
    }

    /// Seconds of one request to a prompt of so many tokens.
    pub fn request_seconds(&self, work: &Workload, prompt_tokens: f64) -> f64 {
        SETTLE_S + self.prompt_seconds(prompt_tokens) + self.decode_seconds(work.max_tokens)
    }

    /// Seconds in which so many tokens are generated.
    pub fn decode_seconds(&self, n_tokens: u32) -> f64 {
        f64::from(n_tokens) / self.tokens_per_second
    }

    fn prompt_seconds(&self, n_tokens: f64) -> f64 {
        n_tokens / self.prompt_tokens_per_second
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::quantization::QuantizationType;
    use crate::domain::run::RunRequest;

    const BASIS: SpeedBasis = SpeedBasis {
        load_s: 1.0,
        prompt_tokens_per_second: 512.0,
        tokens_per_second: 64.0,
        measured: true,
    };

    fn seconds(request: RunRequest) -> f64 {
        let spec = RunSpec::try_from(request).expect("a run");
        BASIS.spec_seconds(&spec)
    }

    fn of(prompt: &str, max_tokens: i64, warm_ups: i64) -> RunRequest {
        RunRequest {
            test_queries: Some(vec![prompt.into()]),
            iterations: Some(2),
            max_tokens: Some(max_tokens),
            warm_ups: Some(warm_ups),
            ..RunRequest::default()
        }
    }

    #[test]
    fn every_part_of_a_launch_counts() {
        // 2 launches: load 1, start 0.3, prefill 0.05 + 1, request 0.05 + 4
        // characters at 1/512 + 128 tokens at 1/64.
        let bare = 2.0 * (1.0 + 0.3 + 1.05 + 0.05 + 1.0 / 512.0 + 2.0);
        assert!((seconds(of("four", 128, 0)) - bare).abs() < 1e-9);
    }

    #[test]
    fn each_warm_up_counts() {
        // A prefill, the prompt, and 16 tokens or as many as are asked for.
        let one = 1.0 + 1.0 / 512.0 + 0.25;
        let more = seconds(of("four", 128, 10)) - seconds(of("four", 128, 0));
        assert!((more - 2.0 * 10.0 * one).abs() < 1e-9);
        let short = seconds(of("four", 4, 1)) - seconds(of("four", 4, 0));
        assert!((short - 2.0 * (one - 12.0 / 64.0)).abs() < 1e-9);
    }

    #[test]
    fn every_arm_counts_and_so_does_quality() {
        let of = |levels: usize, quality: bool| {
            let levels = &crate::domain::quantization::QuantizationType::ALL[..levels];
            let recipes = levels.iter().copied().map(Recipe::quantized);
            seconds(RunRequest {
                recipes: Some(recipes.collect()),
                quality: Some(quality),
                quality_chunks: Some(10),
                ..of("four", 128, 1)
            })
        };
        let (one, two) = (of(0, false), of(1, false));
        assert!(
            (two - (2.0 * one + 5.0)).abs() < 1e-9,
            "a variant is made in 5 s"
        );
        // 10 chunks of 512 tokens at 512 tokens/s, two arms, half as much again;
        // and for each arm an answer: 4 characters, 128 tokens at 64 tokens/s.
        let answers = 2.0 * (1.0 / 512.0 + 2.0);
        assert!((of(1, true) - two - 30.0 - answers).abs() < 1e-9);
    }

    #[test]
    fn an_importance_matrix_counts_once() {
        let levels = |levels: &[QuantizationType]| {
            let recipes = levels.iter().copied().map(Recipe::quantized);
            seconds(RunRequest {
                recipes: Some(recipes.collect()),
                ..of("four", 128, 0)
            })
        };
        use QuantizationType::{IQ2_S, IQ2_XS, Q4_0, Q8_0};
        // Loading, and 40 chunks of 512 tokens at 512 tokens/s, half as much again.
        let one = levels(&[IQ2_S, Q8_0]) - levels(&[Q4_0, Q8_0]);
        assert!((one - 61.0).abs() < 1e-9, "{one}");
        let two = levels(&[IQ2_S, IQ2_XS]) - levels(&[Q4_0, Q8_0]);
        assert!((two - 61.0).abs() < 1e-9, "{two}");
    }

    #[test]
    fn pruning_reads_its_text_and_is_checked() {
        let seconds =
            |json: &str| BASIS.making_seconds(&serde_json::from_str(json).expect("a recipe"));
        // 24 chunks of 512 tokens at 512 tokens/s four times, a load; two loads and
        // 10 chunks one and a half times for each of two models.
        let width = 96.0 + 1.0 + 2.0 * (1.0 + 15.0);
        let found = seconds(r#"{"prune": {"ratio": 0.3}}"#);
        assert!((found - width).abs() < 1e-9, "{found}");
        let both = seconds(r#"{"prune": {"ratio": 0.3}, "quantize": {"level": "q4_0"}}"#);
        assert!((both - (width + 5.0 + 32.0)).abs() < 1e-9, "{both}");
        assert!(seconds(r#"{"prune": {"ratio": 0.3, "method": "depth"}}"#) > width);
        assert!(seconds(r#"{"prune": {"ratio": 0.3, "quick": true}}"#) < width);
        assert!(seconds("{}").abs() < 1e-9, "the baseline is there");
    }

    #[test]
    fn a_long_prompt_takes_its_time() {
        // 4,096 characters more are about 1,024 tokens: 2 s a launch.
        let long = seconds(of(&"word".repeat(1025), 1, 0));
        assert!((long - seconds(of("four", 1, 0)) - 4.0).abs() < 1e-9);
    }
}
