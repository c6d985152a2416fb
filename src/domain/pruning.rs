//! What pruning is asked for, and what it did.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::loss_budget::LossBudget;
use super::not_refitted::NotRefitted;
use super::quality::{AnswerComparison, CHUNKS_QUICK};
use super::units;

/// Chunks of the calibration text, of 512 tokens, that pruning reads by default up to
/// a ratio of 30 %.
pub const CALIBRATION_CHUNKS: u32 = 24;
/// Chunks that it reads more for each percent beyond: what stays has more to say for
/// what is gone, and more of the text to learn it from.
const MORE_CHUNKS_A_PERCENT: f64 = 1.2;
/// Chunks that it reads where it is to be quick.
pub const CALIBRATION_CHUNKS_QUICK: u32 = 10;
/// Chunks that a search for blocks reads again and again.
pub const SEARCH_CHUNKS: u32 = 8;
/// Chunks that it reads where it is to be quick.
pub const SEARCH_CHUNKS_QUICK: u32 = 4;
/// Chunks of the evaluation text that a pruned file is checked on.
pub const CHECK_CHUNKS: u32 = CHUNKS_QUICK;

/// How to prune. The order of a recipe is fixed: prune, then quantize, because
/// what is measured and repaired while pruning needs the exact weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(deny_unknown_fields)]
pub struct Prune {
    /// What is removed, and how it is chosen.
    #[serde(default)]
    pub method: PruningMethod,
    /// How much: the share of the blocks' matrix weights, 0.1 to 0.5. By width and
    /// auto it is met within a point; by depth, which removes whole blocks, within two
    /// and a half.
    #[cfg_attr(test, schemars(range(min = 0.1, max = 0.5)))]
    pub ratio: PruningRatio,
    /// Whether less of the calibration text is read: it is done sooner, and loses
    /// more.
    #[serde(default)]
    pub quick: bool,
    /// By depth: blocks are removed until the next would lose more than this;
    /// none: until the ratio is reached.
    #[serde(default)]
    #[cfg_attr(test, schemars(range(min = 1.01, max = 10.0)))]
    pub loss_budget: Option<LossBudget>,
}

impl Prune {
    /// As usual: not quick, whatever is lost.
    pub fn new(method: PruningMethod, ratio: PruningRatio) -> Self {
        Self {
            method,
            ratio,
            quick: false,
            loss_budget: None,
        }
    }

    /// What is asked for, as people read it: `pruned 30 %`, `pruned at most 30 % by
    /// depth (quick; loss up to × 1.5)`.
    pub fn label(&self) -> String {
        let ratio = match self.loss_budget {
            None => self.ratio.to_string(),
            Some(_) => format!("at most {}", self.ratio),
        };
        format!("pruned {ratio}{}{}", self.how(), self.options())
    }

    /// What was done where this share of the weights is gone: `pruned 26.7 % by depth`.
    pub fn done(&self, achieved: f64) -> String {
        self.done_in_short(achieved) + &self.options()
    }

    /// The same without options.
    pub fn done_in_short(&self, achieved: f64) -> String {
        // Within a point it is what was asked for.
        let ratio = match (achieved - self.ratio.share()).abs() <= 0.01 + 1e-9 {
            true => self.ratio.to_string(),
            false => format!("{} %", (achieved * 1e3).round() / 10.0),
        };
        format!("pruned {ratio}{}", self.how())
    }

    /// Whether it can stop where a budget says so, or has none.
    pub fn keeps_to_its_budget(&self) -> bool {
        self.loss_budget.is_none() || self.method == PruningMethod::Depth
    }

