//! One scale for all intervals of a comparison, in percent of improvement.

/// Beyond these, a change is drawn at the edge: one that is many times the
/// others must not press them into a line.
const LIMITS: (f64, f64) = (-150.0, 250.0);
/// Least width, so that small changes look small.
const LEAST: f64 = 20.0;
/// Room beside the outermost values, as a share of the width.
const MARGIN: f64 = 0.05;

/// From where to where.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    /// Around all these values and 0.
    pub(super) fn around(values: impl Iterator<Item = f64>) -> Self {
        let around = |(low, high): (f64, f64), value: f64| {
            let value = value.clamp(LIMITS.0, LIMITS.1);
            (low.min(value), high.max(value))
        };
        let (low, high) = values.fold((-LEAST / 2.0, LEAST / 2.0), around);
        let margin = (high - low) * MARGIN;
        Self {
            low: low - margin,
            high: high + margin,
        }
    }

    /// Where a value stands, in percent of the width.
    pub(super) fn place(self, value: f64) -> f64 {
        let share = (value - self.low) / (self.high - self.low);
        (share * 100.0).clamp(0.0, 100.0)
    }

    /// Whether a value lies beyond the edge at which it is drawn.
    pub(super) fn is_beyond(self, value: f64) -> bool {
        value < self.low || value > self.high
    }

    /// Round values to name below it: 0 and some around it.
    pub(super) fn ticks(self) -> Vec<f64> {
        const STEPS: [f64; 6] = [5.0, 10.0, 20.0, 25.0, 50.0, 100.0];
        let width = self.high - self.low;
        let step = STEPS.into_iter().find(|step| width / step <= 5.0);
        let step = step.unwrap_or(100.0);
        let first = (self.low / step).ceil() as i32;
        let last = (self.high / step).floor() as i32;
        (first..=last).map(|n| f64::from(n) * step).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_between_the_edges_and_those_beyond_at_them() {
        let scale = Scale::around([-20.0, 100.0].into_iter());
        assert!(scale.place(-20.0) > 0.0 && scale.place(100.0) < 100.0);
        assert!((scale.place(40.0) - 50.0).abs() < 1e-9);
        let wide = Scale::around([5000.0].into_iter());
        assert!(wide.is_beyond(5000.0) && (wide.place(5000.0) - 100.0).abs() < 1e-9);
        assert!(!wide.is_beyond(0.0));
    }

    #[test]
    fn few_round_values_are_named() {
        let ticks = |values: &[f64]| Scale::around(values.iter().copied()).ticks();
        assert_eq!(ticks(&[]), [-10.0, -5.0, 0.0, 5.0, 10.0]);
        assert_eq!(ticks(&[-20.0, 97.0]), [0.0, 50.0, 100.0]);
    }
}
