//! How far one variant in the making has come, where nothing else is done.

use std::time::Instant;

use super::making::{Making, MakingClock};
use crate::domain::estimate::SpeedBasis;
use crate::domain::event::MakingLive;
use crate::domain::pruning::KnownOrder;
use crate::domain::recipe::Recipe;

/// The clock of one variant: the same as that of a run while it makes one.
pub struct MakingProgress {
    clock: MakingClock,
    start: Instant,
    /// When the step under way began.
    step_start: Instant,
}

impl MakingProgress {
    /// Starts the clock of a variant by this recipe, of a model of this speed. `order`: how
    /// much is known of the order in which its blocks go.
    pub fn start(recipe: &Recipe, order: Option<KnownOrder>, basis: &SpeedBasis) -> Self {
        let now = Instant::now();
        Self {
            clock: MakingClock::of(recipe, order, basis, recipe.takes_imatrix()),
            start: now,
            step_start: now,
        }
    }

    /// Takes in how far it has come, and says what is to be shown.
    pub fn learn(&mut self, making: &Making) -> MakingLive {
        let before = self.clock.at();
        let live = self.clock.learn(making);
        if self.clock.at() != before {
            self.step_start = Instant::now();
        }
        live
    }

    /// Time left by what is known now, s.
    pub fn seconds_left(&self) -> f64 {
        self.clock
            .seconds_left(self.step_start.elapsed().as_secs_f64())
    }

    /// Share that is behind, by time.
    pub fn fraction_done(&self) -> f64 {
        let elapsed = self.start.elapsed().as_secs_f64();
        elapsed / (elapsed + self.seconds_left()).max(1e-3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::quantization::QuantizationType;

    #[test]
    fn time_left_is_the_clocks_from_step_to_step() {
        let basis = SpeedBasis::guess(1_000_000_000);
        let recipe = Recipe::quantized(QuantizationType::Q8_0);
        let mut progress = MakingProgress::start(&recipe, None, &basis);
        let whole = basis.making_seconds(&recipe, None);
        let left = progress.seconds_left();
        assert!(left <= whole && left > 0.9 * whole, "{left} of {whole}");
        assert!(progress.fraction_done() < 0.1);
        let live = progress.learn(&Making::Tensors(5, 10));
        assert_eq!(live.count().as_deref(), Some("tensor 5 of 10"));
        progress.learn(&Making::Hashing);
        let hashing = progress.seconds_left();
        assert!(hashing < 0.5 * whole, "{hashing} of {whole}");
        assert!((0.0..=1.0).contains(&progress.fraction_done()));
    }
}
