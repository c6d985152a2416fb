//! What a pruned file says of itself: what was done, not what was asked for, and
//! to what.

use serde::{Deserialize, Serialize};

use super::pruning::Prune;

/// The model that is pruned, as what is made of it names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Its name. Untrusted, as all texts here.
    pub name: String,
    /// Its type, with how it came to be: `F16, upcast from Q4_1`.
    pub kind: String,
    /// SHA-256 of its file, in hexadecimal.
    pub sha256: String,
}

impl Origin {
    /// The new file's name as other programs show it, where this share of the blocks'
    /// weights is gone: not that of the whole model.
    pub fn name(&self, prune: Prune, achieved: f64) -> String {
        format!("{}, {}", self.name, prune.done(achieved))
    }

    /// Further texts by their keys. Their lengths do not depend on the achieved share
    /// as long as that is near to what was asked for: the file's size is known before.
    pub fn texts(&self, prune: Prune, achieved: f64) -> Vec<(String, String)> {
        let budget = prune.loss_budget.map(|budget| budget.ratio().to_string());
        let said = [
            // Options have keys of their own: what it was made from must not be cut off.
            (
                "provenance",
                format!("{} from {}", prune.done_in_short(achieved), self.kind),
            ),
            ("pruning.method", prune.method.to_string()),
            ("pruning.ratio", prune.ratio.share().to_string()),
            ("pruning.achieved_ratio", format!("{achieved:.4}")),
            ("pruning.quick", prune.quick.to_string()),
            (
                "pruning.loss_budget",
                budget.unwrap_or_else(|| "none".to_owned()),
            ),
            ("base.name", self.name.clone()),
            ("base.sha256", self.sha256.clone()),
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ];
        let key = |(key, text): (&str, String)| (format!("whittle.{key}"), text);
        said.into_iter().map(key).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::loss_budget::LossBudget;
    use crate::domain::pruning::{PruningMethod, PruningRatio};

    #[test]
    fn a_file_says_what_was_done_and_not_what_was_asked_for() {
        let origin = Origin {
            name: "Some model".to_owned(),
            kind: "F16".to_owned(),
            sha256: "ab".to_owned(),
        };
        let half = PruningRatio::try_from(0.5).expect("a ratio");
        let prune = Prune {
            quick: true,
            loss_budget: Some(LossBudget::try_from(1.5).expect("a budget")),
            ..Prune::new(PruningMethod::Depth, half)
        };
        assert_eq!(
            origin.name(prune, 0.1),
            "Some model, pruned 10 % by depth (quick; loss up to × 1.5)"
        );
        let texts = origin.texts(prune, 0.1);
        let text = |key: &str| {
            let found = texts.iter().find(|(other, _)| other == key);
            found.map(|(_, text)| text.as_str())
        };
        assert_eq!(
            text("whittle.provenance"),
            Some("pruned 10 % by depth from F16")
        );
        assert_eq!(text("whittle.pruning.ratio"), Some("0.5"));
        assert_eq!(text("whittle.pruning.achieved_ratio"), Some("0.1000"));
        assert_eq!(text("whittle.pruning.quick"), Some("true"));
        assert_eq!(text("whittle.pruning.loss_budget"), Some("1.5"));
    }
}
