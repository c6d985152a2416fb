//! While the arms are launched and measured: the variant that was made stays whole.

use serde_json::{Value, json};
use whittle::domain::event::{RunEvent, StageName};

use super::{
    MODELS, VARIANTS, cancel, comparison, held, house_with_slow_model, killed, left, quantized,
    reads, the_next_works,
};
use crate::house::House;

/// The stages of a launch, and what is said where its worker is killed in one.
const STAGES: [(StageName, &str); 4] = [
    (StageName::Loading, "loading the model"),
    (StageName::WarmingUp, "warming up"),
    (StageName::Prefill, "processing the prefill"),
    (StageName::Generating, "generating"),
];
/// The arms, and where their models lie.
const ARMS: [(&str, &str); 2] = [("baseline", MODELS), ("Q8_0", VARIANTS)];

fn short() -> Value {
    comparison(&quantized("q8_0"))
}

/// Many launches in which every stage takes a while: each token is processed by itself.
/// The models are mapped, which tells their workers apart.
fn long() -> Value {
    let mut body = short();
    body["iterations"] = json!(20);
    body["max_tokens"] = json!(200);
    body["n_ubatch"] = json!(1);
    body["mmap"] = json!(true);
    body
}

/// Starts a comparison and holds the worker of an arm in a stage.
async fn held_in(house: &House, stage: StageName, (arm, models): (&str, &str)) -> (i64, u32) {
    let is_now = |event: &RunEvent| match event {
        // At their turns are all of them.
        RunEvent::Stage(now) if now.name == stage => {
            now.arm.as_deref().is_none_or(|now| now == arm)
        }
        _ => false,
    };
    held(house, &long(), is_now, |worker| reads(worker, models)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_leaves_the_variant_alone_at_any_stage_of_any_arm() {
    let house = house_with_slow_model().await;
    for (stage, _) in STAGES {
        for arm in ARMS {
            let (id, _) = held_in(&house, stage, arm).await;
            cancel(&house, id).await;
            assert_eq!(left(&house).len(), 2, "{stage:?}");
        }
    }
    the_next_works(&house, &short()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_is_named_by_its_arm_and_its_stage() {
    let house = house_with_slow_model().await;
    for (stage, doing) in STAGES {
        for arm in ARMS {
            let held = held_in(&house, stage, arm).await;
            let said = killed(&house, held).await;
            let begins = format!(
                "{}: the worker process was killed (signal 9, SIGKILL) while {doing}: ",
                arm.0
            );
            assert!(said.starts_with(&begins), "{said}");
            assert_eq!(left(&house).len(), 2, "{stage:?}");
        }
    }
    the_next_works(&house, &short()).await;
}
