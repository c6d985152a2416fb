//! A change between two models, the noise beside it, and what it means.

use serde::{Deserialize, Serialize};

use super::quantity::Quantity;
use crate::domain::metrics::Reading;
use crate::domain::noise::Noise;

/// A quantity of the baseline and of a variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Improvement {
    /// Which.
    pub quantity: Quantity,
    /// The baseline's, in the quantity's unit; none: not measured.
    pub baseline: Option<f64>,
    /// The variant's.
    pub variant: Option<f64>,
    /// The paired change, or why there is none.
    pub change: Reading<Change>,
    /// What a model shows against itself; none for what is exact.
    pub band: Option<NoiseBand>,
    /// What that means; none where there is no change, or where it is not judged.
    pub verdict: Option<Verdict>,
    /// Why the change means nothing; null: it is judged. At natural stop times
    /// are for as many tokens as each model happened to produce.
    #[serde(default)]
    pub not_judged: Option<String>,
}

/// A change, paired by launch: a geometric mean of ratios, which need not equal
/// the ratio of the two displayed means. Positive: better.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Change {
    /// Variant / baseline.
    pub ratio: f64,
    /// (1 - ratio) x 100 where lower is better, (ratio - 1) x 100 where higher is.
    pub improvement_percent: f64,
    /// The worse end of its 95 % interval; none where it is exact, or below two
    /// launches.
    pub low_percent: Option<f64>,
    /// The better end.
    pub high_percent: Option<f64>,
    /// Launches of each arm behind it.
    pub n_launches: u32,
}

/// The 95 % range of a change between two copies of one model, at the run's
/// number of iterations; percent, as `improvement_percent`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NoiseBand {
    /// Its worse end, below 0.
    pub low_percent: f64,
    /// Its better end, above 0.
    pub high_percent: f64,
    /// Launches of the model against itself behind it; none: assumed.
    pub n_launches: Option<u32>,
}

/// What a change means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The whole interval lies above the noise band.
    Better,
    /// The whole interval lies below the noise band.
    Worse,
    /// The whole interval lies within the noise band.
    NoMeasurableDifference,
    /// It lies across an edge of the noise band: more iterations would tell.
    Undecided,
}

/// Assumed where nobody measured it: of times and what is made of them, %.
const ASSUMED_TIMES_PERCENT: f64 = 5.0;
/// The same of memory, %.
const ASSUMED_MEMORY_PERCENT: f64 = 1.0;

impl NoiseBand {
    /// What is taken until the model was measured against itself; none for what
    /// is exact.
    pub fn assumed(quantity: Quantity) -> Option<Self> {
        let percent = match quantity {
            Quantity::ModelSize => return None,
            Quantity::Memory => ASSUMED_MEMORY_PERCENT,
            _ => ASSUMED_TIMES_PERCENT,
        };
        Some(Self {
            low_percent: -percent,
            high_percent: percent,
            n_launches: None,
        })
    }
}

impl Verdict {
    /// What a change means beside the noise. What has no noise is exact.
    pub fn of(change: &Change, band: Option<&NoiseBand>) -> Self {
        let Some(band) = band else {
            return match change.improvement_percent {
                percent if percent > 0.0 => Self::Better,
                percent if percent < 0.0 => Self::Worse,
                _ => Self::NoMeasurableDifference,
            };
        };
        let (Some(low), Some(high)) = (change.low_percent, change.high_percent) else {
            return Self::Undecided;
        };
        if low > band.high_percent {
            Self::Better
        } else if high < band.low_percent {
            Self::Worse
        } else if low >= band.low_percent && high <= band.high_percent {
            Self::NoMeasurableDifference
        } else {
            Self::Undecided
        }
    }

    /// As people read it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::NoMeasurableDifference => "no measurable difference",
            Self::Undecided => "undecided, needs more iterations",
        }
    }
}

impl Change {
    /// The change itself, %: below 0 where the variant has less of it.
    pub fn ratio_percent(&self) -> f64 {
        (self.ratio - 1.0) * 100.0
    }
}

impl Improvement {
    /// The change, where there is one that means something.
    pub fn judged(&self) -> Option<&Change> {
        self.change.value().filter(|_| self.not_judged.is_none())
    }

    /// Holds the change against what the model shows against itself, or against
    /// what is assumed of it.
    pub fn judge(&mut self, noise: Option<&Noise>) {
        let Some(change) = self.judged().copied() else {
            return;
        };
        let measured = noise.and_then(|noise| noise.band(self.quantity, change.n_launches));
        self.band = NoiseBand::assumed(self.quantity).map(|assumed| measured.unwrap_or(assumed));
        self.verdict = Some(Verdict::of(&change, self.band.as_ref()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(low: f64, high: f64) -> Change {
        Change {
            ratio: 1.0,
            improvement_percent: f64::midpoint(low, high),
            low_percent: Some(low),
            high_percent: Some(high),
            n_launches: 3,
        }
    }

    #[test]
    fn a_verdict_needs_the_whole_interval() {
        let band = NoiseBand::assumed(Quantity::ResponseTime);
        for (low, high, verdict) in [
            (5.1, 9.0, Verdict::Better),
            (5.0, 9.0, Verdict::Undecided),
            (-5.0, 5.0, Verdict::NoMeasurableDifference),
            (-5.1, 1.0, Verdict::Undecided),
            (-30.0, 30.0, Verdict::Undecided),
            (-9.0, -5.1, Verdict::Worse),
        ] {
            assert_eq!(
                Verdict::of(&change(low, high), band.as_ref()),
                verdict,
                "{low} {high}"
            );
        }
        let one_launch = Change {
            low_percent: None,
            high_percent: None,
            ..change(40.0, 40.0)
        };
        assert_eq!(Verdict::of(&one_launch, band.as_ref()), Verdict::Undecided);
    }

    #[test]
    fn times_for_different_work_are_not_judged() {
        let mut improvement = Improvement {
            quantity: Quantity::ResponseTime,
            baseline: Some(2.0),
            variant: Some(1.0),
            change: Reading::Measured(change(40.0, 60.0)),
            band: None,
            verdict: None,
            not_judged: Some("it produced fewer tokens".to_owned()),
        };
        improvement.judge(None);
        assert_eq!((improvement.verdict, improvement.band), (None, None));
        improvement.not_judged = None;
        improvement.judge(None);
        assert_eq!(improvement.verdict, Some(Verdict::Better));
    }

    #[test]
    fn what_is_exact_has_no_noise() {
        assert_eq!(NoiseBand::assumed(Quantity::ModelSize), None);
        for (percent, verdict) in [
            (70.0, Verdict::Better),
            (0.0, Verdict::NoMeasurableDifference),
            (-1e-9, Verdict::Worse),
        ] {
            assert_eq!(Verdict::of(&change(percent, percent), None), verdict);
        }
    }
}
