//! How often verdicts are right: recorded launch pairs, drawn into runs.

use serde::{Deserialize, Serialize};

use super::bootstrap::Numbers;
use super::compare::requests_log_ratio;
use super::paired;
use crate::domain::compare::{NoiseBand, Quantity, Verdict};
use crate::domain::defaults::{ITERATIONS, ITERATIONS_CAREFUL, NOISE_LAUNCHES};
use crate::domain::noise::{Noise, Spread};
use crate::domain::sample::{ArmRequest, RequestSample};

/// Runs that are drawn for each line of the table.
const RUNS: usize = 10_000;
const SEED: u64 = 0x5EED;
const QUANTITIES: [Quantity; 2] = [Quantity::ResponseTime, Quantity::TokensPerSecond];

/// A launch of a model and one of the same model, slowed down or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// How much longer each token of the second took, %.
    pub slowdown_percent: f64,
    /// From 1: whose launch came first alternates with it.
    pub iteration: u32,
    /// Mean over the prompts of ln(second / first).
    pub response_time: f64,
    /// The same of the decode speed.
    pub tokens_per_second: f64,
}

/// How often a run says what of a true slowdown.
#[derive(Debug, Clone, PartialEq)]
pub struct Trust {
    /// Launch pairs of a run.
    pub iterations: u32,
    /// What is true, %.
    pub slowdown_percent: f64,
    /// Of which quantity.
    pub quantity: Quantity,
    /// Whether the noise was measured, in 10 launches, or assumed.
    pub is_noise_measured: bool,
    /// Share of runs that say better, worse, no measurable difference,
    /// undecided.
    pub shares: [f64; 4],
}

/// The launch pairs of a run of two arms.
pub fn pairs(slowdown_percent: f64, requests: &[ArmRequest]) -> Vec<Pair> {
    let of = |arm: u32, iteration: u32| -> Vec<RequestSample> {
        let is_one =
            |one: &&ArmRequest| (one.arm_position, one.sample.iteration) == (arm, iteration);
        requests
            .iter()
            .filter(is_one)
            .map(|one| one.sample.clone())
            .collect()
    };
    let iterations = requests.iter().map(|one| one.sample.iteration).max();
    let pair = |iteration| {
        let (first, second) = (of(0, iteration), of(1, iteration));
        let log = |quantity| requests_log_ratio(quantity, &first, &second);
        Some(Pair {
            slowdown_percent,
            iteration,
            response_time: log(Quantity::ResponseTime)?,
            tokens_per_second: log(Quantity::TokensPerSecond)?,
        })
    };
    (1..=iterations.unwrap_or(0)).filter_map(pair).collect()
}

/// Draws runs from recorded pairs, at the default and at the careful number of
/// iterations, and counts what they say.
pub fn trust(pairs: &[Pair]) -> Vec<Trust> {
    let mut slowdowns: Vec<f64> = pairs.iter().map(|pair| pair.slowdown_percent).collect();
    slowdowns.sort_by(f64::total_cmp);
    slowdowns.dedup();
    let mut table = Vec::new();
    for slowdown_percent in slowdowns {
        for iterations in [ITERATIONS, ITERATIONS_CAREFUL] {
            for quantity in QUANTITIES {
                for is_noise_measured in [true, false] {
                    let drawn = Drawn {
                        same: Pool::of(pairs, 0.0, quantity),
                        changed: Pool::of(pairs, slowdown_percent, quantity),
                        iterations,
                        quantity,
                        is_noise_measured,
                    };
                    table.extend(drawn.shares().map(|shares| Trust {
                        iterations,
                        slowdown_percent,
                        quantity,
                        is_noise_measured,
                        shares,
                    }));
                }
            }
        }
    }
    table
}

/// ln ratios of the pairs in which the first arm was launched first, and of
/// those in which it was the second: a run draws from both in turn, as it
/// measures.
struct Pool([Vec<f64>; 2]);

impl Pool {
    fn of(pairs: &[Pair], slowdown_percent: f64, quantity: Quantity) -> Self {
        let with_order = |order: u32| {
            let is_one = |pair: &&Pair| {
                pair.slowdown_percent == slowdown_percent && pair.iteration % 2 == order
            };
            let log = |pair: &Pair| match quantity {
                Quantity::TokensPerSecond => pair.tokens_per_second,
                _ => pair.response_time,
            };
            pairs.iter().filter(is_one).map(log).collect()
        };
        Self([with_order(1), with_order(0)])
    }

