//! What is said of variants, with workers and without.

use axum::http::StatusCode;
use serde_json::{Value, json};
use whittle::domain::quantization::QuantizationType;
use whittle::domain::recipe::Recipe;
use whittle::machine_lock::MachineLock;

use crate::house::House;
use crate::shop::make_in;
use crate::tiny_model;
use crate::witness::Witness;

pub async fn see(witness: &mut Witness, house: &House, crashing: &House) {
    let (forecast, delete) = ("/api/variants/forecast", "/api/variants/delete");
    let asked =
        |model: &Value| json!({"model": model, "recipes": [{"quantize": {"level": "q4_0"}}]});
    for (house, status) in [(house, 200), (crashing, 500)] {
        let model = house.model_id("llama").await;
        let (answered, answer) = witness.post(house, forecast, &asked(&model)).await;
        assert_eq!(answered.as_u16(), status, "{answer}");
    }
    let machine = house.path().join("machine.lock");
    let held = MachineLock::take(&machine).await.expect("the machine");
    let mut unknown = asked(&house.model_id("llama").await);
    unknown["recipes"][0]["quantize"]["level"] = json!("q5_1");
    let (status, answer) = witness.post(house, forecast, &unknown).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert!(answer["not_yet"].is_string(), "{answer}");
    drop(held);
    let strange = house.models().join("strange.gguf");
    std::fs::write(&strange, tiny_model::bytes("nosuch")).expect("a file");
    let model = house.model_id("nosuch").await;
    let (status, answer) = witness.post(house, forecast, &asked(&model)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    std::fs::remove_file(strange).expect("the file");
    let variant = make_in(house, &Recipe::quantized(QuantizationType::Q4_0)).await;
    let (_, listing) = witness.get(house, "/api/models", "/api/models").await;
    // The model, and what was made of it above: by quantizing and by pruning.
    assert_eq!(listing["models"].as_array().map(Vec::len), Some(3));
    for (path, body, status) in [
        (forecast, asked(&json!("nope")), 404),
        (delete, json!({"model": "nope"}), 404),
        (delete, json!({"model": variant.model.id}), 200),
    ] {
        let (answered, answer) = witness.post(house, path, &body).await;
        assert_eq!(answered.as_u16(), status, "{answer}");
    }
}
