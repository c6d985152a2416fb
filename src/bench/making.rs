//! How far making a variant has come, step by step, and what is left of it.

use super::pruning_parts::pruning_parts;
use crate::domain::estimate::SpeedBasis;
use crate::domain::event::{MakingLive, MakingStep};
use crate::domain::pruning::{CurvePoint, KnownOrder, PruningProgress};
use crate::domain::recipe::Recipe;

/// How far making a variant has come.
#[derive(Debug, Clone, PartialEq)]
pub enum Making {
    /// The base is being written as F16: tensors done and in all.
    Upcasting(u32, u32),
    /// The base is being pruned.
    Pruning(PruningProgress),
    /// What was made is being checked: chunks of text done and in all.
    Checking(u32, u32),
    /// The importance matrix is being collected: chunks done and in all.
    Imatrix(u32, u32),
    /// Tensors are being rewritten: tensors done and in all.
    Tensors(u32, u32),
    /// The file is being read once more, for its hash.
    Hashing,
}

impl Making {
    /// The step, what of it is done, and of how much.
    pub fn step(&self) -> (MakingStep, u32, u32) {
        match *self {
            Self::Upcasting(done, of) => (MakingStep::Upcasting, done, of),
            Self::Pruning(PruningProgress::Layer { layer, n_layers }) => {
                (MakingStep::Calibrating, layer, n_layers)
            }
            Self::Pruning(PruningProgress::Whole { done, of }) => {
                (MakingStep::ReadingWhole, done, of)
            }
            Self::Pruning(PruningProgress::Search { done, of, .. }) => {
                (MakingStep::Searching, done, of)
            }
            Self::Pruning(PruningProgress::Known) => (MakingStep::KnownOrder, 0, 0),
            Self::Pruning(PruningProgress::Trial { done, of }) => (MakingStep::Comparing, done, of),
            Self::Pruning(PruningProgress::Write { tensor, n_tensors }) => {
                (MakingStep::Writing, tensor, n_tensors)
            }
            Self::Checking(done, of) => (MakingStep::Checking, done, of),
            Self::Imatrix(done, of) => (MakingStep::CollectingImatrix, done, of),
            Self::Tensors(done, of) => (MakingStep::Quantizing, done, of),
            Self::Hashing => (MakingStep::Hashing, 0, 0),
        }
    }

    /// Where a search stands, during one.
    pub fn point(&self) -> Option<CurvePoint> {
        match self {
            Self::Pruning(PruningProgress::Search { point, .. }) => Some(*point),
            _ => None,
        }
    }
}

/// The steps of one variant in the making, each with a guess of its own: what one
/// of them took says nothing of the next.
pub(super) struct MakingClock {
    /// What is to be done, in order, with the seconds that it may take.
    steps: Vec<(MakingStep, f64)>,
    /// Which of them is under way.
    at: usize,
    /// The share of it that is behind, 0 to 1.
    share_done: f64,
    curve: Vec<CurvePoint>,
}

impl MakingClock {
    /// Of a variant by this recipe, of a model of this speed; `lacks_imatrix`: an
    /// importance matrix is collected for it; `order`: how much is known of the order in
    /// which its blocks go.
    pub(super) fn of(
        recipe: &Recipe,
        order: Option<KnownOrder>,
        basis: &SpeedBasis,
        lacks_imatrix: bool,
    ) -> Self {
        let mut steps = Vec::new();
        if let Some(prune) = recipe.prune {
            let check = basis.check_seconds();
            let upcasting = basis.upcast_seconds(prune);
            let pruning = basis.making_seconds(&Recipe::pruned(prune), order) - check - upcasting;
            let parts = pruning_parts(prune, order).map(|share| share * pruning);
            let [reading, searching, comparing, repairing] = parts;
            steps.extend([
                (MakingStep::Upcasting, upcasting),
                (MakingStep::ReadingWhole, reading),
                (MakingStep::Searching, searching),
                (MakingStep::KnownOrder, 0.0),
                (MakingStep::Comparing, comparing),
                (MakingStep::Calibrating, repairing),
                (MakingStep::Writing, basis.load_s),
                (MakingStep::Checking, check),
            ]);
        }
        if let Some(quantize) = recipe.quantize {
            let one = basis.making_seconds(&Recipe::quantized(quantize.level), None);
            steps.extend([
                (MakingStep::CollectingImatrix, 0.0),
                (MakingStep::Quantizing, one),
            ]);
            let is_checked = recipe.prune.map(|_| basis.check_seconds());
            steps.extend(is_checked.map(|seconds| (MakingStep::Checking, seconds)));
        }
        steps.push((MakingStep::Hashing, basis.load_s));
        // Together as long as the estimate, which knows no writing and no hashing.
        let whole = basis.making_seconds(recipe, order);
        let sum: f64 = steps.iter().map(|(_, seconds)| seconds).sum();
        for (step, seconds) in &mut steps {
            *seconds *= whole / sum.max(1e-9);
            if lacks_imatrix && *step == MakingStep::CollectingImatrix {
                *seconds = basis.imatrix_seconds();
            }
        }
        Self {
            steps,
            at: 0,
            share_done: 0.0,
            curve: Vec::new(),
        }
    }

