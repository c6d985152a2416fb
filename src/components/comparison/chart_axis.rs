//! The axes of the chart: where a value stands, and which have a line.

/// An axis from `low` to `high`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
    is_logarithmic: bool,
}

/// The thresholds of the words for a loss.
const THRESHOLDS: [f64; 3] = [0.01, 0.05, 0.3];

impl Axis {
    /// Around values, and from 0 where that is near.
    pub(super) fn linear(values: impl Iterator<Item = f64>) -> Self {
        let around = |(low, high): (f64, f64), value: f64| (low.min(value), high.max(value));
        let (low, high) = values.fold((f64::INFINITY, 0.0), around);
        let low = low.min(high);
        let margin = ((high - low) * 0.12)
            .max(high * 0.02)
            .max(f64::MIN_POSITIVE);
        Self {
            low: (low - margin).max(0.0),
            high: high + margin,
            is_logarithmic: false,
        }
    }

    /// 0 stands at its lower end: the least that is above it decides where that is.
    pub(super) fn logarithmic(values: impl Iterator<Item = f64>) -> Self {
        let around = |(low, high): (f64, f64), value: f64| match value > 0.0 {
            true => (low.min(value), high.max(value)),
            false => (low, high),
        };
        let (low, high) = values.fold((THRESHOLDS[0], THRESHOLDS[1]), around);
        Self {
            low: low / 2.5,
            high: high * 2.0,
            is_logarithmic: true,
        }
    }

    /// Where a value stands, 0 to 1.
    pub(super) fn share(&self, value: f64) -> f64 {
        let share = match self.is_logarithmic {
            true if value <= self.low => 0.0,
            true => (value / self.low).ln() / (self.high / self.low).ln(),
            false => (value - self.low) / (self.high - self.low),
        };
        share.clamp(0.0, 1.0)
    }

    /// The values that have a line.
    pub(super) fn ticks(&self) -> Vec<f64> {
        if !self.is_logarithmic {
            return steps(self.low, self.high, 5.0);
        }
        let fits = |threshold: &f64| *threshold > self.low && *threshold < self.high;
        let inner = THRESHOLDS.into_iter().filter(fits);
        [0.0].into_iter().chain(inner).collect()
    }
}

/// At most so many round values between two.
pub(super) fn steps(low: f64, high: f64, most: f64) -> Vec<f64> {
    let mut step = if high - low < 5.0 { 0.05 } else { 1.0 };
    let mut factors = [2.0, 2.5, 2.0].into_iter().cycle();
    while (high - low) / step > most {
        step *= factors.next().unwrap_or(10.0);
    }
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last).map(|n| n as f64 * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_stands_at_the_foot_of_a_logarithmic_axis() {
        let axis = Axis::logarithmic([0.0, 0.001, 0.27].into_iter());
        assert!(axis.share(0.0).abs() < 1e-9);
        assert!(axis.share(0.001) > 0.05 && axis.share(0.27) < 0.95);
        assert_eq!(axis.ticks(), [0.0, 0.01, 0.05, 0.3]);
    }

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(steps(80.0, 290.0, 6.0), [100.0, 150.0, 200.0, 250.0]);
        assert_eq!(steps(80.0, 290.0, 3.0), [100.0, 200.0]);
        let single = Axis::linear([100.0].into_iter());
        assert!(single.low < 100.0 && single.high > 100.0);
    }
}
