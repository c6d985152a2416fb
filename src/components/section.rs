//! The sections of the dashboard that show runs.

use crate::domain::run::Technique;

/// A section, and what it says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// The model as it is.
    Baseline,
    /// Quantized variants against it.
    Quantization,
    /// The model against itself; on the page of its run alone.
    Noise,
}

impl Section {
    /// The one that shows runs of a technique.
    pub fn of(technique: Technique) -> Self {
        match technique {
            Technique::Baseline => Self::Baseline,
            Technique::Quantization => Self::Quantization,
            Technique::Noise => Self::Noise,
        }
    }

    /// The element's id.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Quantization => "quantization",
            Self::Noise => "noise",
        }
    }

    /// The heading's id.
    pub fn title_id(self) -> &'static str {
        match self {
            Self::Baseline => "baseline-title",
            Self::Quantization => "quantization-title",
            Self::Noise => "noise-title",
        }
    }

    /// The id of the button that ends its run.
    pub(super) fn cancel_id(self) -> &'static str {
        match self {
            Self::Baseline => "cancel-run",
            Self::Quantization => "cancel-quantization",
            Self::Noise => "cancel-noise",
        }
    }

    /// The heading.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Baseline => "Baseline Benchmark",
            Self::Quantization => "Quantization",
            Self::Noise => "Model against itself",
        }
    }

    /// The button that starts a run.
    pub(super) fn run_words(self) -> &'static str {
        match self {
            Self::Baseline => "Run baseline",
            Self::Quantization => "Run quantization",
            Self::Noise => "Run",
        }
    }

    /// What it says while it shows no run.
    pub(super) fn idle(self) -> &'static str {
        match self {
            Self::Baseline => "Measures the model as it is: the figures to compare with.",
            Self::Quantization => "Fewer bits per weight: smaller and faster, at some loss.",
            Self::Noise => "Measures what the model shows where nothing differs: the noise band.",
        }
    }
}
