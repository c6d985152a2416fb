//! The change that one request of both models shows, told from its turns.
//!
//! What else a machine does comes in bursts: most turns see nothing of it, and a
//! few are made longer by half. A mean over all of them is as uncertain as the
//! worst one. Each turn is therefore compared with the same turn of the other
//! model, which did the same work within a second of it, and the mean is taken
//! over the middle half of the ratios (the interquartile mean: R. Hogg 1974,
//! "Adaptive robust procedures", JASA 69:909-923; J. Tukey's midmean).

use super::statistics::interquartile_mean;
use crate::domain::defaults::TURN_TOKENS;
use crate::domain::sample::Generation;

/// ln(variant / baseline) of the time between tokens: the interquartile mean over
/// the turns that both took. None without two tokens of each, or where the clock
/// saw no time pass.
pub(super) fn decode_time(baseline: &Generation, variant: &Generation) -> Option<f64> {
    let (base, other) = (&baseline.token_gaps_ns, &variant.token_gaps_ns);
    let n_gaps = base.len().min(other.len());
    let n_turns = n_gaps.div_ceil(TURN_TOKENS as usize);
    // Of equal length: a remainder of one token would count as much as a turn.
    let turn = |place: usize| place * n_gaps / n_turns..(place + 1) * n_gaps / n_turns;
    let seconds = |gaps: &[u64]| gaps.iter().sum::<u64>() as f64 / 1e9;
    let log = |place| ln(seconds(&base[turn(place)]), seconds(&other[turn(place)]));
    let logs: Vec<f64> = (0..n_turns).map(log).collect::<Option<_>>()?;
    interquartile_mean(&logs)
}

/// ln(variant / baseline) of the response time. It is the time to the first token
/// and the time between tokens; the ratio of the latter is the one that the turns
/// show, around their geometric mean. Where the models produced unequally many
/// tokens turns say nothing of the whole, and the times are compared as they are.
pub(super) fn response_time(baseline: &Generation, variant: &Generation) -> Option<f64> {
    let has_same_turns = baseline.n_generated == variant.n_generated;
    let Some(decode) = decode_time(baseline, variant).filter(|_| has_same_turns) else {
        return ln(baseline.response_time_s, variant.response_time_s);
    };
    let middle = (baseline.decode_s * variant.decode_s).sqrt();
    ln(
        baseline.time_to_first_token_s + middle * (-decode / 2.0).exp(),
        variant.time_to_first_token_s + middle * (decode / 2.0).exp(),
    )
}

/// ln(variant / baseline), only of what can be told: both above 0.
pub(super) fn ln(baseline: f64, variant: f64) -> Option<f64> {
    let ln = (variant / baseline).ln();
    (baseline > 0.0 && variant > 0.0 && ln.is_finite()).then_some(ln)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::sample::{MemoryReading, StopReason};

    /// An answer of tokens with these gaps, ns, and a first token after 0.1 s.
    fn answer(gaps: Vec<u64>) -> Generation {
        let decode_s = gaps.iter().sum::<u64>() as f64 / 1e9;
        Generation {
            n_prompt_tokens: 8,
            n_generated: u32::try_from(gaps.len()).unwrap() + 1,
            response_time_s: 0.1 + decode_s,
            time_to_first_token_s: 0.1,
            prefill_s: 0.09,
            decode_s,
            token_gaps_ns: gaps,
            cpu_s: 0.0,
            cpu_decode_s: 0.0,
            cpu_between_turns_s: 0.0,
            major_page_faults: None,
            memory: MemoryReading::default(),
            text: String::new(),
            stop: StopReason::MaxTokens,
        }
    }

    #[test]
    fn a_burst_in_some_turns_moves_nothing() {
        let even = answer(vec![10_000_000; 127]);
        let mut gaps = vec![11_000_000; 127];
        gaps[20] = 900_000_000;
        gaps[90] = 400_000_000;
        let disturbed = answer(gaps);
        let found = decode_time(&even, &disturbed).unwrap();
        assert!((found - 1.1_f64.ln()).abs() < 1e-9, "{found}");
    }

    #[test]
    fn a_cost_of_every_turn_counts_whole() {
        // Each eighth token takes 40 ms more: 15 ms in the mean over 10 ms.
        let even = answer(vec![10_000_000; 128]);
        let gap = |token: u64| match token % 8 {
            0 => 50_000_000,
            _ => 10_000_000,
        };
        let stalling = answer((0..128).map(gap).collect());
        let found = decode_time(&even, &stalling).unwrap();
        assert!((found - 1.5_f64.ln()).abs() < 1e-9, "{found}");
    }

    #[test]
    fn a_response_is_its_first_token_and_the_rest() {
        // 0.1 + 1.27 s, and 0.1 + 2.54 s.
        let (one, two) = (answer(vec![10_000_000; 127]), answer(vec![20_000_000; 127]));
        let found = response_time(&one, &two).unwrap();
        assert!((found - (2.64_f64 / 1.37).ln()).abs() < 1e-9, "{found}");
    }

    #[test]
    fn unequally_long_answers_are_compared_as_they_are() {
        let (long, short) = (answer(vec![10_000_000; 90]), answer(vec![20_000_000; 9]));
        let found = response_time(&long, &short).unwrap();
        assert!((found - (0.28_f64 / 1.0).ln()).abs() < 1e-9, "{found}");
        let found = decode_time(&long, &short).unwrap();
        assert!((found - 2.0_f64.ln()).abs() < 1e-9, "{found}");
    }

    #[test]
    fn one_token_has_a_response_time_and_no_speed() {
        let one = answer(vec![]);
        assert_eq!(decode_time(&one, &one), None);
        assert_eq!(response_time(&one, &one), Some(0.0));
        let stopped_clock = answer(vec![0; 8]);
        assert_eq!(decode_time(&one, &stopped_clock), None);
        assert_eq!(decode_time(&stopped_clock, &stopped_clock), None);
    }

    proptest! {
        #[test]
        fn the_other_way_round_is_the_opposite(
            gaps in prop::collection::vec((1u64..1 << 40, 1u64..1 << 40), 1..200),
        ) {
            let (one, other): (Vec<u64>, Vec<u64>) = gaps.into_iter().unzip();
            let (one, other) = (answer(one), answer(other));
            for change in [decode_time, response_time] {
                let (there, back) = (change(&one, &other).unwrap(), change(&other, &one).unwrap());
                prop_assert!((there + back).abs() < 1e-9, "{} {}", there, back);
            }
        }
    }
}
