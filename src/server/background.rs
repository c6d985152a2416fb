//! Measures models against themselves while nobody needs the machine, where the
//! user lets it: verdicts then rest on noise that was measured.

use std::time::Duration;

use super::AppState;
use crate::bench::Conduct;
use crate::domain::background::Background;
use crate::domain::error::AppError;
use crate::domain::filter::RunFilter;
use crate::domain::label::LabelChange;
use crate::domain::noise::NoiseKey;
use crate::domain::run::{Run, RunStatus, Technique};

/// Where the switch is kept.
const SETTING: &str = "noise_in_background";
/// Latest runs among which one is looked for whose noise is assumed.
const LATEST: u32 = 20;
/// What stands beside such a run in the history.
const NOTE: &str = "Measured by Whittle itself, while nobody needed the machine: what this model \
                    shows where nothing differs. The settings switch that off.";

/// When the machine counts as idle, beside that nothing is measured or waits.
#[derive(Debug, Clone, Copy)]
pub struct Idleness {
    /// How often is looked.
    pub interval: Duration,
    /// Load average of the last minute, of one for each logical core, up to which
    /// it does; what Whittle measured itself must have faded away, too.
    pub load_limit: f64,
}

impl Default for Idleness {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(60),
            load_limit: 0.25,
        }
    }
}

/// Looks from time to time whether there is something to measure and nobody needs
/// the machine. Ends with the queue, or at once where it is not allowed.
pub async fn measure_in_background(state: AppState) {
    let Some(idleness) = state.parts.background else {
        return;
    };
    let ending = state.queue().shut_down_done();
    let work = async {
        // Whatever came of it is not tried again before the next start.
        let mut tried = Vec::new();
        loop {
            tokio::time::sleep(idleness.interval).await;
            if let Err(error) = state.measure_if_idle(idleness, &mut tried).await {
                tracing::warn!(%error, "a model could not be measured against itself");
            }
        }
    };
    tokio::select! {
        () = work => {}
        () = ending.cancelled() => {}
    }
}

impl AppState {
    /// Whether models are measured so, and which now.
    pub(crate) async fn background(&self) -> Result<Background, AppError> {
        Ok(Background {
            is_on: self.store().setting(SETTING).await?.unwrap_or(true),
            is_allowed: self.parts.background.is_some(),
            run: self.queue().in_background(),
        })
    }

    /// Switches it on or off; off ends what is being measured so.
    pub(crate) async fn set_background(&self, is_on: bool) -> Result<Background, AppError> {
        self.store().keep_setting(SETTING, &is_on).await?;
        if !is_on {
            self.queue().withdraw_background().await;
        }
        self.background().await
    }

    async fn measure_if_idle(
        &self,
        idleness: Idleness,
        tried: &mut Vec<NoiseKey>,
    ) -> Result<(), AppError> {
        if !self.background().await?.is_on || !self.is_idle(idleness).await? {
            return Ok(());
        }
        let Some((run, key)) = self.with_assumed_noise(tried).await? else {
            return Ok(());
        };
        // Before anything can fail: a model that is gone is not asked for again.
        tried.push(key);
        let spec = run.spec.against_itself();
        let located = self.locate_id(run.model.id.0).await?;
        let (plan, open) = self.plan(&spec.into(), located, Conduct::default()).await?;
        let job = self.queue().submit_in_background(plan, open).await?;
        let note = LabelChange {
            note: Some(Some(NOTE.to_owned())),
            ..LabelChange::default()
        };
        self.store().label_run(job.id, &note).await?;
        // Switched off between the look and the start.
        if !self.background().await?.is_on {
            self.queue().withdraw_background().await;
        }
        job.ended().await;
        if job.is_withdrawn() {
            tried.pop();
        }
        Ok(())
    }

    async fn is_idle(&self, idleness: Idleness) -> Result<bool, AppError> {
        let room = self.room().await?;
        let most = idleness.load_limit * f64::from(room.logical_cores.max(1));
        // A system that does not tell its load is never known to be quiet.
        let is_quiet = room.load_average.is_some_and(|load| load <= most);
        Ok(is_quiet && self.queue().is_idle())
    }

    /// The latest comparison whose verdicts rest on assumed noise, with what that
    /// noise depends on.
    async fn with_assumed_noise(
        &self,
        tried: &[NoiseKey],
    ) -> Result<Option<(Run, NoiseKey)>, AppError> {
        let latest = self
            .store()
            .runs(&RunFilter::default(), None, LATEST)
            .await?;
        let compared = latest.into_iter().filter(|run| {
            run.status == RunStatus::Done && Technique::of(&run.recipes) != Technique::Noise
        });
        for summary in compared {
            let run = self.run(summary.id.0).await?;
            let Some(key) = NoiseKey::of_run(&run) else {
                continue;
            };
            if !tried.contains(&key) && self.store().noise(&key).await?.is_none() {
                return Ok(Some((run, key)));
            }
        }
        Ok(None)
    }
}
