//! While quality is measured: what was measured before is no worse for it.

use rustix::process::Signal;
use serde_json::{Value, json};
use whittle::domain::event::{QualityLive, RunEvent, StageName};

use super::{
    MODELS, cancel, comparison, held, house_with_slow_model, left, quantized, reads, send,
    the_next_works,
};
use crate::house::House;

/// Where quality is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Part {
    /// The models are loaded.
    Loading,
    /// The text is read.
    Scoring,
    /// The user's prompts are answered.
    Answering,
}

impl Part {
    const ALL: [Self; 3] = [Self::Loading, Self::Scoring, Self::Answering];

    /// What an event says of it.
    fn of(event: &RunEvent) -> Option<Self> {
        match event {
            RunEvent::Stage(stage) if stage.name == StageName::Quality => Some(Self::Loading),
            RunEvent::Quality(live) if live.chunks_done < live.n_chunks => Some(Self::Scoring),
            RunEvent::Quality(live) if !is_answered(live) => Some(Self::Answering),
            _ => None,
        }
    }
}

fn is_answered(live: &QualityLive) -> bool {
    live.n_answers > 0 && live.answers_done == live.n_answers
}

fn short() -> Value {
    comparison(&quantized("q8_0"))
}

/// Answers that take a while.
fn with_quality() -> Value {
    let mut body = short();
    body["max_tokens"] = json!(200);
    body["warm_ups"] = json!(0);
    body["quality"] = json!(true);
    body["quality_chunks"] = json!(2);
    body
}

/// Starts a comparison and holds its worker in a part of quality.
async fn held_in(house: &House, part: Part) -> (i64, u32) {
    // No other worker is up by then, and once the models are loaded none is open.
    let is_it = |worker| part != Part::Loading || reads(worker, MODELS);
    let is_now = |event: &RunEvent| Part::of(event) == Some(part);
    held(house, &with_quality(), is_now, is_it).await
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_leaves_the_variant_alone_in_any_part_of_quality() {
    let house = house_with_slow_model().await;
    for part in Part::ALL {
        let (id, _) = held_in(&house, part).await;
        cancel(&house, id).await;
        assert_eq!(left(&house).len(), 2, "{part:?}");
    }
    let variant = left(&house);
    the_next_works(&house, &short()).await;
    assert_eq!(left(&house), variant, "it was made once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_costs_the_quality_alone() {
    let house = house_with_slow_model().await;
    for part in Part::ALL {
        let (id, worker) = held_in(&house, part).await;
        send(Signal::KILL, worker);
        let run = house.wait_for(id, "done").await;
        let variant = &run["comparison"]["variants"][0];
        for reading in [
            &variant["quality"],
            &run["comparison"]["baseline_perplexity"],
        ] {
            let reason = reading["not_measured"].as_str().expect("a reason");
            let says = "the worker process was killed (signal 9, SIGKILL) while measuring quality";
            assert!(reason.starts_with(says), "{part:?}: {reason}");
        }
        assert_eq!(variant["improvements"].as_array().map(Vec::len), Some(11));
        assert_eq!(variant["answers"], json!([]));
        let (_, page) = house.get(&format!("/runs/{id}")).await;
        assert!(page.as_str().is_some_and(|page| page.contains("SIGKILL")));
        assert_eq!(left(&house).len(), 2, "{part:?}");
    }
    the_next_works(&house, &short()).await;
}
