//! The parts of a run, and which of them a step is.

use crate::bench::schedule::{Act, Step};
use crate::domain::event::StageName;

/// A place in a run.
#[derive(Debug, Clone, Copy)]
pub(in crate::bench) struct Place {
    /// The part of the run.
    pub(in crate::bench) name: StageName,
    /// Whose turn it is, where it is somebody's.
    pub(in crate::bench) arm: Option<usize>,
    /// From 1.
    pub(in crate::bench) iteration: u32,
    /// From 1 while generating.
    pub(in crate::bench) prompt: Option<u32>,
}

impl Place {
    /// Before and after the launches.
    pub(in crate::bench) fn beside(name: StageName, arm: Option<usize>) -> Self {
        Self {
            name,
            arm,
            iteration: 1,
            prompt: None,
        }
    }

    /// The place of a step; none: the end of a worker is no stage.
    pub(in crate::bench) fn of(step: Step, iteration: u32) -> Option<Self> {
        let (name, prompt) = match step.act {
            Act::Load => (StageName::Loading, None),
            Act::WarmUp => (StageName::WarmingUp, None),
            Act::Prefill => (StageName::Prefill, None),
            Act::Request(prompt) | Act::Turns(prompt) => (StageName::Generating, Some(prompt)),
            Act::Stop => return None,
        };
        let are_all = matches!(step.act, Act::Turns(_));
        Some(Self {
            name,
            arm: (!are_all).then_some(step.arm),
            iteration,
            prompt,
        })
    }
}
