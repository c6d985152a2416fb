//! Requests that contradict themselves.

use axum::http::StatusCode;
use serde_json::json;

use crate::house::{House, message};

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_contradicts_itself_is_refused() {
    let house = House::with_model().await;
    let q4_0 = json!({"quantize": {"level": "q4_0"}});
    let quantization = "/api/benchmark/quantization";
    let pruning = "/api/benchmark/pruning";
    let baseline = "/api/benchmark/baseline";
    let (runs, noise) = ("/api/runs", "/api/noise");
    let text = |text: &str| {
        let text = json!({"name": "x", "text": text});
        json!({"recipes": [q4_0], "quality": true, "evaluation_text": text})
    };
    for (path, body, says) in [
        (quantization, json!({}), "quantization_level"),
        (
            quantization,
            json!({"quantization_level": "q9_9"}),
            "q4_0, q5_0, q8_0",
        ),
        (
            quantization,
            json!({"quantization_level": 4}),
            "could not be read",
        ),
        (
            quantization,
            json!({"quantization_level": "q4_0", "technique": "baseline"}),
            "technique is baseline and this path measures quantization",
        ),
        (
            quantization,
            json!({"quantization_level": "q4_0", "recipes": [q4_0]}),
            "leave recipes out",
        ),
        (
            quantization,
            json!({"quantization_level": "iq2_xxs", "imatrix": false}),
            "set imatrix to true",
        ),
        (
            quantization,
            json!({"quantization_level": "f16", "imatrix": true}),
            "F16 quantizes nothing",
        ),
        (
            baseline,
            json!({"technique": "quantization"}),
            "/api/benchmark/quantization",
        ),
        (
            baseline,
            json!({"technique": "pruning"}),
            "/api/benchmark/pruning",
        ),
        (
            baseline,
            json!({"technique": "distillation"}),
            "could not be read",
        ),
        (pruning, json!({}), "pruning_ratio"),
        (
            pruning,
            json!({"pruning_ratio": 0.3, "technique": "quantization"}),
            "technique is quantization and this path measures pruning",
        ),
        (
            pruning,
            json!({"pruning_ratio": 0.3, "recipes": [q4_0]}),
            "leave recipes out",
        ),
        (
            pruning,
            json!({"pruning_ratio": 0.51}),
            "the pruning ratio 0.51 is not possible",
        ),
        (pruning, json!({"pruning_ratio": 0.05}), "0.1 to 0.5"),
        (pruning, json!({"pruning_ratio": 30}), "0.1 to 0.5"),
        (pruning, json!({"pruning_ratio": -0.3}), "0.1 to 0.5"),
        (
            pruning,
            json!({"pruning_ratio": "30 %"}),
            "could not be read",
        ),
        (
            pruning,
            json!({"pruning_ratio": 0.3, "method": "wide"}),
            "could not be read",
        ),
        (
            pruning,
            json!({"pruning_ratio": 0.3, "then_quantize": "q9_9"}),
            "q4_0, q5_0, q8_0",
        ),
        (baseline, json!({"recipes": [q4_0]}), "for this path"),
        (noise, json!({"recipes": [q4_0]}), "for this path"),
        (noise, json!({"iterations": 9}), "at least 10 times"),
        (noise, json!({"iterations": 0}), "iterations is 0"),
        (
            runs,
            json!({"recipes": [q4_0, q4_0]}),
            "Q4_0 is asked for twice",
        ),
        (runs, json!({"recipes": [{}]}), "variant 1 changes nothing"),
        (
            runs,
            json!({"recipes": vec![&q4_0; 17]}),
            "recipes has 17 variants",
        ),
        (
            runs,
            json!({"recipes": [{"quantize": {"level": "iq1_s", "imatrix": false}}]}),
            "without an importance matrix",
        ),
        (
            runs,
            json!({"recipes": [{"quantize": {"level": "q9_9"}}]}),
            "q4_0, q5_0, q8_0",
        ),
        (
            runs,
            json!({"recipes": [{"prune": {"ratio": 0.6}}]}),
            "the pruning ratio 0.6 is not possible",
        ),
        (
            runs,
            json!({"recipes": [{"prune": {"ratio": 0.3}}, {"prune": {"ratio": 0.3}}]}),
            "pruned 30 % is asked for twice",
        ),
        (
            runs,
            json!({"recipes": [{"prune": {"ratio": 0.3}, "quantize": {"level": "iq1_s"}}]}),
            "without an importance matrix",
        ),
        (runs, json!({"quality": true}), "recipes is empty"),
        (runs, json!({"quality_chunks": 0}), "quality_chunks is 0"),
        (
            runs,
            json!({"quality_chunks": 1001}),
            "quality_chunks is 1001",
        ),
        (runs, text(" \n"), "the text for quality is empty"),
        (runs, text(&"x".repeat(900_001)), "900001 bytes"),
        (
            runs,
            text("too short"),
            "9 bytes and so less than one chunk of 512 tokens",
        ),
    ] {
        let (status, answer) = house.post(path, &body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path} {body}: {answer}");
        assert!(message(&answer).contains(says), "{path} {body}: {answer}");
    }
    let (_, runs) = house.get("/api/runs").await;
    assert_eq!(runs, json!([]), "nothing of this was stored");
}
