//! A run on the command line: asked for, followed to its end, or ended there.

use std::io::IsTerminal;
use std::time::Duration;

use anyhow::{anyhow, bail};
use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};
use tokio::sync::broadcast::error::RecvError;

use super::flags::with_flags;
use super::waiting::Wait;
use crate::bench::Conduct;
use crate::domain::event::{RunEvent, Stage, StageName};
use crate::domain::run::{Run, RunStatus};
use crate::domain::units;
use crate::library::Located;
use crate::queue::Job;
use crate::server::{AppState, Asked, asked_to_end};

/// Carries out a run and gives it, measured. Ctrl-C cancels it.
pub(super) async fn measured(
    state: &AppState,
    asked: impl Into<Asked>,
    located: Located,
    conduct: Conduct,
) -> anyhow::Result<Run> {
    let job = state.submit(asked, located, conduct).await;
    let job = job.map_err(|error| anyhow!(with_flags(&error.to_string())))?;
    let ended = async {
        // Of an end before the first look nothing is heard.
        tokio::select! {
            biased;
            () = follow(&job) => {}
            () = job.ended() => {}
        }
        job.ended().await;
    };
    tokio::select! {
        () = ended => {}
        () = asked_to_end() => {
            state.cancel(job.id.0).await?;
        }
    }
    let run = state.run(job.id.0).await?;
    match &run.failure {
        _ if run.status == RunStatus::Done => Ok(run),
        Some(failure) => bail!(
            "run {} failed: {}\n{}",
            run.id,
            with_flags(&failure.message),
            failure.log_tail.join("\n")
        ),
        None if run.status == RunStatus::Cancelled => bail!("run {} was cancelled", run.id),
        None => bail!("run {} ended as {}", run.id, run.status.word()),
    }
}

async fn follow(job: &Job) {
    if std::io::stderr().is_terminal() {
        follow_on_a_terminal(job).await;
    } else {
        say_that_it_waits(job).await;
    }
}

/// Into a pipe goes no progress: that it waits is said once, or silence would look
/// like a fault, and that it goes on.
async fn say_that_it_waits(job: &Job) {
    let mut events = job.subscribe();
    let announced = || Wait::for_machine(&ProgressBar::hidden());
    let mut wait = job.waits_for_machine().then(announced);
    loop {
        match events.recv().await.map(|event| event.event) {
            Ok(RunEvent::WaitingForMachine) => {
                wait.get_or_insert_with(announced);
            }
            // It is being measured.
            Ok(RunEvent::Stage(_)) => break,
            Err(RecvError::Closed) => return,
            Ok(event) if event.is_terminal() => return,
            Ok(_) | Err(RecvError::Lagged(_)) => {}
        }
    }
    if let Some(wait) = wait {
        wait.over();
    }
}

async fn follow_on_a_terminal(job: &Job) {
    let bar = ProgressBar::new(1000).with_finish(ProgressFinish::AndClear);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent:>3} %  {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    let mut events = job.subscribe();
    if job.waits_for_machine() {
        Wait::for_machine(&bar);
    }
    let mut place = String::new();
    loop {
        match events.recv().await.map(|event| event.event) {
            Ok(RunEvent::Stage(stage)) => {
                place = in_words(&stage);
                bar.set_position((stage.fraction_done * 1000.0) as u64);
            }
            Ok(RunEvent::Live(live)) => {
                bar.set_position((live.fraction_done * 1000.0) as u64);
                let left = live
                    .seconds_left
                    .map(|s| format!(", {} left", units::duration(s)));
                bar.set_message(format!("{place}{}", left.unwrap_or_default()));
            }
            Ok(RunEvent::Making(making)) => {
                let count = making.count().map(|count| format!(", {count}"));
                let step = making.step.words();
                bar.set_message(format!("{place}: {step}{}", count.unwrap_or_default()));
            }
            Ok(RunEvent::WaitingForMachine) => {
                Wait::for_machine(&bar);
            }
            Ok(event) if event.is_terminal() => break,
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => break,
        }
    }
    bar.finish_and_clear();
}

fn in_words(stage: &Stage) -> String {
    let arm = stage.arm.as_ref().map(|arm| format!("{arm}, "));
    let arm = arm.unwrap_or_default();
    let name = stage.name.words();
    if matches!(
        stage.name,
        StageName::Pruning | StageName::Quantizing | StageName::Quality | StageName::Summarizing
    ) {
        return format!("{arm}{name}");
    }
    let prompt = stage
        .prompt
        .map(|n| format!(", prompt {n} of {}", stage.prompts));
    format!(
        "{arm}iteration {} of {}: {name}{}",
        stage.iteration,
        stage.iterations,
        prompt.unwrap_or_default()
    )
}
