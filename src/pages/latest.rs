//! Which of the stored runs a section shows.

use leptos::prelude::*;

use crate::components::section::Section;
use crate::domain::model::ModelId;
use crate::domain::run::{Run, Technique};

/// Whether a section shows this run. That of the baseline also shows the
/// baseline that a comparison has measured.
fn is_shown(section: Section, run: &Run) -> bool {
    match section {
        Section::Baseline => {
            run.technique == Technique::Baseline
                || (run.status.is_terminal() && run.baseline().is_some())
        }
        _ => Section::of(run.technique) == section,
    }
}

/// The section's latest run of a model.
pub(super) fn latest_of(latest: &[Run], model: Option<&ModelId>, section: Section) -> Option<Run> {
    let fits = |run: &&Run| Some(&run.model.id) == model && is_shown(section, run);
    latest.iter().filter(fits).max_by_key(|run| run.id).cloned()
}

/// The run that goes on in a section.
pub(super) fn active_of(active: &[Run], section: Section) -> Option<Run> {
    let fits = |run: &&Run| Section::of(run.technique) == section;
    active.iter().find(fits).cloned()
}

/// Keeps the shown run, so that it is found when its model is chosen again.
pub(super) fn keep_latest(latest: StoredValue<Vec<Run>>, shown: Option<Run>) {
    if let Some(run) = shown {
        latest.update_value(|latest| {
            latest.retain(|known| known.id != run.id);
            latest.push(run);
        });
    }
}
