//! Requests far from the others of their prompt: flagged, never dropped.

use serde::{Deserialize, Serialize};

use super::metrics::Reading;
use super::order::in_order;
use super::units;

/// Requests of the same work that it takes to tell one of them from the rest.
/// hyperfine and criterion both measure ten times at least; of ten values of a
/// normal distribution the rule below flags one in 0.2 % of all samples, of
/// five in 3 % and of three in 11 % (20,000 simulated samples each).
pub const OUTLIER_FLOOR: usize = 10;

/// Distance from the median above which a value is an outlier, in median
/// absolute deviations. hyperfine's threshold (src/outlier_detection.rs, after
/// Iglewicz and Hoaglin, 1993): 1.4826 makes a standard deviation of the median
/// absolute deviation, and an outlier is ten of them away.
pub const OUTLIER_DEVIATIONS: f64 = 1.4826 * 10.0;

/// Outliers that a sentence names one by one.
const NAMED: usize = 3;

/// The figures of a request that are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OutlierFigure {
    /// Request start to last token, s.
    ResponseTimeS,
    /// Request start to first token sampled, ms.
    TimeToFirstTokenMs,
}

/// A figure of a request that is far from those of the same prompt in the
/// other launches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Outlier {
    /// From 1.
    pub iteration: u32,
    /// From 1.
    pub prompt: u32,
    /// The figure, with its unit in its name.
    pub figure: OutlierFigure,
    /// Its value, in that unit.
    pub value: f64,
    /// The median over the launches, in that unit.
    pub median: f64,
}

/// What looking for outliers gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Outliers {
    /// The outliers, in the order of the schedule.
    pub found: Vec<Outlier>,
    /// Requests that were looked at: those whose work was done often enough.
    pub n_looked_at: u32,
    /// Their work.
    pub looked_at: Vec<Work>,
}

/// What makes two requests comparable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Work {
    /// Which prompt, from 1.
    pub prompt: u32,
    /// Tokens generated.
    pub n_generated: u32,
}

/// What a reader should know of the outliers among `n_requests`, in sentences.
pub fn in_words(outliers: &Reading<Outliers>, n_requests: u64) -> String {
    let Outliers {
        found, n_looked_at, ..
    } = match outliers {
        Reading::NotMeasured(reason) => return format!("Outliers are not flagged: {reason}."),
        Reading::Measured(found) => found,
    };
    let rule = "more than 10 robust standard deviations (1.4826 × the median absolute deviation) \
                from the median of the same prompt";
    let n_looked_at = u64::from(*n_looked_at);
    let looked_at = units::plural(n_looked_at, "request", "requests");
    let all = match n_requests.saturating_sub(n_looked_at) {
        0 => looked_at,
        n => format!(
            "{looked_at} ({} of fewer than {OUTLIER_FLOOR} of a kind not looked at)",
            units::count(n)
        ),
    };
    let n = n_outliers(found);
    if n == 0 {
        return format!("None of {all} is an outlier, {rule}.");
    }
    let named: Vec<String> = found.iter().take(NAMED).map(Outlier::in_words).collect();
    let more = match found.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!("; and {more} more in the export"),
    };
    let (are, kept) = match n {
        1 => ("is an outlier", "It is kept"),
        _ => ("are outliers", "They are kept"),
    };
    format!(
        "{n} of {all} {are}, {rule}: {}{more}. {kept} in every figure.",
        named.join("; ")
    )
}

/// Requests among them: both figures of one may be far.
fn n_outliers(found: &[Outlier]) -> usize {
    let places = found.iter().map(|o| (o.iteration, o.prompt));
    let mut places = in_order(places, |place| *place);
    places.dedup();
    places.len()
}

impl Outlier {
    fn in_words(&self) -> String {
        let (value, median) = (units::number(self.value), units::number(self.median));
        let what = match self.figure {
            OutlierFigure::ResponseTimeS => {
                format!("took {value} s where the median is {median} s")
            }
            OutlierFigure::TimeToFirstTokenMs => {
                format!("took {value} ms to its first token where the median is {median} ms")
            }
        };
        format!(
            "iteration {}, prompt {} {what}",
            self.iteration, self.prompt
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outlier(iteration: u32, figure: OutlierFigure) -> Outlier {
        Outlier {
            iteration,
            prompt: 1,
            figure,
            value: 2.4,
            median: 1.1,
        }
    }

    fn among(n_looked_at: u32, found: Vec<Outlier>) -> Reading<Outliers> {
        Reading::Measured(Outliers {
            found,
            n_looked_at,
            looked_at: Vec::new(),
        })
    }

    #[test]
    fn an_outlier_is_named_and_kept() {
        let found = vec![outlier(3, OutlierFigure::ResponseTimeS)];
        let said = in_words(&among(30, found), 30);
        assert!(said.starts_with("1 of 30 requests is an outlier"), "{said}");
        assert!(
            said.ends_with(
                "iteration 3, prompt 1 took 2.40 s where the median is 1.10 s. \
                 It is kept in every figure."
            ),
            "{said}"
        );
    }

    #[test]
    fn a_request_counts_once_and_a_long_list_is_cut() {
        let both = vec![
            outlier(3, OutlierFigure::ResponseTimeS),
            outlier(3, OutlierFigure::TimeToFirstTokenMs),
        ];
        assert!(in_words(&among(10, both), 10).starts_with("1 of 10 requests is"));
        let many = (1..=5).map(|i| outlier(i, OutlierFigure::ResponseTimeS));
        let said = in_words(&among(50, many.collect()), 50);
        assert!(said.starts_with("5 of 50 requests are outliers"), "{said}");
        assert!(said.contains("; and 2 more in the export."), "{said}");
    }

    #[test]
    fn none_and_not_looked_for_are_two_things() {
        let none = in_words(&among(30, Vec::new()), 30);
        assert!(none.starts_with("None of 30 requests is"), "{none}");
        let some = in_words(&among(10, Vec::new()), 30);
        assert!(
            some.starts_with("None of 10 requests (20 of fewer than 10 of a kind not looked at)"),
            "{some}"
        );
        let unknown = Reading::NotMeasured("there are 3".to_owned());
        let said = in_words(&unknown, 6);
        assert_eq!(said, "Outliers are not flagged: there are 3.");
    }
}