    fn draw(&self, n: u32, numbers: &mut Numbers) -> Option<Vec<f64>> {
        let one = |place: u32| {
            let logs = &self.0[place as usize % 2];
            logs.get(numbers.below(logs.len().max(1))).copied()
        };
        (0..n).map(one).collect()
    }
}

struct Drawn {
    same: Pool,
    changed: Pool,
    iterations: u32,
    quantity: Quantity,
    is_noise_measured: bool,
}

impl Drawn {
    fn shares(&self) -> Option<[f64; 4]> {
        let mut numbers = Numbers(SEED);
        let mut counts = [0_u32; 4];
        for _ in 0..RUNS {
            let band = self.band(&mut numbers)?;
            let logs = self.changed.draw(self.iterations, &mut numbers)?;
            let change = paired::change(self.quantity, &logs)?;
            counts[match Verdict::of(&change, Some(&band)) {
                Verdict::Better => 0,
                Verdict::Worse => 1,
                Verdict::NoMeasurableDifference => 2,
                Verdict::Undecided => 3,
            }] += 1;
        }
        Some(counts.map(|count| f64::from(count) / RUNS as f64))
    }

    fn band(&self, numbers: &mut Numbers) -> Option<NoiseBand> {
        if !self.is_noise_measured {
            return NoiseBand::assumed(self.quantity);
        }
        let logs = self.same.draw(NOISE_LAUNCHES, numbers)?;
        let noise = Noise {
            n_launches: NOISE_LAUNCHES,
            spreads: vec![Spread {
                quantity: self.quantity,
                half_range: paired::half_range(&logs)?,
            }],
        };
        noise.band(self.quantity, self.iterations)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Launch pairs of a machine whose noise has this standard deviation, and
    /// on which the second launch is faster.
    fn recorded(slowdown_percent: f64, stddev: f64, n: u32) -> Vec<Pair> {
        let mut numbers = Numbers(7);
        let mut even = || (numbers.below(1_000_001) as f64 / 1e6 - 0.5) * 2.0;
        let pair = |iteration: u32| {
            // The sum of three even numbers has a variance of 1.
            let noise = stddev * (even() + even() + even());
            let order = if iteration % 2 == 1 { -0.005 } else { 0.005 };
            let slower = (1.0 + slowdown_percent / 100.0).ln();
            Pair {
                slowdown_percent,
                iteration,
                response_time: noise + order + slower,
                tokens_per_second: -noise - order - slower,
            }
        };
        (1..=n).map(pair).collect()
    }

    fn of(table: &[Trust], iterations: u32, slowdown: f64, is_measured: bool) -> [f64; 4] {
        let is_it = |row: &&Trust| {
            row.iterations == iterations
                && row.slowdown_percent == slowdown
                && row.quantity == Quantity::ResponseTime
                && row.is_noise_measured == is_measured
        };
        table.iter().find(is_it).expect("a line").shares
    }

    #[test]
    fn on_a_machine_with_two_percent_of_noise_the_rule_keeps_its_word() {
        let mut pairs = recorded(0.0, 0.02, 60);
        pairs.extend(recorded(5.0, 0.02, 60));
        pairs.extend(recorded(20.0, 0.02, 60));
        let table = trust(&pairs);
        assert_eq!(table.len(), 24);
        for is_measured in [true, false] {
            for iterations in [3, 10] {
                let [better, worse, ..] = of(&table, iterations, 0.0, is_measured);
                assert!(better + worse <= 0.05, "{iterations}: {better} {worse}");
            }
        }
        let [_, worse, ..] = of(&table, 10, 5.0, true);
        assert!(worse >= 0.8, "5 %: {worse}");
        let [_, worse, ..] = of(&table, 3, 20.0, true);
        assert!(worse >= 0.95, "20 %: {worse}");
        for row in &table {
            assert!((row.shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn nothing_recorded_says_nothing() {
        assert_eq!(trust(&[]), []);
        assert_eq!(pairs(0.0, &[]), []);
    }
}
