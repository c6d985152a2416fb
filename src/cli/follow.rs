//! A run on the command line: asked for, followed to its end, or ended there.

use std::io::IsTerminal;
use std::time::Duration;

use anyhow::{anyhow, bail};
use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};
use tokio::sync::broadcast::error::RecvError;

use super::flags::with_flags;
use super::waiting::Wait;
use crate::bench::Conduct;
use crate::domain::event::{QualityLive, RunEvent, RunningLoss, Stage, StageName};
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
            Ok(RunEvent::WaitingForMachine { .. }) => {
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
    let (mut place, mut detail, mut left) = (String::new(), String::new(), String::new());
    loop {
        match events.recv().await.map(|event| event.event) {
            Ok(RunEvent::Stage(stage)) => {
                place = in_words(&stage);
                detail.clear();
                bar.set_position((stage.fraction_done * 1000.0) as u64);
            }
            Ok(RunEvent::Live(live)) => {
                bar.set_position((live.fraction_done * 1000.0) as u64);
                let seconds = live.seconds_left.map(units::duration);
                left = seconds.map_or_else(String::new, |left| format!(", {left} left"));
            }
            Ok(RunEvent::Making(making)) => {
                let count = making.count().map(|count| format!(", {count}"));
                detail = format!(": {}{}", making.step.words(), count.unwrap_or_default());
            }
            Ok(RunEvent::Quality(quality)) => detail = format!(", {}", lost_so_far(&quality)),
            Ok(RunEvent::WaitingForMachine { .. }) => {
                Wait::for_machine(&bar);
                continue;
            }
            Ok(event) if event.is_terminal() => break,
            Ok(_) | Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => break,
        }
        bar.set_message(format!("{place}{detail}{left}"));
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

/// `chunk 3 of 40, mean KLD Q4_0 0.2657, Q8_0 0.0036`, then the answers.
fn lost_so_far(quality: &QualityLive) -> String {
    if quality.n_answers > 0 {
        return format!("answer {} of {}", quality.answers_done, quality.n_answers);
    }
    let lost = |loss: &RunningLoss| Some(format!("{} {:.4}", loss.arm, loss.mean_kld?));
    let lost: Vec<String> = quality.variants.iter().filter_map(lost).collect();
    let chunks = format!("chunk {} of {}", quality.chunks_done, quality.n_chunks);
    match lost.is_empty() {
        true => chunks,
        false => format!("{chunks}, mean KLD {}", lost.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_so_far_is_said_of_each_variant() {
        let loss = |arm: &str, mean_kld| RunningLoss {
            arm: arm.to_owned(),
            mean_kld,
        };
        let mut quality = QualityLive {
            chunks_done: 0,
            n_chunks: 40,
            baseline_perplexity: None,
            variants: vec![loss("Q4_0", None), loss("Q8_0", None)],
            answers_done: 0,
            n_answers: 0,
        };
        assert_eq!(lost_so_far(&quality), "chunk 0 of 40");
        quality.chunks_done = 3;
        quality.variants = vec![loss("Q4_0", Some(0.26571)), loss("Q8_0", Some(0.0036))];
        assert_eq!(
            lost_so_far(&quality),
            "chunk 3 of 40, mean KLD Q4_0 0.2657, Q8_0 0.0036"
        );
        quality.n_answers = 6;
        assert_eq!(lost_so_far(&quality), "answer 0 of 6");
    }
}
