//! What stands beside the bare figure of a change, so that noise is not taken for
//! a gain.

use serde::{Deserialize, Serialize};

use super::verdict::{Improvement, NoiseBand, Verdict};

/// What a change is worth, in percent as the improvement: positive is better.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Judgement {
    /// What it means: count only `better` and `worse`. `undecided` is not enough
    /// launches; null: it was not measured, or means nothing, as `reason` says.
    pub verdict: Option<Verdict>,
    /// The worse end of its 95 % interval; null where it is exact, where there is
    /// no verdict, and below two launches.
    pub low_percent: Option<f64>,
    /// The better end.
    pub high_percent: Option<f64>,
    /// Pairs of launches behind it, one of the model and one of the variant each; 0:
    /// it is exact and needs none. Null: there is no verdict.
    pub n_launches: Option<u32>,
    /// What a model shows against itself, which the interval must leave behind;
    /// null: it is exact, or there is no verdict.
    pub band: Option<NoiseBand>,
    /// Why there is no verdict; null: there is one.
    pub reason: Option<String>,
}

impl From<&Improvement> for Judgement {
    fn from(improvement: &Improvement) -> Self {
        let judged = improvement.judged();
        let not_judged = improvement.not_judged.as_deref();
        let reason = not_judged.or_else(|| improvement.change.reason());
        Self {
            verdict: judged.and(improvement.verdict),
            low_percent: judged.and_then(|change| change.low_percent),
            high_percent: judged.and_then(|change| change.high_percent),
            n_launches: judged.map(|change| change.n_launches),
            band: judged.and(improvement.band),
            reason: reason.map(str::to_owned),
        }
    }
}

impl Judgement {
    /// Whether the verdict rests on noise that was assumed and not measured.
    pub fn assumes_noise(&self) -> bool {
        self.band.is_some_and(|band| band.n_launches.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::compare::{Change, Quantity};
    use crate::domain::metrics::Reading;

    fn improvement(change: Reading<Change>) -> Improvement {
        let mut improvement = Improvement {
            quantity: Quantity::TokensPerSecond,
            baseline: Some(40.0),
            variant: Some(41.0),
            change,
            band: None,
            verdict: None,
            not_judged: None,
        };
        improvement.judge(None);
        improvement
    }

    fn change() -> Change {
        Change {
            ratio: 1.025,
            improvement_percent: 2.5,
            low_percent: Some(1.0),
            high_percent: Some(4.0),
            n_launches: 3,
        }
    }

    #[test]
    fn a_gain_within_the_noise_is_none() {
        let judged = Judgement::from(&improvement(Reading::Measured(change())));
        assert_eq!(judged.verdict, Some(Verdict::NoMeasurableDifference));
        assert_eq!(
            (judged.low_percent, judged.high_percent, judged.n_launches),
            (Some(1.0), Some(4.0), Some(3))
        );
        assert!(judged.assumes_noise() && judged.reason.is_none());
    }

    #[test]
    fn what_has_no_verdict_has_a_reason_and_no_figure() {
        let missing = improvement(Reading::NotMeasured("no launch answered".to_owned()));
        let mut other_work = improvement(Reading::Measured(change()));
        other_work.not_judged = Some("not for the same work".to_owned());
        for (improvement, reason) in [
            (missing, "no launch answered"),
            (other_work, "not for the same work"),
        ] {
            let judged = Judgement::from(&improvement);
            let nothing = Judgement {
                verdict: None,
                low_percent: None,
                high_percent: None,
                n_launches: None,
                band: None,
                reason: Some(reason.to_owned()),
            };
            assert_eq!(judged, nothing);
            assert!(!judged.assumes_noise());
        }
    }
}