    fn how(&self) -> &'static str {
        match self.method {
            PruningMethod::Width => "",
            PruningMethod::Depth => " by depth",
            PruningMethod::Auto => " in width and depth",
        }
    }

    fn options(&self) -> String {
        let quick = self.quick.then(|| "quick".to_owned());
        let budget = self
            .loss_budget
            .map(|budget| format!("loss up to {budget}"));
        let options: Vec<String> = [quick, budget].into_iter().flatten().collect();
        match options.is_empty() {
            true => String::new(),
            false => format!(" ({})", options.join("; ")),
        }
    }

    /// Chunks of it that a search for blocks reads again and again.
    pub fn search_chunks(&self) -> u32 {
        match self.quick {
            true => SEARCH_CHUNKS_QUICK,
            false => SEARCH_CHUNKS,
        }
    }

    /// Chunks of the calibration text that are read.
    pub fn calibration_chunks(&self) -> u32 {
        match self.quick {
            true => CALIBRATION_CHUNKS_QUICK,
            false => {
                let beyond = (self.ratio.share() * 100.0 - 30.0).max(0.0);
                CALIBRATION_CHUNKS + (beyond * MORE_CHUNKS_A_PERCENT).round() as u32
            }
        }
    }
}

/// What is removed, and how it is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "snake_case")]
pub enum PruningMethod {
    /// Neurons of every feed-forward network, by the optimal brain surgeon's
    /// score; what remains is refitted.
    #[default]
    Width,
    /// Whole blocks, greedily by measured loss.
    Depth,
    /// Both kinds, where they cost the least loss per parameter.
    Auto,
}

/// The share of the transformer blocks' matrix weights to remove (embeddings,
/// norms and output head excluded): 0.1 to 0.5, in ten-thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(try_from = "f64", into = "f64")]
pub struct PruningRatio(u16);

/// Why a number is no ratio.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "the pruning ratio {0} is not possible; it is the share of the blocks' weights to remove, 0.1 to 0.5"
)]
pub struct BadRatio(pub f64);

/// A word that is no method.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no pruning method; the methods are width, depth and auto")]
pub struct UnknownMethod(pub String);

impl PruningRatio {
    /// What is asked for where nothing is said, and what guides' claims are made
    /// for.
    pub const USUAL: Self = Self(3_000);
    /// The steps of a choice by hand, %.
    pub const STEP_PERCENT: u16 = 5;
    /// The smallest and the largest.
    pub const RANGE: std::ops::RangeInclusive<f64> = 0.1..=0.5;

    /// As a share, 0.1 to 0.5.
    pub fn share(self) -> f64 {
        f64::from(self.0) / 1e4
    }

    /// As a percentage, 10 to 50.
    pub fn percent(self) -> f64 {
        f64::from(self.0) / 1e2
    }
}

impl TryFrom<f64> for PruningRatio {
    type Error = BadRatio;

    fn try_from(share: f64) -> Result<Self, BadRatio> {
        match Self::RANGE.contains(&share) {
            true => Ok(Self((share * 1e4).round() as u16)),
            false => Err(BadRatio(share)),
        }
    }
}

impl From<PruningRatio> for f64 {
    fn from(ratio: PruningRatio) -> Self {
        ratio.share()
    }
}

impl fmt::Display for PruningRatio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.percent())
    }
}

impl PruningMethod {
    /// All of them, the default first.
    pub const ALL: [Self; 3] = [Self::Width, Self::Depth, Self::Auto];

    /// As requests write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Width => "width",
            Self::Depth => "depth",
            Self::Auto => "auto",
        }
    }
}

impl FromStr for PruningMethod {
    type Err = UnknownMethod;

    fn from_str(word: &str) -> Result<Self, UnknownMethod> {
        let named = |method: &Self| method.word() == word;
        let found = Self::ALL.into_iter().find(named);
        found.ok_or_else(|| UnknownMethod(word.to_owned()))
    }
}

impl fmt::Display for PruningMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What pruning a model would remove.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PruningForecast {
    /// The share of the blocks' matrix weights that would be gone, 0 to 1.
    pub achieved_pruning_ratio: f64,
    /// Parameters of the whole file, before.
    pub params_before: u64,
    /// Parameters of the whole file, after.
    pub params_after: u64,
    /// Bytes of the whole file, before.
    pub bytes_before: u64,
    /// Bytes of the whole file, after pruning and before quantizing.
    pub bytes_after: u64,
    /// Blocks, before.
    pub n_blocks_before: u32,
    /// Blocks, after.
    pub n_blocks_after: u32,
    /// Feed-forward neurons of a block, before.
    pub n_ff_before: u32,
    /// Feed-forward neurons of a block, after.
    pub n_ff_after: u32,
    /// Whether that is settled; not where a measurement decides between several
    /// ways: these are the figures of one of them.
    pub is_settled: bool,
    /// Bytes of memory that choosing takes at its peak.
    pub memory_bytes: u64,
}

