//! Which requests are far from the others of their prompt. They are flagged and
//! stay in every figure.

use std::collections::BTreeMap;

use crate::domain::metrics::Reading;
use crate::domain::outlier::{
    OUTLIER_DEVIATIONS, OUTLIER_FLOOR, Outlier, OutlierFigure, Outliers, Work,
};
use crate::domain::sample::RequestSample;

const FIGURES: [OutlierFigure; 2] = [
    OutlierFigure::ResponseTimeS,
    OutlierFigure::TimeToFirstTokenMs,
];

/// The outliers in the order of the schedule; a reason where no work was done
/// often enough to tell.
pub(super) fn outliers<'a>(
    requests: impl IntoIterator<Item = &'a RequestSample>,
) -> Reading<Outliers> {
    // The same work: the same prompt, and as many tokens generated.
    let mut by_work: BTreeMap<Work, Vec<&RequestSample>> = BTreeMap::new();
    for request in requests {
        let work = Work {
            prompt: request.prompt,
            n_generated: request.generation.n_generated,
        };
        by_work.entry(work).or_default().push(request);
    }
    let most = by_work.values().map(Vec::len).max().unwrap_or(0);
    if most < OUTLIER_FLOOR {
        return Reading::NotMeasured(format!(
            "it takes {OUTLIER_FLOOR} requests of the same prompt and length, and there are {most}"
        ));
    }
    by_work.retain(|_, requests| requests.len() >= OUTLIER_FLOOR);
    let mut found: Vec<Outlier> = by_work
        .values()
        .flat_map(|requests| FIGURES.map(|figure| far(requests, figure)))
        .flatten()
        .collect();
    found.sort_by_key(|outlier| (outlier.iteration, outlier.prompt));
    let n_looked_at: usize = by_work.values().map(Vec::len).sum();
    Reading::Measured(Outliers {
        found,
        n_looked_at: u32::try_from(n_looked_at).unwrap_or(u32::MAX),
        looked_at: by_work.into_keys().collect(),
    })
}

/// Those whose `figure` is far from the median of all.
fn far(requests: &[&RequestSample], figure: OutlierFigure) -> Vec<Outlier> {
    let values: Vec<f64> = requests.iter().map(|r| value(r, figure)).collect();
    let median = median(values.clone());
    let deviation = self::median(values.iter().map(|value| (value - median).abs()).collect());
    let limit = OUTLIER_DEVIATIONS * deviation;
    let is_far = |value: f64| {
        // Without a deviation more than half are equal to the clock: nothing
        // says how far is far.
        deviation > 0.0 && (value - median).abs() > limit
    };
    let outlier = |(request, value): (&&RequestSample, f64)| {
        is_far(value).then_some(Outlier {
            iteration: request.iteration,
            prompt: request.prompt,
            figure,
            value,
            median,
        })
    };
    requests.iter().zip(values).filter_map(outlier).collect()
}

fn value(request: &RequestSample, figure: OutlierFigure) -> f64 {
    match figure {
        OutlierFigure::ResponseTimeS => request.generation.response_time_s,
        OutlierFigure::TimeToFirstTokenMs => request.generation.time_to_first_token_s * 1e3,
    }
}

/// The middle value, or the mean of the two in the middle; of at least one.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    if values.len().is_multiple_of(2) {
        f64::midpoint(values[half - 1], values[half])
    } else {
        values[half]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::sample::{Generation, MemoryReading, StopReason};

    fn request(iteration: u32, prompt: u32, response_time_s: f64) -> RequestSample {
        RequestSample {
            iteration,
            prompt,
            generation: Generation {
                n_prompt_tokens: 5,
                n_generated: 16,
                response_time_s,
                time_to_first_token_s: 0.1,
                prefill_s: 0.1,
                decode_s: 0.1,
                token_gaps_ns: Vec::new(),
                cpu_s: 0.1,
                cpu_decode_s: 0.1,
                cpu_between_turns_s: 0.0,
                major_page_faults: None,
                memory: MemoryReading::default(),
                text: String::new(),
                stop: StopReason::MaxTokens,
            },
        }
    }

    /// Ten times a prompt, 1 % apart from each other; the last takes `last`.
    fn ten(prompt: u32, last: f64) -> Vec<RequestSample> {
        let mut times: Vec<f64> = (0..9).map(|i| 1.0 + f64::from(i) / 100.0).collect();
        times.push(last);
        let request = |(i, time)| request(i, prompt, time);
        (1..).zip(times).map(request).collect()
    }

    #[test]
    fn ten_robust_deviations_are_far() {
        // Sorted: 1.00 to 1.08 and the last. Median 1.045; deviations from it
        // 0.005 twice, 0.015 twice, 0.025 twice ...: their median is 0.025,
        // and 14.826 of it 0.37065.
        for (last, is_far) in [(1.41, false), (1.42, true), (0.67, false)] {
            let Reading::Measured(Outliers { found, .. }) = outliers(&ten(1, last)) else {
                panic!("ten are enough");
            };
            assert_eq!(found.len(), usize::from(is_far), "{last}: {found:?}");
            if let Some(found) = found.first() {
                assert_eq!((found.iteration, found.prompt), (10, 1));
                assert_eq!(found.value, last);
                assert!((found.median - 1.045).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn a_prompt_is_held_against_itself_alone() {
        // Every request of the second prompt is far from those of the first.
        let mut requests = ten(1, 1.09);
        requests.extend(ten(2, 9.0).into_iter().map(|mut request| {
            request.generation.response_time_s *= 100.0;
            request
        }));
        let Reading::Measured(Outliers { found, .. }) = outliers(&requests) else {
            panic!("ten are enough");
        };
        let places: Vec<(u32, u32)> = found.iter().map(|o| (o.iteration, o.prompt)).collect();
        assert_eq!(places, [(10, 2)]);
    }

    #[test]
    fn fewer_than_ten_are_not_judged_and_that_is_said() {
        let found = outliers(&ten(1, 50.0)[1..]);
        assert!(
            found.reason().is_some_and(|reason| reason.ends_with("9")),
            "{found:?}"
        );
        // Ten requests, of two lengths.
        let mut requests = ten(1, 50.0);
        requests[0].generation.n_generated = 3;
        assert!(outliers(&requests).reason().is_some());
        assert!(outliers(&[]).reason().is_some());
    }

    #[test]
    fn equal_values_say_nothing_of_what_is_far() {
        let mut requests = ten(1, 50.0);
        for request in &mut requests[..9] {
            request.generation.response_time_s = 1.0;
        }
        let Reading::Measured(outliers) = outliers(&requests) else {
            panic!("ten are enough");
        };
        assert_eq!(outliers.found, []);
        assert_eq!(outliers.n_looked_at, 10);
        let (prompt, n_generated) = (1, 16);
        assert_eq!(
            outliers.looked_at,
            [Work {
                prompt,
                n_generated
            }]
        );
    }

    proptest! {
        #[test]
        fn half_of_them_are_never_far(times in prop::collection::vec(1e-6f64..1e6, 10..60)) {
            let n = times.len();
            let requests: Vec<_> = (1..).zip(times).map(|(i, time)| request(i, 1, time)).collect();
            let found = outliers(&requests);
            let n_far = found.value().map_or(0, |outliers| outliers.found.len());
            prop_assert!(n_far * 2 < n, "{n_far} of {n}");
        }
    }
}
