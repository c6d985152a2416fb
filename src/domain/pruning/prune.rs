//! How to prune, and how that is said.

use serde::{Deserialize, Serialize};

use super::{PruningMethod, PruningRatio};
use crate::domain::loss_budget::LossBudget;
use crate::domain::quality::CHUNK_TOKENS;

/// Chunks of the calibration text, of 512 tokens, that pruning reads by default up to
/// a ratio of 30 %.
pub const CALIBRATION_CHUNKS: u32 = 24;
/// Chunks that it reads more for each percent beyond: what stays has more to say for
/// what is gone, and more of the text to learn it from.
const MORE_CHUNKS_A_PERCENT: f64 = 1.2;
/// Chunks that it reads where it is to be quick and blocks are searched for.
pub const CALIBRATION_CHUNKS_QUICK: u32 = 10;
/// The same by width: a multiple of 4, so that the chunks that are held out are whole ones.
/// Of the demo model (perplexity over its own on 10 chunks, at 10, 30 and 50 %) 8 leave
/// 1.16, 1.78 and 3.08, 10 left 1.15, 1.84 and 3.91, and 6 1.19, 1.86 and 3.53.
const WIDTH_CHUNKS_QUICK: u32 = 8;
/// Chunks that a search for blocks reads again and again.
pub const SEARCH_CHUNKS: u32 = 8;
/// Chunks that it reads where it is to be quick.
pub const SEARCH_CHUNKS_QUICK: u32 = 4;

/// How to prune. The order of a recipe is fixed: prune, then quantize, because
/// what is measured and repaired while pruning needs the exact weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(deny_unknown_fields)]
pub struct Prune {
    /// What is removed, and how it is chosen.
    #[serde(default)]
    pub method: PruningMethod,
    /// How much: the share of the blocks' matrix weights, 0.1 to 0.5. It is met within a
    /// point; with a loss budget, less may go.
    #[cfg_attr(test, schemars(range(min = 0.1, max = 0.5)))]
    pub ratio: PruningRatio,
    /// Whether less of the calibration text is read, and fewer blocks are tried: it is
    /// done sooner, and loses more.
    #[serde(default)]
    pub quick: bool,
    /// By depth: blocks are removed until the next would lose more than this;
    /// none: until the ratio is reached.
    #[serde(default)]
    #[cfg_attr(test, schemars(range(min = 1.01, max = 10.0)))]
    pub loss_budget: Option<LossBudget>,
    /// Whether a base that is quantized is written as F16 first, and pruned as that: its
    /// neurons go one by one then, and what stays is refitted. What quantizing lost stays
    /// lost. Of no other base; said only where it is so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub upcast: bool,
}

impl Prune {
    /// As usual: not quick, whatever is lost.
    pub fn new(method: PruningMethod, ratio: PruningRatio) -> Self {
        Self {
            method,
            ratio,
            quick: false,
            loss_budget: None,
            upcast: false,
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
        let upcast = self.upcast.then(|| "from an F16 upcast".to_owned());
        let quick = self.quick.then(|| "quick".to_owned());
        let budget = self
            .loss_budget
            .map(|budget| format!("loss up to {budget}"));
        let options: Vec<String> = [upcast, quick, budget].into_iter().flatten().collect();
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

    /// Tokens of it that are read there, at most.
    pub fn search_tokens(&self) -> u32 {
        self.search_chunks() * CHUNK_TOKENS
    }

    /// Chunks of the calibration text that are read.
    pub fn calibration_chunks(&self) -> u32 {
        match (self.quick, self.method) {
            (true, PruningMethod::Width) => WIDTH_CHUNKS_QUICK,
            (true, PruningMethod::Depth | PruningMethod::Auto) => CALIBRATION_CHUNKS_QUICK,
            (false, _) => {
                let beyond = (self.ratio.share() * 100.0 - 30.0).max(0.0);
                CALIBRATION_CHUNKS + (beyond * MORE_CHUNKS_A_PERCENT).round() as u32
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let upcast = Prune {
            upcast: true,
            quick: true,
            ..depth
        };
        assert_eq!(
            upcast.label(),
            "pruned 25 % by depth (from an F16 upcast; quick)"
        );
    }

    #[test]
    fn an_upcast_is_written_only_where_it_is_asked_for() {
        let old = r#"{"method":"width","ratio":0.3,"quick":false,"loss_budget":null}"#;
        let read: Prune = serde_json::from_str(old).expect("what older versions kept");
        assert!(!read.upcast);
        assert_eq!(serde_json::to_string(&read).expect("JSON"), old);
        let upcast = Prune {
            upcast: true,
            ..read
        };
        let written = serde_json::to_string(&upcast).expect("JSON");
        assert!(written.contains(r#""upcast":true"#), "{written}");
        let again: Prune = serde_json::from_str(&written).expect("JSON");
        assert_eq!(again, upcast);
    }
}
