//! Figures with their uncertainty, and figures that are missing with the reason.

use serde::{Deserialize, Serialize};

/// A mean over launches. The launch is the replicate: requests of one launch
/// are averaged first, so that the interval is not too narrow.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Figure {
    /// Mean of the launch means.
    pub mean: f64,
    /// Half of the 95 % interval of the mean (Student t, n - 1); none below
    /// two launches.
    pub half_width_95: Option<f64>,
    /// Sample standard deviation (n - 1) of the launch means; none below two.
    pub stddev: Option<f64>,
    /// Launches behind the mean.
    pub n_launches: u32,
    /// Single measurements behind the mean.
    pub n_samples: u32,
}

/// A value, or why there is none. Never 0, NaN or an estimate in its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Reading<T> {
    /// It was measured.
    Measured(T),
    /// It was not, for this reason.
    NotMeasured(String),
}

impl<T> Reading<T> {
    /// The value, if there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Measured(value) => Some(value),
            Self::NotMeasured(_) => None,
        }
    }

    /// The reason, if there is no value.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Measured(_) => None,
            Self::NotMeasured(reason) => Some(reason),
        }
    }
}

impl Reading<Figure> {
    /// The mean, if measured.
    pub fn mean(&self) -> Option<f64> {
        self.value().map(|figure| figure.mean)
    }
}
