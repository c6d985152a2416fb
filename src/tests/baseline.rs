//! A baseline run from the request to the stored figures.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use whittle::domain::run::RunId;
use whittle::machine_lock::MachineLock;

use crate::house::House;
use crate::tiny_model::{self, Tiny};
use crate::workers::real_workers;

#[tokio::test(flavor = "multi_thread")]
async fn a_baseline_is_measured_and_stored() {
    let house = House::with_model().await;
    let body = json!({"test_queries": ["hello", "what is it"], "iterations": 2, "max_tokens": 12});
    let (status, answer) = house.post("/api/benchmark/baseline", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["technique"], "baseline");
    let metrics = &answer["metrics"];
    for field in [
        "response_time",
        "cpu_usage_percent",
        "tokens_per_second",
        "model_size_mb",
    ] {
        assert!(
            metrics[field].as_f64().is_some_and(|v| v > 0.0),
            "{field}: {metrics}"
        );
    }
    // Two launches of two prompts of twelve tokens: eleven gaps each.
    assert_eq!(metrics["latency_ms"]["n"], 44);
    assert!(metrics["latency_ms"]["p50"].is_number());
    assert!(
        metrics["latency_ms"]["p95"].is_null(),
        "below its floor of 130"
    );
    assert_eq!(metrics["request_latency_ms"]["n"], 4);
    assert!(metrics["request_latency_ms"]["p50"].is_null());

    let (_, run) = house.get(&format!("/api/runs/{}", answer["run_id"])).await;
    assert_eq!(run["status"], "done");
    let arm = &run["arms"][0];
    assert_eq!(
        arm["tokens_per_second"]["measured"]["mean"],
        metrics["tokens_per_second"]
    );
    assert_eq!(arm["tokens_per_second"]["measured"]["n_launches"], 2);
    assert!(arm["tokens_per_second"]["measured"]["half_width_95"].is_number());
    assert_eq!(arm["answers"][0]["n_generated"], 12);
    assert!(run["environment"]["cpu_model"].is_string());
    assert_eq!(run["environment"]["n_gpu_layers"], 0);
    // The tiny model has no template: the raw prompt is said, not hidden.
    assert!(
        run["environment"]["chat_template"]["raw_prompt"].is_string(),
        "{run}"
    );
    assert_eq!(answer["warnings"], arm["warnings"]);
    let said = answer["warnings"].to_string();
    assert!(said.contains("raw prompts were used"), "{said}");
    let measured_on = answer["measured_on"].as_str().expect("a line");
    assert!(measured_on.starts_with("CPU, "), "{measured_on}");
    let version = run["environment"]["engine"]["version"].as_str();
    assert!(measured_on.contains(version.expect("a version")));

    let (_, runs) = house.get("/api/runs").await;
    assert_eq!(runs[0]["id"], answer["run_id"]);
    let (_, page) = house.get(&format!("/runs/{}", answer["run_id"])).await;
    let page = page.as_str().expect("a page");
    assert!(page.contains("metric-tokens-per-second"));
    assert!(page.contains("Measured on CPU, "));
    assert!(
        page.contains("class=\"histogram\""),
        "the chart needs no scripts"
    );
    assert!(
        !page.contains("<b>test</b>"),
        "a model's name is text, never markup"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_names_no_prompts_gets_the_two_defaults() {
    let house = House::with_model().await;
    let body = json!({"iterations": 1, "max_tokens": 4});
    let (status, answer) = house.post("/api/benchmark/baseline", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let (_, run) = house.get("/api/runs/1").await;
    let defaults = ["What is autism?", "What are the symptoms?"];
    assert_eq!(run["spec"]["prompts"], json!(defaults));
    for (answer, prompt) in run["arms"][0]["answers"]
        .as_array()
        .expect("answers")
        .iter()
        .zip(defaults)
    {
        assert_eq!(answer["prompt"], prompt);
    }
    assert_eq!(answer["metrics"]["request_latency_ms"]["n"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_template_is_applied_where_llama_cpp_knows_it_and_else_that_is_said() {
    let house = House::empty(real_workers()).await;
    let with = |architecture, template| Tiny {
        chat_template: Some(template),
        ..Tiny::of(architecture)
    };
    let chatml = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>";
    tiny_model::write_as(&house.models(), "known.gguf", with("llama", chatml));
    let own = "{% for m in messages %}{{ m.content }} -- over to you{% endfor %}";
    tiny_model::write_as(&house.models(), "own.gguf", with("qwen2", own));
    let measured = async |architecture| {
        let body = json!({
            "model": house.model_id(architecture).await, "test_queries": ["hello"],
            "iterations": 1, "max_tokens": 4,
        });
        let (status, answer) = house.post("/api/benchmark/baseline", &body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let (_, run) = house.get(&format!("/api/runs/{}", answer["run_id"])).await;
        let template = run["environment"]["chat_template"].clone();
        (template, answer["warnings"].to_string())
    };
    let (template, said) = measured("llama").await;
    assert_eq!(template, "applied");
    assert!(!said.contains("raw prompts"), "{said}");
    let (template, said) = measured("qwen2").await;
    let reason = "the model's chat template is not one that llama.cpp knows";
    assert_eq!(template["raw_prompt"], reason);
    let expected = format!("The raw prompts were used: {reason}.");
    assert!(said.contains(&expected), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_token_has_no_speed_and_says_why() {
    let house = House::with_model().await;
    let body = json!({"test_queries": ["hello"], "iterations": 1, "max_tokens": 1});
    let (status, answer) = house.post("/api/benchmark/baseline", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert!(answer["metrics"]["tokens_per_second"].is_null());
    let (_, run) = house.get("/api/runs/1").await;
    assert!(
        run["arms"][0]["tokens_per_second"]["not_measured"].is_string(),
        "{run}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_prompt_gives_the_same_answer() {
    let house = House::with_model().await;
    let body = json!({"test_queries": ["hello"], "iterations": 1, "max_tokens": 16});
    let mut texts = Vec::new();
    for id in 1..=2 {
        house.post("/api/benchmark/baseline", &body).await;
        let (_, run) = house.get(&format!("/api/runs/{id}")).await;
        texts.push(run["arms"][0]["answers"][0]["text"].clone());
    }
    assert!(texts[0].is_string());
    assert_eq!(texts[0], texts[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_waits_while_another_whittle_measures() {
    let house = House::with_model().await;
    house.settled_library().await;
    let other = hold_machine(&house);
    let body = json!({"test_queries": ["hello"], "iterations": 1, "max_tokens": 4});
    let (_, run) = house.post("/api/runs", &body).await;
    let id = run["id"].as_i64().expect("an id");
    let job = house.queue.job(RunId(id)).expect("it is not over");
    let told = async {
        while !job.waits_for_machine() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(60), told).await;
    told.expect("its turn comes, and it waits");
    let (_, run) = house.get(&format!("/api/runs/{id}")).await;
    assert_eq!(run["status"], "queued");
    drop(other);
    house.wait_for(id, "done").await;
    let (_, stream) = house.get(&format!("/events/runs/{id}")).await;
    assert!(
        stream
            .as_str()
            .is_some_and(|s| s.contains("waiting_for_machine")),
        "{stream}"
    );
    #[cfg(target_os = "linux")]
    assert!(
        // The lock is this process' own here.
        stream
            .as_str()
            .is_some_and(|s| s.contains(r#""busy_with":"a measurement of this Whittle, or"#)),
        "{stream}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_model_is_not_read_beside_a_measurement() {
    let house = House::with_model().await;
    let measurement = hold_machine(&house);
    for _ in 0..5 {
        let (_, library) = house.get("/api/models").await;
        assert_eq!(library["n_pending"], 1, "{library}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    drop(measurement);
    house.settled_library().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_reach_the_engine() {
    let house = House::with_model().await;
    let body = json!({
        "test_queries": ["hello"], "iterations": 1, "max_tokens": 4, "n_ctx": 1024,
        "n_batch": 128, "n_ubatch": 64, "n_threads": 1, "flash_attention": "off",
        "mmap": true, "warm_ups": 2,
    });
    let (status, answer) = house.post("/api/benchmark/baseline", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let (_, run) = house.get("/api/runs/1").await;
    let recorded = &run["environment"];
    for (field, value) in [
        ("n_ctx", json!(1024)),
        ("n_batch", json!(128)),
        ("n_ubatch", json!(64)),
        ("n_threads", json!(1)),
        ("flash_attention", json!("off")),
        ("mmap", json!(true)),
        ("warm_ups", json!(2)),
    ] {
        assert_eq!(recorded[field], value, "{field}");
    }
    let (_, stream) = house.get("/events/runs/1").await;
    let warming_up = r#""name":"warming_up""#;
    let n = stream
        .as_str()
        .map(|stream| stream.matches(warming_up).count());
    assert_eq!(n, Some(2));
}

/// A baseline of one short answer.
async fn short_baseline(house: &House, max_tokens: u32) -> Value {
    let body = json!({
        "test_queries": ["hello"], "iterations": 1, "max_tokens": max_tokens, "n_threads": 1,
    });
    let (status, answer) = house.post("/api/benchmark/baseline", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_engine_decides_of_flash_attention_is_recorded() {
    let house = House::empty(real_workers()).await;
    // Of so many that what llama.cpp tells its developers of each is more than is kept.
    let blocks = Tiny {
        n_blocks: 30,
        ..Tiny::default()
    };
    tiny_model::write_as(&house.models(), "tiny.gguf", blocks);
    short_baseline(&house, 4).await;
    let (_, run) = house.get("/api/runs/1").await;
    let decided = &run["environment"]["flash_attention"];
    assert!(
        *decided == "auto: enabled" || *decided == "auto: disabled",
        "{decided}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_figure_that_is_null_is_so_for_a_reason() {
    let house = House::with_model().await;
    let answer = short_baseline(&house, 1).await;
    let metrics = answer["metrics"].as_object().expect("figures");
    let reasons = metrics["not_measured"].as_object().expect("reasons");
    let absent = metrics.iter().filter(|(_, value)| value.is_null());
    let absent: Vec<_> = absent.map(|(name, _)| name.as_str()).collect();
    // One token takes no decode; nothing was expected of the answer.
    for name in ["tokens_per_second", "cpu_seconds_per_1000_tokens"] {
        assert!(absent.contains(&name), "{name} is measured: {answer}");
    }
    for name in absent.into_iter().filter(|name| *name != "right_answers") {
        assert!(
            reasons[name].as_str().is_some_and(|why| !why.is_empty()),
            "{name}"
        );
    }
    assert!(!reasons.contains_key("response_time"), "{answer}");
}

/// Takes the machine, as somebody does who works on it.
pub fn hold_machine(house: &House) -> MachineLock {
    let lock = MachineLock::try_take(&house.path().join("machine.lock"));
    lock.expect("a lock file").expect("nobody holds it")
}