    /// Takes in how far it has come, and says what is to be shown.
    pub(super) fn learn(&mut self, making: &Making) -> MakingLive {
        let (step, done, of) = making.step();
        if let Some(point) = making.point()
            && self
                .curve
                .last()
                .is_none_or(|last| last.removed_share < point.removed_share)
        {
            self.curve.push(point);
        }
        // A search may go back to the layers: the clock does not.
        let mut later = self.steps.iter().skip(self.at);
        if let Some(ahead) = later.position(|(other, _)| *other == step) {
            self.at += ahead;
            self.share_done = f64::from(done.min(of)) / f64::from(of.max(1));
        }
        MakingLive {
            step,
            done,
            of,
            curve: self.curve.clone(),
        }
    }

    /// Which step is under way: its number, from 0.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Seconds that are left, where the step under way has taken `spent` of them so
    /// far: what it took counts more than what was guessed.
    pub(super) fn seconds_left(&self, spent: f64) -> f64 {
        let here = match self.share_done {
            share if share > 0.0 => spent / share * (1.0 - share).max(0.0),
            _ => (self.step_seconds() - spent).max(0.0),
        };
        here + self.later_seconds()
    }

    /// Seconds that the step under way may take, all of it.
    fn step_seconds(&self) -> f64 {
        self.steps.get(self.at).map_or(0.0, |(_, seconds)| *seconds)
    }

