//! What the measured variants of a model buy and cost, as their runs are judged now.

use super::AppState;
use crate::domain::compare::Judgement;
use crate::domain::error::AppError;
use crate::domain::model::ModelId;
use crate::domain::run::RunId;
use crate::domain::trade_off::TradeOff;

impl AppState {
    /// Each variant once. A verdict that rests on assumed noise is that which its
    /// run has now.
    pub(crate) async fn trade_offs(&self, model: &ModelId) -> Result<Vec<TradeOff>, AppError> {
        let mut found = self.store().trade_offs(model).await?;
        let is_assumed = |one: &&TradeOff| {
            let verdict = one.speed_verdict.as_ref();
            verdict.is_some_and(Judgement::assumes_noise)
        };
        let assumed = found.iter().filter(is_assumed);
        let mut runs: Vec<RunId> = assumed.map(|one| one.run_id).collect();
        runs.sort_unstable();
        runs.dedup();
        for id in runs {
            // Deleted since, or unreadable: the verdict stays as it was kept.
            let Ok(Some(mut run)) = self.store().run(id).await else {
                continue;
            };
            self.judge(&mut run).await?;
            let Some(comparison) = run.comparison else {
                continue;
            };
            let of_run = found.iter_mut().filter(|one| one.run_id == id);
            of_run.for_each(|one| one.judge_by(&comparison));
        }
        Ok(found)
    }
}
