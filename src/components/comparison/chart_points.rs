//! What the chart shows of each model, and which of them are on the front.

use crate::domain::paired_speed::PairedSpeed;
use crate::domain::pareto::{self, Choice};
use crate::domain::units;

/// One model.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Point {
    /// Its name.
    pub(super) label: String,
    /// Its file, MB.
    pub(super) size_mb: f64,
    /// Its mean divergence from the baseline; 0 for the baseline itself.
    pub(super) mean_kld: Option<f64>,
    /// Its decode speed over the baseline's; none: not measured.
    pub(super) speed: Option<PairedSpeed>,
}

impl Point {
    /// Its speed in words.
    pub(super) fn speed_words(&self) -> Option<String> {
        let ratio = self.speed?.ratio;
        Some(format!("{} × the baseline's speed", units::number(ratio)))
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
            Self::Speed => point.speed.map(|speed| speed.ratio),
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
/// and quality once any variant has it. Not one that lacks a figure.
pub(super) fn on_front(points: &[Point], against: Against) -> Vec<bool> {
    let choice = |point: &Point| {
        let loss = match against {
            Against::Quality => point.mean_kld?,
            Against::Speed => 0.0,
        };
        Some(Choice {
            size_mb: point.size_mb,
            loss,
            speed: point.speed?,
        })
    };
    let choices: Vec<Option<Choice>> = points.iter().map(choice).collect();
    let known: Vec<Choice> = choices.iter().copied().flatten().collect();
    let mut front = pareto::on_front(&known).into_iter();
    let place = |choice: &Option<Choice>| choice.is_some() && front.next() == Some(true);
    choices.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(label: &str, size_mb: f64, mean_kld: Option<f64>, speed: f64) -> Point {
        Point {
            label: label.to_owned(),
            size_mb,
            mean_kld,
            speed: Some(PairedSpeed::sample(speed - 0.01, speed + 0.01)),
        }
    }

    #[test]
    fn the_front_is_that_of_all_that_was_measured() {
        let base = Point {
            speed: Some(PairedSpeed::BASELINE),
            ..point("F16", 270.0, Some(0.0), 1.0)
        };
        let points = [
            base.clone(),
            point("Q4_0", 92.0, Some(0.27), 2.1),
            point("Q4_1", 99.0, Some(0.3), 1.7),
            point("Q8_0", 145.0, Some(0.001), 1.5),
            point("IQ1_S", 60.0, None, 0.8),
            // Larger and more lossy than Q4_0, and faster.
            point("Q4_K_S", 95.0, Some(0.28), 2.4),
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
