//! While a variant is made: its importance matrix collected, its file written, pruned or
//! checked.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use whittle::domain::event::{MakingStep, RunEvent};

use super::{
    MODELS, cancel, comparison, held, house_with, killed, left, quantized, reads, send, start,
    the_next_works,
};
use crate::house::House;
use crate::shop::{NO_FILES, files_below};
use crate::tiny_model::Tiny;
use crate::workers::worker_of;

/// A type whose blocks are searched: it takes the longest to write.
const SLOW_LEVEL: &str = "iq4_nl";

/// A house with a model whose vocabulary is this large, so that loading it and writing a
/// variant take a while.
async fn house_with_tokens(n_tokens: usize) -> House {
    let wide = Tiny {
        n_tokens,
        ..Tiny::default()
    };
    house_with(wide).await
}

/// A house with a model that takes a while to prune.
async fn house_with_deep_model() -> House {
    let deep = Tiny {
        n_blocks: 4,
        n_ff: 1024,
        ..Tiny::default()
    };
    house_with(deep).await
}

fn with_pruned() -> Value {
    comparison(&json!({"prune": {"ratio": 0.29}}))
}

/// Starts a comparison and holds its worker while it writes the variant.
async fn held_while_quantizing(house: &House) -> (i64, u32) {
    held_once_begun(house, &comparison(&quantized(SLOW_LEVEL)), "variant.gguf").await
}

/// Starts a comparison and holds its worker once new weights are being kept.
async fn held_while_pruning(house: &House) -> (i64, u32) {
    held_once_begun(house, &with_pruned(), "scratch/weights.bin").await
}

/// Starts a comparison and holds its worker once it has begun this file.
async fn held_once_begun(house: &House, body: &Value, file: &str) -> (i64, u32) {
    let making = house.path().join("data/variants/making");
    let is_begun = || files_below(&making).iter().any(|f| f.ends_with(file));
    let id = start(house, body).await;
    for _ in 0..60_000 {
        if is_begun() {
            let worker = worker_of(house).await;
            send(Signal::STOP, worker);
            assert!(is_begun(), "it was written before its worker was held");
            return (id, worker);
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("no variant was begun");
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_while_a_variant_is_written_leaves_nothing() {
    let house = house_with_tokens(60_000).await;
    let (id, _) = held_while_quantizing(&house).await;
    cancel(&house, id).await;
    assert_eq!(left(&house), NO_FILES);
    the_next_works(&house, &comparison(&quantized(SLOW_LEVEL))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_while_a_model_is_pruned_leaves_nothing() {
    let house = house_with_deep_model().await;
    let (id, _) = held_while_pruning(&house).await;
    cancel(&house, id).await;
    assert_eq!(left(&house), NO_FILES);
    the_next_works(&house, &with_pruned()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_while_it_prunes_leaves_nothing() {
    let house = house_with_deep_model().await;
    let held = held_while_pruning(&house).await;
    let said = killed(&house, held).await;
    assert!(
        said.starts_with("pruned 29 % could not be made: "),
        "{said}"
    );
    assert_eq!(left(&house), NO_FILES);
    the_next_works(&house, &with_pruned()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_while_it_writes_a_variant_leaves_nothing() {
    let house = house_with_tokens(60_000).await;
    let held = held_while_quantizing(&house).await;
    let said = killed(&house, held).await;
    assert!(said.starts_with("IQ4_NL could not be made: "), "{said}");
    assert_eq!(left(&house), NO_FILES);
    the_next_works(&house, &comparison(&quantized(SLOW_LEVEL))).await;
}

/// A step that has a worker of its own, of a variant that takes it, and what is said where
/// that worker is killed.
struct Step {
    step: MakingStep,
    recipe: &'static str,
    says: [&'static str; 2],
}

const STEPS: [Step; 2] = [
    Step {
        step: MakingStep::CollectingImatrix,
        recipe: r#"{"quantize": {"level": "q4_0", "imatrix": true}}"#,
        says: [
            "Q4_0 with imatrix could not be made: ",
            " while collecting the importance matrix",
        ],
    },
    Step {
        step: MakingStep::Checking,
        recipe: r#"{"prune": {"ratio": 0.3}}"#,
        says: [
            "pruned 30 % could not be made: ",
            " while checking what was made",
        ],
    },
];

impl Step {
    fn body(&self) -> Value {
        comparison(&serde_json::from_str(self.recipe).expect("a recipe"))
    }

    /// Starts a comparison and holds its worker in this step.
    async fn held(&self, house: &House) -> (i64, u32) {
        let is_now =
            |event: &RunEvent| matches!(event, RunEvent::Making(live) if live.step == self.step);
        held(house, &self.body(), is_now, |worker| reads(worker, MODELS)).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_leaves_nothing_in_any_other_step() {
    for step in STEPS {
        let house = house_with_tokens(10_000).await;
        let (id, _) = step.held(&house).await;
        cancel(&house, id).await;
        assert_eq!(left(&house), NO_FILES);
        the_next_works(&house, &step.body()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_leaves_nothing_in_any_other_step_and_is_named_by_it() {
    for step in STEPS {
        let house = house_with_tokens(10_000).await;
        let held = step.held(&house).await;
        let said = killed(&house, held).await;
        let [whose, doing] = step.says;
        assert!(said.starts_with(whose) && said.contains(doing), "{said}");
        assert_eq!(left(&house), NO_FILES);
        the_next_works(&house, &step.body()).await;
    }
}
