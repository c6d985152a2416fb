//! Which of several models no other one beats.

use super::compare::Verdict;
use super::paired_speed::PairedSpeed;

/// What a model costs and gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    /// Its file, MB.
    pub size_mb: f64,
    /// What it lost, whatever that is counted in; 0 where nobody asked.
    pub loss: f64,
    /// How fast it is.
    pub speed: PairedSpeed,
}

impl Choice {
    /// Whether it is at least as good in all, and better in one. A speed is as good only
    /// where that was shown: noise does not beat a model.
    fn beats(&self, other: &Self) -> bool {
        let speed = self.speed.against(&other.speed);
        let is_as_fast = matches!(speed, Verdict::Better | Verdict::NoMeasurableDifference);
        let is_as_good = self.size_mb <= other.size_mb && self.loss <= other.loss && is_as_fast;
        let is_better =
            self.size_mb < other.size_mb || self.loss < other.loss || speed == Verdict::Better;
        is_as_good && is_better
    }
}

/// Of each choice, whether it lies on the Pareto front: no other beats it.
pub fn on_front(choices: &[Choice]) -> Vec<bool> {
    let is_unbeaten = |one: &Choice| !choices.iter().any(|other| other.beats(one));
    choices.iter().map(is_unbeaten).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(size_mb: f64, loss: f64, speed: (f64, f64)) -> Choice {
        Choice {
            size_mb,
            loss,
            speed: PairedSpeed::sample(speed.0, speed.1),
        }
    }

    #[test]
    fn a_choice_is_on_the_front_unless_another_is_better_for_all() {
        let choices = [
            choice(92.0, 0.27, (1.98, 2.02)),
            // Worse in all three.
            choice(99.0, 0.3, (1.48, 1.52)),
            // Larger and slower, and less lossy.
            choice(145.0, 0.01, (1.48, 1.52)),
            // Larger and more lossy, and faster.
            choice(95.0, 0.28, (2.28, 2.32)),
        ];
        assert_eq!(on_front(&choices), [true, false, true, true]);
        assert_eq!(on_front(&[]), [false; 0]);
    }

    #[test]
    fn noise_beats_nothing() {
        let small = choice(92.0, 0.27, (1.98, 2.02));
        // A little faster, as noise has it: no reason to be on the front.
        let as_fast = choice(99.0, 0.3, (1.99, 2.03));
        assert_eq!(on_front(&[small, as_fast]), [true, false]);
        // It may be faster, or slower: nothing shows that it is beaten.
        let unclear = choice(99.0, 0.3, (1.6, 2.3));
        assert_eq!(on_front(&[small, unclear]), [true, true]);
    }

    #[test]
    fn equal_choices_do_not_beat_each_other() {
        let one = choice(1.0, 1.0, (1.0, 1.0));
        assert_eq!(on_front(&[one, one]), [true, true]);
    }
}
