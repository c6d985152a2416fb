//! What variants will be like, said before any is made.

use axum::http::StatusCode;
use serde_json::{Value, json};
use whittle::machine_lock::MachineLock;

use crate::house::{House, message};
use crate::shop::{NO_FILES, files_below};

#[tokio::test(flavor = "multi_thread")]
async fn forecasts_say_the_size_before_anything_is_made() {
    let house = House::with_model().await;
    let model = house.model_id("llama").await;
    let forecast = "/api/variants/forecast";
    let ask = |recipes: Value| json!({"model": model, "recipes": recipes});
    let levels = [
        json!({"level": "q4_0"}),
        json!({"level": "q4_0", "imatrix": true}),
        json!({"level": "q8_0"}),
    ];
    let both = json!(levels.map(|level| json!({"quantize": level})));
    for _ in 0..2 {
        let (status, answer) = house.post(forecast, &ask(both.clone())).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let size = |n: usize| answer["variants"][n]["size_bytes"].as_u64().expect("bytes");
        assert!(size(0) < size(2), "{answer}");
        assert_eq!(answer["variants"][1]["recipe"]["quantize"]["imatrix"], true);
        assert!(answer["free_bytes"].is_u64());
    }
    let variants = files_below(&house.path().join("data/variants"));
    assert_eq!(variants, NO_FILES, "nothing is made");

    // Beside a measurement no worker is started for it; what is known is answered.
    let machine = house.path().join("machine.lock");
    let held = MachineLock::take(&machine).await.expect("the machine");
    let (status, answer) = house.post(forecast, &ask(both.clone())).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let new = json!([{"quantize": {"level": "q4_0"}}, {"quantize": {"level": "q6_k"}}]);
    let pruned = json!([new[0], new[1], {"prune": {"ratio": 0.3}}]);
    let (status, answer) = house.post(forecast, &ask(pruned)).await;
    assert_eq!(
        status,
        StatusCode::OK,
        "a browser writes any other to its console"
    );
    let known = answer["variants"].as_array().expect("variants").iter();
    let known: Vec<&Value> = known.map(|one| &one["recipe"]).collect();
    assert_eq!(known.len(), 2, "{answer}");
    assert_eq!(known[0]["quantize"]["level"], "q4_0");
    assert_eq!(known[1]["prune"]["ratio"], 0.3, "that stands in the header");
    let why = answer["not_yet"].as_str().expect("a reason");
    assert!(
        why.contains("once the machine is free: it is busy with"),
        "{why}"
    );
    assert!(answer["free_bytes"].is_u64());
    drop(held);
    // Several at once wait for each other, and not in vain.
    let more = json!([{"quantize": {"level": "q5_k_m"}}]);
    let (new, more) = (ask(new), ask(more));
    let (one, two) = tokio::join!(house.post(forecast, &new), house.post(forecast, &more));
    assert_eq!(
        (one.0, two.0),
        (StatusCode::OK, StatusCode::OK),
        "{one:?} {two:?}"
    );
    assert_eq!(one.1["variants"].as_array().map(Vec::len), Some(2));
    assert_eq!(one.1["not_yet"], Value::Null);
    for (recipes, says) in [
        (json!([{"quantize": {"level": "q9_9"}}]), "q9_9"),
        (json!([]), "recipes has 0 entries"),
        (json!([{}]), "variant 1 changes nothing"),
    ] {
        let (status, answer) = house.post(forecast, &ask(recipes)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
        assert!(message(&answer).contains(says), "{answer}");
    }
}
