//! The sections of the dashboard that show runs.

use crate::domain::run::Technique;

/// A section, and what it says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// The model as it is.
    Baseline,
    /// Quantized variants against it.
    Quantization,
    /// Pruned variants against it.
    Pruning,
    /// The model against itself; on the page of its run alone.
    Noise,
}

/// Ids of the elements of a section, and its words.
struct Names {
    id: &'static str,
    title_id: &'static str,
    cancel_id: &'static str,
    chunks_id: &'static str,
    chunks_help_id: &'static str,
    plan_id: &'static str,
    title: &'static str,
    run_words: &'static str,
    idle: &'static str,
}

impl Section {
    /// The one that shows runs of a technique.
    pub fn of(technique: Technique) -> Self {
        match technique {
            Technique::Baseline => Self::Baseline,
            Technique::Quantization => Self::Quantization,
            Technique::Pruning => Self::Pruning,
            Technique::Noise => Self::Noise,
        }
    }

    /// Whether its runs can be started with other settings from what they found:
    /// a model against itself is measured by a path of its own.
    pub fn makes_variants(self) -> bool {
        matches!(self, Self::Quantization | Self::Pruning)
    }

    /// The element's id.
    pub(super) fn id(self) -> &'static str {
        self.names().id
    }

    /// The heading's id.
    pub fn title_id(self) -> &'static str {
        self.names().title_id
    }

    /// The id of the button that ends its run.
    pub(super) fn cancel_id(self) -> &'static str {
        self.names().cancel_id
    }

    /// The id of the field for the chunks that quality is measured on.
    pub fn chunks_id(self) -> &'static str {
        self.names().chunks_id
    }

    /// The id of what explains that field.
    pub(super) fn chunks_help_id(self) -> &'static str {
        self.names().chunks_help_id
    }

    /// The id of the plan in words, which also says what is wrong.
    pub(super) fn plan_id(self) -> &'static str {
        self.names().plan_id
    }

    /// The heading.
    pub(super) fn title(self) -> &'static str {
        self.names().title
    }

    /// The button that starts a run.
    pub(super) fn run_words(self) -> &'static str {
        self.names().run_words
    }

    /// What it says while it shows no run.
    pub(super) fn idle(self) -> &'static str {
        self.names().idle
    }

    fn names(self) -> Names {
        match self {
            Self::Baseline => Names {
                id: "baseline",
                title_id: "baseline-title",
                cancel_id: "cancel-run",
                chunks_id: "baseline-chunks",
                chunks_help_id: "baseline-chunks-help",
                plan_id: "baseline-plan",
                title: "Baseline Benchmark",
                run_words: "Run baseline",
                idle: "Measures the model as it is: the figures to compare with.",
            },
            Self::Quantization => Names {
                id: "quantization",
                title_id: "quantization-title",
                cancel_id: "cancel-quantization",
                chunks_id: "quality-chunks",
                chunks_help_id: "quality-help",
                plan_id: "comparison-plan",
                title: "Quantization",
                run_words: "Run quantization",
                idle: "Fewer bits per weight: smaller and faster, at some loss.",
            },
            Self::Pruning => Names {
                id: "pruning",
                title_id: "pruning-title",
                cancel_id: "cancel-pruning",
                chunks_id: "pruning-quality-chunks",
                chunks_help_id: "pruning-quality-help",
                plan_id: "pruning-plan",
                title: "Pruning",
                run_words: "Run pruning",
                idle: "Fewer weights: whole neurons or blocks go, and what stays is repaired.",
            },
            Self::Noise => Names {
                id: "noise",
                title_id: "noise-title",
                cancel_id: "cancel-noise",
                chunks_id: "noise-chunks",
                chunks_help_id: "noise-chunks-help",
                plan_id: "noise-plan",
                title: "Model against itself",
                run_words: "Run",
                idle: "Measures what the model shows where nothing differs: the noise band.",
            },
        }
    }
}
