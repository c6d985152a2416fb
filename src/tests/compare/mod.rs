//! Several arms in one run, from the request to the judged changes.

mod ended;
mod judged;
mod noise;
mod refused;
mod turns;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::house::House;

async fn noise_run(house: &House, body: &Value) -> Value {
    let (status, run) = house.post("/api/noise", body).await;
    assert_eq!(status, StatusCode::OK, "{run}");
    let id = run["id"].as_i64().expect("an id");
    house.wait_for(id, "done").await
}

/// The events of a type, in order.
async fn events(house: &House, id: i64, kind: &str) -> Vec<Value> {
    let (_, stream) = house.get(&format!("/events/runs/{id}")).await;
    let stream = stream.as_str().expect("a stream").to_owned();
    let data = stream
        .lines()
        .filter_map(|line| line.strip_prefix("data: "));
    let events = data.map(|data| serde_json::from_str::<Value>(data).expect("JSON"));
    events.filter(|event| event["type"] == kind).collect()
}

/// A change of the first variant.
pub fn quantity<'a>(run: &'a Value, name: &str) -> &'a Value {
    let all = run["comparison"]["variants"][0]["improvements"].as_array();
    let mut all = all.expect("improvements").iter();
    all.find(|one| one["quantity"] == name)
        .unwrap_or_else(|| panic!("no {name}: {run}"))
}

/// An answer says what every figure became and what that is worth, and the variant is
/// the smaller file.
#[track_caller]
pub fn assert_compared(answer: &Value) {
    for (field, name) in [
        ("response_time", "response_time"),
        ("memory", "memory"),
        ("cpu", "cpu_usage"),
        ("throughput", "tokens_per_second"),
        ("model_size", "model_size"),
    ] {
        let compared = quantity(answer, name);
        let change = &compared["change"]["measured"];
        let improvement = &answer["improvements"][field];
        assert!(improvement.is_number(), "{field}: {answer}");
        assert_eq!(*improvement, change["improvement_percent"], "{field}");
        let judged = &answer["verdicts"][field];
        assert!(judged["verdict"].is_string(), "{field}: {answer}");
        for of_both in ["verdict", "band"] {
            assert_eq!(judged[of_both], compared[of_both], "{field}: {of_both}");
        }
        for of_change in ["low_percent", "high_percent", "n_launches"] {
            assert_eq!(judged[of_change], change[of_change], "{field}: {of_change}");
        }
        assert_eq!(judged["reason"], Value::Null, "{field}");
    }
    let size = |metrics: &str| answer[metrics]["model_size_mb"].as_f64();
    assert!(size("metrics") < size("baseline_metrics"), "{answer}");
}

/// The launches of the noise that a model's run against itself leaves: none where
/// something disturbed it, such as the tests beside this one.
pub fn noise_launches(run: &Value) -> Value {
    let mut arms = run["arms"].as_array().expect("arms").iter();
    let is_kept = arms.all(|arm| arm["unstable"] == json!([]));
    let warnings = run["comparison"]["warnings"].to_string();
    assert_eq!(warnings.contains("is not kept"), !is_kept, "{warnings}");
    match is_kept {
        true => run["spec"]["settings"]["iterations"].clone(),
        false => Value::Null,
    }
}
