//! How fast variants decode beside each other, so that noise does not decide which one
//! is faster.

use super::compare::{Change, Judgement, NoiseBand, Verdict};

/// A decode speed over that of the baseline in the same launches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedSpeed {
    /// The paired change.
    pub ratio: f64,
    /// Its 95 % interval; none: no launches, one, or not judged.
    ends: Option<(f64, f64)>,
    /// What the baseline shows against itself.
    band: Option<NoiseBand>,
}

impl PairedSpeed {
    /// Of the baseline itself.
    pub const BASELINE: Self = Self {
        ratio: 1.0,
        ends: Some((1.0, 1.0)),
        band: None,
    };

    /// Of a variant, and what that is worth.
    pub fn new(ratio: f64, judgement: Option<&Judgement>) -> Self {
        let ends = judgement.and_then(|judged| judged.low_percent.zip(judged.high_percent));
        let ratio_of = |percent: f64| 1.0 + percent / 100.0;
        Self {
            ratio,
            ends: ends.map(|(low, high)| (ratio_of(low), ratio_of(high))),
            band: judgement.and_then(|judged| judged.band),
        }
    }

    /// Whether it is faster than another. Beside the baseline it is the verdict of the run.
    /// Two variants were compared with the baseline only: the change between them reaches
    /// as far as the ends of both, which is farther than if they had been paired, and
    /// stands beside the wider noise.
    pub fn against(&self, other: &Self) -> Verdict {
        let bands = self.band.into_iter().chain(other.band);
        let width = |band: &NoiseBand| band.high_percent - band.low_percent;
        let band = bands.max_by(|one, other| width(one).total_cmp(&width(other)));
        let (Some((low, high)), Some((other_low, other_high)), Some(band)) =
            (self.ends, other.ends, band)
        else {
            return Verdict::Undecided;
        };
        let percent = |ratio: f64| (ratio - 1.0) * 100.0;
        let ratio = self.ratio / other.ratio;
        let change = Change {
            ratio,
            improvement_percent: percent(ratio),
            low_percent: Some(percent(low / other_high)),
            high_percent: Some(percent(high / other_low)),
            n_launches: 0,
        };
        Verdict::of(&change, Some(&band))
    }
}

#[cfg(test)]
impl PairedSpeed {
    /// For tests: from `low` to `high` times the baseline's, beside 5 % of noise.
    pub(crate) fn sample(low: f64, high: f64) -> Self {
        Self {
            ratio: f64::midpoint(low, high),
            ends: Some((low, high)),
            band: NoiseBand::assumed(super::compare::Quantity::TokensPerSecond),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_faster_where_the_intervals_say_so() {
        let [slow, fast, as_fast, unclear] = [
            PairedSpeed::sample(1.48, 1.52),
            PairedSpeed::sample(1.98, 2.02),
            PairedSpeed::sample(1.99, 2.03),
            PairedSpeed::sample(1.7, 2.3),
        ];
        assert_eq!(fast.against(&slow), Verdict::Better);
        assert_eq!(slow.against(&fast), Verdict::Worse);
        assert_eq!(as_fast.against(&fast), Verdict::NoMeasurableDifference);
        assert_eq!(unclear.against(&fast), Verdict::Undecided);
        assert_eq!(fast.against(&PairedSpeed::BASELINE), Verdict::Better);
        assert_eq!(PairedSpeed::BASELINE.against(&fast), Verdict::Worse);
    }

    #[test]
    fn beside_the_baseline_the_verdict_is_the_runs() {
        let judgement = |low, high| Judgement {
            verdict: None,
            low_percent: Some(low),
            high_percent: Some(high),
            n_launches: Some(3),
            band: PairedSpeed::sample(1.0, 1.0).band,
            reason: None,
        };
        for (low, high, verdict) in [
            (5.1, 9.0, Verdict::Better),
            (-4.9, 4.9, Verdict::NoMeasurableDifference),
            (4.0, 9.0, Verdict::Undecided),
            (-9.0, -5.1, Verdict::Worse),
        ] {
            let speed = PairedSpeed::new(1.0, Some(&judgement(low, high)));
            assert_eq!(speed.against(&PairedSpeed::BASELINE), verdict);
        }
        let unjudged = PairedSpeed::new(2.0, None);
        assert_eq!(unjudged.against(&PairedSpeed::BASELINE), Verdict::Undecided);
    }
}