/// What pruning a model removed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PruningCut {
    /// The share of the blocks' matrix weights that is gone, 0 to 1.
    pub achieved_pruning_ratio: f64,
    /// Matrix weights of the blocks, before.
    pub block_weights_before: u64,
    /// Matrix weights of the blocks, after.
    pub block_weights_after: u64,
    /// Parameters of the whole file, before.
    pub params_before: u64,
    /// Parameters of the whole file, after.
    pub params_after: u64,
    /// Bytes of the whole file, before.
    pub bytes_before: u64,
    /// Bytes of the whole file, after pruning and before quantizing.
    pub bytes_after: u64,
    /// What became of every block of the base, in its order.
    pub layers: Vec<LayerCut>,
    /// Tokens of calibration text that it was chosen by.
    pub calibration_tokens: u32,
    /// The curve of a search, one point for each step; empty where none was made.
    pub curve: Vec<CurvePoint>,
    /// The blocks, by their places in the base, whose neurons the calibration text
    /// did not tell apart: what stays was refitted with a larger ridge than usual.
    #[serde(default)]
    pub singular_layers: Vec<u32>,
    /// Why what stays was not refitted to take over what is gone; null: it was.
    #[serde(default)]
    pub not_refitted: Option<NotRefitted>,
    /// How long it took, s.
    pub prune_s: f64,
}

impl PruningCut {
    /// The share of the whole file's bytes that is gone, 0 to 1; before quantizing.
    pub fn file_share(&self) -> f64 {
        1.0 - self.bytes_after as f64 / self.bytes_before.max(1) as f64
    }

    /// What went where, in a sentence.
    pub fn layers_in_words(&self) -> String {
        let gone: Vec<String> = self
            .layers
            .iter()
            .filter(|cut| cut.weights_after == 0)
            .map(|cut| cut.layer.to_string())
            .collect();
        let narrowed = || self.layers.iter().filter(|cut| cut.is_narrowed());
        let blocks = match gone.as_slice() {
            [] => None,
            [one] => Some(format!("block {one} of {} is gone", self.layers.len())),
            gone => Some(format!(
                "blocks {} of {} are gone",
                gone.join(", "),
                self.layers.len()
            )),
        };
        let first = narrowed().next();
        let neurons = first.map(|first| {
            let is_uniform = narrowed().all(|cut| cut.n_ff_after == first.n_ff_after);
            let (before, after) = (first.n_ff_before.into(), first.n_ff_after.into());
            let (before, after) = (units::count(before), units::count(after));
            match is_uniform {
                true => format!("{after} of {before} neurons are left in each block that stays"),
                false => format!("of {before} neurons, as many are left as each block can spare"),
            }
        });
        let parts: Vec<String> = [blocks, neurons].into_iter().flatten().collect();
        match parts.is_empty() {
            true => "nothing is gone".to_owned(),
            false => parts.join("; "),
        }
    }

    /// What its owner should know of how it was chosen, if there is something.
    pub fn caution(&self) -> Option<String> {
        let layers: Vec<String> = self.singular_layers.iter().map(u32::to_string).collect();
        let (blocks, their) = match layers.as_slice() {
            [] => return None,
            [one] => (format!("block {one}"), "its"),
            several => (format!("blocks {}", several.join(", ")), "their"),
        };
        Some(format!(
            "The calibration text does not tell all neurons of {blocks} apart (its second moments are \
             singular): {their} weights were refitted more timidly than usual."
        ))
    }
}

/// What pruning a model removed, and what that cost on text that it was not
/// chosen by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PruningReport {
    /// What is gone.
    pub cut: PruningCut,
    /// The check of the written file.
    pub check: PruningCheck,
}