    /// Seconds that the steps after it may take.
    fn later_seconds(&self) -> f64 {
        let later = self.steps.iter().skip(self.at + 1);
        later.map(|(_, seconds)| seconds).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(json: &str) -> (MakingClock, f64) {
        clock_knowing(json, None)
    }

    fn clock_knowing(json: &str, order: Option<KnownOrder>) -> (MakingClock, f64) {
        let recipe: Recipe = serde_json::from_str(json).expect("a recipe");
        let basis = SpeedBasis::guess(1_000_000_000);
        let clock = MakingClock::of(&recipe, order, &basis, recipe.takes_imatrix());
        let imatrix = match recipe.takes_imatrix() {
            true => basis.imatrix_seconds(),
            false => 0.0,
        };
        (clock, basis.making_seconds(&recipe, order) + imatrix)
    }

    fn left(clock: &MakingClock) -> f64 {
        clock.step_seconds() * (1.0 - clock.share_done) + clock.later_seconds()
    }

    fn search(done: u32, removed_share: f64) -> Making {
        let point = CurvePoint {
            removed_layer: None,
            removed_share,
            perplexity: 20.0 + f64::from(done),
        };
        Making::Pruning(PruningProgress::Search { done, of: 9, point })
    }

    #[test]
    fn what_is_left_shrinks_from_step_to_step() {
        let (mut clock, whole) =
            clock(r#"{"prune": {"ratio": 0.3}, "quantize": {"level": "q4_0", "imatrix": true}}"#);
        let layer = |layer| {
            Making::Pruning(PruningProgress::Layer {
                layer,
                n_layers: 30,
            })
        };
        let mut last = left(&clock);
        assert!((last - whole).abs() < 1e-6, "{last} of {whole}");
        for making in [
            layer(1),
            layer(15),
            Making::Pruning(PruningProgress::Write {
                tensor: 1,
                n_tensors: 2,
            }),
            Making::Checking(1, 10),
            Making::Imatrix(0, 40),
            Making::Imatrix(20, 40),
            Making::Tensors(1, 2),
            Making::Checking(5, 10),
            Making::Hashing,
        ] {
            let live = clock.learn(&making);
            let now = left(&clock);
            assert!(now < last && now > 0.0, "{making:?}: {now} of {last}");
            assert_eq!(live.step, making.step().0);
            last = now;
        }
    }

    #[test]
    fn mixtures_that_are_compared_are_no_part_of_the_curve() {
        let (mut clock, _) = clock(r#"{"prune": {"ratio": 0.3, "method": "auto"}}"#);
        let whole = |done| Making::Pruning(PruningProgress::Whole { done, of: 60 });
        let trial = |done| Making::Pruning(PruningProgress::Trial { done, of: 9 });
        let layer = Making::Pruning(PruningProgress::Layer {
            layer: 1,
            n_layers: 30,
        });
        let mut last = left(&clock);
        for making in [
            whole(30),
            whole(60),
            search(1, 0.0),
            search(9, 0.3),
            trial(0),
            trial(4),
            trial(9),
            layer,
        ] {
            let live = clock.learn(&making);
            let now = left(&clock);
            // Sums of the same parts in another order differ in the last digit.
            assert!(now <= last + 1e-6, "{making:?}: {now} after {last}");
            assert_eq!(live.step, making.step().0);
            last = now;
        }
        let live = clock.learn(&Making::Checking(1, 10));
        let shares: Vec<f64> = live.curve.iter().map(|point| point.removed_share).collect();
        assert_eq!(shares, [0.0, 0.3]);
    }

    #[test]
    fn an_upcast_comes_first_and_takes_its_time() {
        let (mut clock, whole) = clock(r#"{"prune": {"ratio": 0.3, "upcast": true}}"#);
        let sum = left(&clock);
        assert!((sum - whole).abs() < 1e-6, "{sum} of {whole}");
        let live = clock.learn(&Making::Upcasting(5, 10));
        assert_eq!(live.count().as_deref(), Some("tensor 5 of 10"));
        assert_eq!(live.step.words(), "upcasting to F16");
        let upcasting = clock.step_seconds();
        assert!(upcasting > 0.0);
        let now = left(&clock);
        assert!((now - (sum - upcasting / 2.0)).abs() < 1e-6, "{now}");
        clock.learn(&Making::Pruning(PruningProgress::Layer {
            layer: 0,
            n_layers: 30,
        }));
        let pruning = left(&clock);
        assert!((pruning - (sum - upcasting)).abs() < 1e-6, "{pruning}");
    }

    #[test]
    fn a_known_order_is_not_waited_for() {
        let depth = r#"{"prune": {"ratio": 0.3, "method": "depth"}}"#;
        let n_wanted = 9;
        let [unknown, mut known] = [0, n_wanted].map(|n_known| {
            let order = KnownOrder { n_known, n_wanted };
            let (clock, whole) = clock_knowing(depth, Some(order));
            let sum = left(&clock);
            assert!((sum - whole).abs() < 1e-6, "{sum} of {whole}");
            clock
        });
        let before = left(&known);
        assert!(before < 0.6 * left(&unknown), "{before}");
        known.learn(&Making::Pruning(PruningProgress::Known));
        let after = left(&known);
        assert!((after - before).abs() < 1e-6, "{before} to {after}");
    }

    #[test]
    fn the_curve_has_a_point_for_each_removal() {
        let (mut clock, _) = clock(r#"{"prune": {"ratio": 0.3, "method": "depth"}}"#);
        for (done, share) in [(0, 0.0), (1, 0.0), (2, 0.03), (3, 0.03), (4, 0.06)] {
            clock.learn(&search(done, share));
        }
        let live = clock.learn(&Making::Checking(1, 10));
        let shares: Vec<f64> = live.curve.iter().map(|point| point.removed_share).collect();
        assert_eq!(shares, [0.0, 0.03, 0.06]);
    }
}
