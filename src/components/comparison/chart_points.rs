//! What the chart shows of each model, and which of them are on the front.

use crate::domain::{pareto, units};

/// One model.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Point {
    /// Its name.
    pub(super) label: String,
    /// Its file, MB.
    pub(super) size_mb: f64,
    /// Its mean divergence from the baseline; 0 for the baseline itself.
    pub(super) mean_kld: Option<f64>,
    /// Its decode speed; none: not measured.
    pub(super) speed: Option<Speed>,
}

/// How fast a model decodes: within a run, or across runs, where speeds compare
/// only with the baseline's of the same run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Speed {
    /// Tokens/s.
    TokensPerSecond(f64),
    /// Times the baseline's.
    Ratio(f64),
}

impl Speed {
    /// The figure.
    pub(super) fn value(self) -> f64 {
        match self {
            Self::TokensPerSecond(value) | Self::Ratio(value) => value,
        }
    }

    /// The figure in words.
    pub(super) fn words(self) -> String {
        match self {
            Self::TokensPerSecond(value) => format!("{} tok/s", units::number(value)),
            Self::Ratio(value) => format!("{} × the baseline's speed", units::number(value)),
        }
    }

    /// What it is counted in.
    pub(super) fn unit(self) -> &'static str {
        match self {
            Self::TokensPerSecond(_) => "tok/s",
            Self::Ratio(_) => "× speed",
        }
    }
}

/// What stands against the size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Against {
    /// Mean divergence: lower is better.
    Quality,
    /// Decode speed: higher is better.
    Speed,
}

impl Against {
    /// Quality, once any variant has it.
    pub(super) fn of(points: &[Point]) -> Self {
        // The baseline's own is 0 by definition.
        let is_measured = |point: &Point| point.mean_kld.is_some();
        match points.iter().skip(1).any(is_measured) {
            true => Self::Quality,
            false => Self::Speed,
        }
    }

    /// A model's figure; none: not measured.
    pub(super) fn value(self, point: &Point) -> Option<f64> {
        match self {
            Self::Quality => point.mean_kld,
            Self::Speed => point.speed.map(Speed::value),
        }
    }

    /// What the front is of.
    pub(super) fn front_words(self) -> &'static str {
        match self {
            Self::Quality => "on the front: size, speed, quality",
            Self::Speed => "on the front: size, speed",
        }
    }

    /// What the chart is called.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Quality => "Size against quality",
            Self::Speed => "Size against speed",
        }
    }
}

/// Of each point whether it is on the front of all that was measured: size, speed,
/// and quality once any variant has it. No other is at least as good in each and
/// better in one. Not one that lacks a figure.
pub(super) fn on_front(points: &[Point], against: Against) -> Vec<bool> {
    let costs = |point: &Point| {
        let loss = match against {
            Against::Quality => point.mean_kld?,
            Against::Speed => 0.0,
        };
        Some([point.size_mb, -point.speed?.value(), loss])
    };
    let costs: Vec<Option<[f64; 3]>> = points.iter().map(costs).collect();
    let known: Vec<[f64; 3]> = costs.iter().copied().flatten().collect();
    let mut front = pareto::on_front(&known).into_iter();
    let place = |cost: &Option<[f64; 3]>| cost.is_some() && front.next() == Some(true);
    costs.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(label: &str, size_mb: f64, mean_kld: Option<f64>, speed: f64) -> Point {
        Point {
            label: label.to_owned(),
            size_mb,
            mean_kld,
            speed: Some(Speed::TokensPerSecond(speed)),
        }
    }

    #[test]
    fn the_front_is_that_of_all_that_was_measured() {
        let base = point("F16", 270.0, Some(0.0), 90.0);
        let points = [
            base.clone(),
            point("Q4_0", 92.0, Some(0.27), 190.0),
            point("Q4_1", 99.0, Some(0.3), 150.0),
            point("Q8_0", 145.0, Some(0.001), 140.0),
            point("IQ1_S", 60.0, None, 80.0),
            // Larger and more lossy than Q4_0, and faster.
            point("Q4_K_S", 95.0, Some(0.28), 195.0),
        ];
        let against = Against::of(&points);
        assert_eq!(against, Against::Quality);
        let front = [true, true, false, true, false, true];
        assert_eq!(on_front(&points, against), front);

        let without = points.map(|point| Point {
            mean_kld: None,
            ..point
        });
        let against = Against::of(&without);
        assert_eq!(against, Against::Speed);
        assert_eq!(
            on_front(&without, against),
            [false, true, false, false, true, true]
        );
        assert_eq!(Against::of(&[base]), Against::Speed);
    }
}