/// What became of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LayerCut {
    /// Its place in the base, from 0.
    pub layer: u32,
    /// Its matrix weights, before.
    pub weights_before: u64,
    /// Its matrix weights, after; 0: the block is gone.
    pub weights_after: u64,
    /// Its feed-forward neurons, before.
    pub n_ff_before: u32,
    /// Its feed-forward neurons, after.
    pub n_ff_after: u32,
}

impl LayerCut {
    /// The share of its matrix weights that is gone, 0 to 1.
    pub fn removed_share(&self) -> f64 {
        1.0 - self.weights_after as f64 / self.weights_before.max(1) as f64
    }

    /// Whether it stays with fewer neurons.
    pub fn is_narrowed(&self) -> bool {
        self.weights_after > 0 && self.n_ff_after < self.n_ff_before
    }
}

/// The model after a step of a search.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CurvePoint {
    /// The block that this step removed, its place in the base; none: nothing yet.
    pub removed_layer: Option<u32>,
    /// The share of the blocks' matrix weights that is gone, 0 to 1.
    pub removed_share: f64,
    /// Perplexity on the text that the search looks at.
    pub perplexity: f64,
}

/// Held-out text, read by the base and by what was made of it, and a prompt that
/// both answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PruningCheck {
    /// Chunks of 512 tokens of the evaluation text.
    pub n_chunks: u32,
    /// Perplexity of the base.
    pub base_perplexity: f64,
    /// Perplexity of the pruned model.
    pub perplexity: f64,
    /// The beginnings of both answers to the first default prompt; null: an older
    /// version did not keep them.
    #[serde(default)]
    pub answer: Option<AnswerComparison>,
}

impl PruningCheck {
    /// From this ratio of perplexities on, a model is said to be broken: its
    /// probability of the right token has fallen to a tenth.
    pub const BROKEN_FROM: f64 = 10.0;

    /// Perplexity over the base's.
    pub fn ratio(&self) -> f64 {
        self.perplexity / self.base_perplexity
    }

    /// What is said of a model that is broken.
    pub const BROKEN: &str = "this model no longer answers sensibly";

    /// Whether it says nothing where its base says something.
    pub fn is_silent(&self) -> bool {
        self.answer
            .as_ref()
            .is_some_and(AnswerComparison::is_silent)
    }

    /// Whether the model no longer answers sensibly.
    pub fn is_broken(&self) -> bool {
        let ratio = self.ratio();
        ratio.is_nan() || ratio >= Self::BROKEN_FROM || self.is_silent()
    }
}

