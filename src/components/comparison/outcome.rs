//! A comparison that is over: what it found, or why it found nothing.

use leptos::prelude::*;

use super::again::Again;
use super::view::ComparisonView;
use crate::components::each::each;
use crate::components::gauges::Warnings;
use crate::components::outcome::{
    ArmDetails, BaselineFigures, EnvironmentFold, MeasuredOn, Unstable, ending,
};
use crate::domain::benchmark::ArmResult;
use crate::domain::model::Model;
use crate::domain::run::Run;

/// Everything that a comparison left.
#[component]
pub fn ComparisonOutcome(
    /// The run; over.
    run: Run,
    /// The smaller file that the run's model is an upcast of, where it is known.
    original: Option<Model>,
    /// Starts the run again, where that can be done.
    again: Option<Again>,
    /// Whether what belongs to single arms is shown, too.
    is_whole: bool,
) -> impl IntoView {
    let end = ending(&run);
    let unstable = run.disturbances();
    let warnings = run.warnings();
    let warnings = (!warnings.is_empty()).then(|| view! { <Warnings warnings/> });
    let arms = is_whole.then(|| view! { <Arms run=run.clone()/> });
    let environment = run.environment.clone();
    view! {
        {end}
        <Unstable reasons=unstable/>
        {warnings}
        <ComparisonView run original again/>
        <MeasuredOn environment/>
        {arms}
    }
}

/// The baseline's figures, every variant's latency and answers, and the machine.
#[component]
fn Arms(run: Run) -> impl IntoView {
    let environment = run.environment.clone();
    let prompts = run.spec.prompts.clone();
    let variants: Vec<ArmResult> = run.arms.iter().skip(1).cloned().collect();
    let baseline = (!run.arms.is_empty()).then(|| {
        view! {
            <details class="fold">
                <summary>"The baseline's figures"</summary>
                <div class="whole">
                    <BaselineFigures run/>
                </div>
            </details>
        }
    });
    let variant = move |arm: ArmResult| {
        let label = arm.label();
        // Said above the table already, with all arms'.
        let arm = ArmResult {
            warnings: Vec::new(),
            ..arm
        };
        let prompts = prompts.clone();
        view! {
            <details class="fold">
                <summary>{format!("{label}: latency and answers")}</summary>
                <div class="whole">
                    <ArmDetails arm prompts/>
                </div>
            </details>
        }
    };
    view! {
        {baseline}
        {each(variants, variant)}
        <EnvironmentFold environment/>
    }
}
