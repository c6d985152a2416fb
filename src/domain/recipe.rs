//! What is done to a base model to make a variant.

use serde::{Deserialize, Serialize};

use super::pruning::{Prune, PruningMethod};
use super::quantization::QuantizationType;

/// What is done to a base model: prune, then quantize. The empty recipe is the
/// baseline: the file as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
// Asked for, a field may be left out; answered, it is there: two schemas, which
// cannot have one name.
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Prune it first; none: it keeps all its weights.
    #[serde(default)]
    pub prune: Option<Prune>,
    /// Quantize it; none: its weights keep their types.
    #[serde(default)]
    pub quantize: Option<Quantize>,
}

/// How to quantize.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(deny_unknown_fields)]
pub struct Quantize {
    /// To which type.
    pub level: QuantizationType,
    /// Whether errors count by an importance matrix, collected on the built-in
    /// calibration text.
    #[serde(default)]
    pub imatrix: bool,
}

impl Quantize {
    /// To `level`, with an importance matrix where the type needs one.
    pub fn to(level: QuantizationType) -> Self {
        Self {
            level,
            imatrix: level.needs_imatrix(),
        }
    }

    /// As people read it: `Q4_0`, `Q4_0 with imatrix`.
    fn label(&self) -> String {
        match self.imatrix {
            false => self.level.name().to_owned(),
            true => format!("{} with imatrix", self.level.name()),
        }
    }

    fn suffix(&self) -> String {
        match self.imatrix {
            false => self.level.level(),
            true => format!("{}-imatrix", self.level.level()),
        }
    }
}

impl Recipe {
    /// Quantizes to `level`, with an importance matrix where the type needs one.
    pub fn quantized(level: QuantizationType) -> Self {
        Self {
            quantize: Some(Quantize::to(level)),
            ..Self::default()
        }
    }

    /// Prunes, and does nothing else.
    pub fn pruned(prune: Prune) -> Self {
        Self {
            prune: Some(prune),
            quantize: None,
        }
    }

    /// Whether nothing is done.
    pub fn is_baseline(&self) -> bool {
        *self == Self::default()
    }

    /// Whether making it takes an importance matrix.
    pub fn takes_imatrix(&self) -> bool {
        self.quantize.is_some_and(|quantize| quantize.imatrix)
    }

    /// What is put behind the base model's name in files and ids: `q4_0`,
    /// `pruned-30`, `depth-pruned-30-q4_0`; none for the baseline.
    pub fn suffix(&self) -> Option<String> {
        self.suffix_with("")
    }

    /// The same as the HTTP interface names what it made: `pruned-30%`.
    pub fn name_suffix(&self) -> Option<String> {
        self.suffix_with("%")
    }

    fn suffix_with(&self, sign: &str) -> Option<String> {
        let pruned = self.prune.map(|prune| {
            let how = match prune.method {
                PruningMethod::Width => String::new(),
                other => format!("{other}-"),
            };
            let upcast = if prune.upcast { "-upcast" } else { "" };
            let quick = if prune.quick { "-quick" } else { "" };
            let most = prune.loss_budget.map_or("", |_| "max-");
            let budget = prune
                .loss_budget
                .map(|budget| format!("-loss-{}", budget.ratio()));
            format!(
                "{how}pruned-{most}{}{sign}{upcast}{quick}{}",
                prune.ratio.percent(),
                budget.unwrap_or_default()
            )
        });
        let parts = [pruned, self.quantize.map(|quantize| quantize.suffix())];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join("-"))
    }

    /// As people read it: `Q4_0`, `pruned 30 %`, `pruned 30 % by depth, then
    /// Q4_0`, `baseline`.
    pub fn label(&self) -> String {
        self.label_with(self.prune.map(|prune| prune.label()))
    }

    /// What was done where this share of the blocks' weights is gone.
    pub fn done(&self, achieved_pruning_ratio: f64) -> String {
        let done = |prune: Prune| prune.done(achieved_pruning_ratio);
        self.label_with(self.prune.map(done))
    }

    fn label_with(&self, pruned: Option<String>) -> String {
        match (pruned, self.quantize) {
            (None, None) => "baseline".to_owned(),
            (None, Some(quantize)) => quantize.label(),
            (Some(pruned), None) => pruned,
            (Some(pruned), Some(quantize)) => format!("{pruned}, then {}", quantize.label()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_is_named_by_what_it_does_in_its_order() {
        let recipe = |json: &str| serde_json::from_str::<Recipe>(json).expect("a recipe");
        let q4_0 = r#""quantize": {"level": "q4_0"}"#;
        for (json, suffix, name, label) in [
            (format!("{{{q4_0}}}"), "q4_0", "q4_0", "Q4_0"),
            (
                r#"{"prune": {"ratio": 0.3}}"#.to_owned(),
                "pruned-30",
                "pruned-30%",
                "pruned 30 %",
            ),
            (
                r#"{"prune": {"ratio": 0.125, "method": "depth"}}"#.to_owned(),
                "depth-pruned-12.5",
                "depth-pruned-12.5%",
                "pruned 12.5 % by depth",
            ),
            (
                r#"{"prune": {"ratio": 0.2, "method": "depth", "quick": true, "loss_budget": 1.5}}"#
                    .to_owned(),
                "depth-pruned-max-20-quick-loss-1.5",
                "depth-pruned-max-20%-quick-loss-1.5",
                "pruned at most 20 % by depth (quick; loss up to × 1.5)",
            ),
            (
                format!(r#"{{"prune": {{"ratio": 0.3, "upcast": true}}, {q4_0}}}"#),
                "pruned-30-upcast-q4_0",
                "pruned-30%-upcast-q4_0",
                "pruned 30 % (from an F16 upcast), then Q4_0",
            ),
            (
                format!(r#"{{"prune": {{"ratio": 0.3}}, {q4_0}}}"#),
                "pruned-30-q4_0",
                "pruned-30%-q4_0",
                "pruned 30 %, then Q4_0",
            ),
        ] {
            let recipe = recipe(&json);
            assert_eq!(recipe.suffix().as_deref(), Some(suffix));
            assert_eq!(recipe.name_suffix().as_deref(), Some(name));
            assert_eq!(recipe.label(), label);
            assert!(!recipe.is_baseline());
        }
        assert_eq!(recipe("{}").suffix(), None);
    }
}