/// How far pruning has come. What takes long says the same again: a process that
/// says nothing for long counts as hung.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum PruningProgress {
    /// The calibration text goes through this layer, which is then cut.
    Layer {
        /// From 1.
        layer: u32,
        /// In all.
        n_layers: u32,
    },
    /// Before a search, all blocks are loaded and the text goes through them.
    Whole {
        /// Blocks done, either way.
        done: u32,
        /// In all.
        of: u32,
    },
    /// Mixtures of blocks and neurons are rebuilt in short and compared.
    Trial {
        /// Compared.
        done: u32,
        /// In all, at most.
        of: u32,
    },
    /// A search tries what a removal costs.
    Search {
        /// Tries done.
        done: u32,
        /// In all, as far as is known.
        of: u32,
        /// Where the search stands.
        point: CurvePoint,
    },
    /// Tensors are being written.
    Write {
        /// Tensors done.
        tensor: u32,
        /// In all.
        n_tensors: u32,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_between_a_tenth_and_a_half() {
        for (share, words) in [
            (0.1, "10 %"),
            (0.25, "25 %"),
            (0.333, "33.3 %"),
            (0.5, "50 %"),
        ] {
            let ratio = PruningRatio::try_from(share).expect("a ratio");
            assert_eq!((ratio.share(), ratio.to_string().as_str()), (share, words));
        }
        for share in [0.0, 0.0999, 0.5001, -0.3, f64::NAN, f64::INFINITY] {
            assert!(PruningRatio::try_from(share).is_err(), "{share}");
        }
        assert!(serde_json::from_str::<Prune>(r#"{"ratio": 0.6}"#).is_err());
        let width = serde_json::from_str::<Prune>(r#"{"ratio": 0.3}"#).expect("valid");
        let ratio = PruningRatio::try_from(0.3).expect("a ratio");
        assert_eq!(width, Prune::new(PruningMethod::Width, ratio));
    }

    #[test]
    fn what_was_done_is_told_from_what_was_asked_for() {
        let ratio = PruningRatio::try_from(0.25).expect("a ratio");
        let depth = Prune::new(PruningMethod::Depth, ratio);
        assert_eq!(depth.label(), "pruned 25 % by depth");
        // 8 of 30 blocks.
        assert_eq!(depth.done(8.0 / 30.0), "pruned 26.7 % by depth");
        assert_eq!(depth.done(0.258), "pruned 25 % by depth", "within a point");
        let bounded = Prune {
            loss_budget: Some(LossBudget::try_from(1.5).expect("a budget")),
            ..depth
        };
        assert_eq!(
            bounded.label(),
            "pruned at most 25 % by depth (loss up to × 1.5)"
        );
        assert_eq!(bounded.done(0.1), "pruned 10 % by depth (loss up to × 1.5)");
    }

    #[test]
    fn what_was_not_told_apart_is_said() {
        let cut = |singular_layers| PruningCut {
            achieved_pruning_ratio: 0.3,
            block_weights_before: 10,
            block_weights_after: 7,
            params_before: 10,
            params_after: 7,
            bytes_before: 20,
            bytes_after: 14,
            layers: Vec::new(),
            calibration_tokens: 512,
            curve: Vec::new(),
            singular_layers,
            not_refitted: None,
            prune_s: 1.0,
        };
        assert_eq!(cut(Vec::new()).caution(), None);
        let caution = |layers| cut(layers).caution().unwrap_or_default();
        assert!(caution(vec![3]).contains("of block 3 apart"));
        assert!(caution(vec![3, 4]).contains("of blocks 3, 4 apart"));
    }

    #[test]
    fn methods_are_read_as_they_are_written() {
        for method in PruningMethod::ALL {
            assert_eq!(method.to_string().parse(), Ok(method));
        }
        assert!("wide".parse::<PruningMethod>().is_err());
    }

    #[test]
    fn what_went_where_is_said() {
        let layer = |layer, weights_after, n_ff_after| LayerCut {
            layer,
            weights_before: 100,
            weights_after,
            n_ff_before: 1536,
            n_ff_after,
        };
        let said = |layers: Vec<LayerCut>| {
            let cut = PruningCut {
                achieved_pruning_ratio: 0.3,
                block_weights_before: 200,
                block_weights_after: 140,
                params_before: 300,
                params_after: 240,
                bytes_before: 600,
                bytes_after: 480,
                layers,
                calibration_tokens: 20_480,
                curve: Vec::new(),
                singular_layers: Vec::new(),
                not_refitted: None,
                prune_s: 1.0,
            };
            assert!((cut.file_share() - 0.2).abs() < 1e-9);
            cut.layers_in_words()
        };
        assert_eq!(
            said(vec![layer(0, 70, 1024), layer(1, 70, 1024)]),
            "1,024 of 1,536 neurons are left in each block that stays"
        );
        assert_eq!(
            said(vec![layer(0, 100, 1536), layer(1, 0, 0)]),
            "block 1 of 2 is gone"
        );
        let both = said(vec![layer(0, 70, 1024), layer(1, 0, 0), layer(2, 60, 900)]);
        assert!(both.contains("is gone; of 1,536 neurons"), "{both}");
        assert!((layer(0, 70, 0).removed_share() - 0.3).abs() < 1e-9);
    }

    #[test]
    fn a_model_without_a_sensible_figure_is_broken() {
        let check = |perplexity| PruningCheck {
            n_chunks: 4,
            base_perplexity: 20.0,
            perplexity,
            answer: None,
        };
        assert!(!check(24.0).is_broken());
        assert!(check(200.0).is_broken());
        assert!(check(f64::NAN).is_broken() && check(f64::INFINITY).is_broken());
    }
}
