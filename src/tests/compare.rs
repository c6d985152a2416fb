//! Several arms in one run, from the request to the judged changes.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use whittle::bench::machine::MachineFacts;

use crate::house::{House, message};

/// A model against itself takes no variant.
fn noise() -> Value {
    json!({"test_queries": ["hello", "what is it"], "max_tokens": 12})
}

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

fn quantity<'a>(run: &'a Value, name: &str) -> &'a Value {
    let all = run["comparison"]["variants"][0]["improvements"].as_array();
    let mut all = all.expect("improvements").iter();
    all.find(|one| one["quantity"] == name)
        .unwrap_or_else(|| panic!("no {name}: {run}"))
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

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_measured_against_itself_and_judged_by_it() {
    let house = House::with_model().await;
    let run = noise_run(&house, &noise()).await;
    assert_eq!(run["technique"], "noise");
    assert_eq!(run["arms"].as_array().map(Vec::len), Some(2));
    for arm in run["arms"].as_array().expect("arms") {
        let speed = &arm["tokens_per_second"]["measured"];
        assert_eq!(speed["n_launches"], 10, "{arm}");
        assert_eq!(arm["answers"][0]["n_generated"], 12);
    }
    assert_eq!(run["arms"][0]["answers"], run["arms"][1]["answers"]);
    assert_eq!(run["comparison"]["blocks"], Value::Null);
    let all = run["comparison"]["variants"][0]["improvements"].as_array();
    assert_eq!(all.map(Vec::len), Some(11));
    let time = quantity(&run, "response_time");
    let change = &time["change"]["measured"];
    assert_eq!(change["n_launches"], 10);
    assert!(change["low_percent"].as_f64() < change["high_percent"].as_f64());
    // What it showed against itself is known by now, and kept.
    assert_eq!(time["band"]["n_launches"], noise_launches(&run), "{time}");
    assert!(time["verdict"].is_string());
    let size = quantity(&run, "model_size");
    assert_eq!(size["change"]["measured"]["improvement_percent"], 0.0);
    assert_eq!(size["verdict"], "no_measurable_difference");
    assert_eq!(size["band"], Value::Null);
    // 220 gaps: enough for P95, not for P99.
    assert!(quantity(&run, "token_latency_p95")["change"]["measured"].is_object());
    let p99 = quantity(&run, "token_latency_p99")["change"]["not_measured"].clone();
    assert_eq!(p99, "it needs 662 gaps between tokens, has 220");

    // The same model measured otherwise is another matter.
    let other = json!({"test_queries": ["hello"], "max_tokens": 6, "iterations": 11});
    let other = noise_run(&house, &other).await;
    let band = &quantity(&other, "response_time")["band"];
    assert_eq!(band["n_launches"], noise_launches(&other));
    let (_, dashboard) = house.get("/api/dashboard").await;
    assert_eq!(dashboard["latest"], json!([]), "nobody asked for a result");
}

#[tokio::test(flavor = "multi_thread")]
async fn launches_and_prompts_alternate_and_every_request_is_kept() {
    let house = House::with_model().await;
    // More tokens than a turn has.
    let long = json!({"test_queries": ["hello", "what is it"], "max_tokens": 40});
    let run = noise_run(&house, &long).await;
    let id = run["id"].as_i64().expect("an id");
    let stages = events(&house, id, "stage").await;
    let arms = |name: &str, iteration: u64| -> Vec<String> {
        let of = |stage: &&Value| stage["name"] == name && stage["iteration"] == iteration;
        let arm = |stage: &Value| stage["arm"].as_str().expect("an arm").to_owned();
        stages.iter().filter(of).map(arm).collect()
    };
    let (one, other) = ("baseline".to_owned(), "baseline again".to_owned());
    assert_eq!(arms("loading", 1), [one.clone(), other.clone()]);
    assert_eq!(arms("loading", 2), [other.clone(), one.clone()]);
    // All of them at once, some tokens each.
    let generating = |stage: &&Value| stage["name"] == "generating" && stage["iteration"] == 1;
    let generating: Vec<&Value> = stages.iter().filter(generating).collect();
    assert_eq!(generating.len(), 2, "one for each prompt");
    assert!(generating.iter().all(|stage| stage["arm"].is_null()));
    let fractions: Vec<f64> = stages
        .iter()
        .filter_map(|stage| stage["fraction_done"].as_f64())
        .collect();
    // On a busy machine what is left grows and shrinks; the ends do not move.
    assert!(fractions.iter().all(|share| (0.0..=1.0).contains(share)));
    assert_eq!(fractions.last(), Some(&1.0));
    let samples = events(&house, id, "sample").await;
    assert_eq!(samples.len(), 40);
    let ended: Vec<&str> = samples[..4]
        .iter()
        .filter_map(|sample| sample["arm"].as_str())
        .collect();
    assert_eq!(ended, [&one, &other, &other, &one], "who begins ends first");

    let (_, export) = house.get(&format!("/api/runs/{id}/export")).await;
    let positions = |list: &str| -> Vec<u64> {
        let all = export[list].as_array().expect("a list").iter();
        all.filter_map(|one| one["arm_position"].as_u64()).collect()
    };
    assert_eq!(positions("launches"), [[0; 10], [1; 10]].concat());
    assert_eq!(positions("requests"), [[0; 20], [1; 20]].concat());
    for request in export["requests"].as_array().expect("a list") {
        let generation = &request["generation"];
        let gaps = generation["token_gaps_ns"].as_array().expect("gaps");
        assert_eq!(gaps.len(), 39);
        // The other arm's turns are in neither.
        let gaps_s: f64 = gaps.iter().filter_map(Value::as_f64).sum::<f64>() / 1e9;
        let [decode_s, first_s, whole_s] = ["decode_s", "time_to_first_token_s", "response_time_s"]
            .map(|field| generation[field].as_f64().expect("a time"));
        assert!(
            (decode_s - gaps_s).abs() < 1e-6,
            "{decode_s} is not {gaps_s}"
        );
        assert!((whole_s - first_s - decode_s).abs() < 1e-6, "{generation}");
        assert!(generation["cpu_between_turns_s"].as_f64() > Some(0.0));
    }
    assert_eq!(export["run"], house.get(&format!("/api/runs/{id}")).await.1);
    let (_, table) = house
        .get(&format!("/api/runs/{id}/export?format=csv"))
        .await;
    let lines = table.as_str().map(|table| table.matches("\r\n").count());
    assert_eq!(lines, Some(41));
    let (_, runs) = house.get("/api/runs").await;
    assert_eq!(runs[0]["technique"], "noise");
    assert_eq!(
        runs[0]["recipes"],
        json!([{"prune": null, "quantize": null}])
    );
}

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
    ] {
        let (status, answer) = house.post(path, &body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path} {body}: {answer}");
        assert!(message(&answer).contains(says), "{path} {body}: {answer}");
    }
    let (_, runs) = house.get("/api/runs").await;
    assert_eq!(runs, json!([]), "nothing of this was stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_for_quality_is_kept_and_named_in_the_run() {
    let house = House::with_model().await;
    let body = json!({
        "recipes": [{"quantize": {"level": "q8_0"}}], "iterations": 1, "max_tokens": 4,
        "quality": true, "quality_chunks": 2,
        "evaluation_text": {"name": "my text.txt", "text": "abc"},
    });
    let (status, run) = house.post("/api/runs", &body).await;
    assert_eq!(status, StatusCode::OK, "{run}");
    let quality = &run["spec"]["quality"];
    assert_eq!(quality["n_chunks"], 2);
    assert_eq!(quality["text"]["name"], "my text.txt");
    let sha256 = quality["text"]["sha256"].as_str().expect("a hash");
    let kept = house.path().join(format!("data/texts/{sha256}.txt"));
    assert_eq!(std::fs::read_to_string(kept).expect("the text"), "abc");
    assert!(!run.to_string().contains("\"abc\""), "the run names it");
    house
        .post("/api/runs/cancel", &json!({"id": run["id"]}))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_arms_are_cancelled_at_every_stage() {
    let house = House::with_model().await;
    for wait in [0, 40, 200, 500] {
        let body = json!({"test_queries": ["hello"], "max_tokens": 500, "iterations": 20});
        let (_, run) = house.post("/api/noise", &body).await;
        let id = run["id"].as_i64().expect("an id");
        tokio::time::sleep(Duration::from_millis(wait)).await;
        let (_, ended) = house.post("/api/runs/cancel", &json!({"id": id})).await;
        assert_eq!(ended["status"], "cancelled", "{ended}");
    }
    #[cfg(target_os = "linux")]
    assert_eq!(
        crate::workers::workers_of(&house).len(),
        0,
        "a worker lives on"
    );
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_of_two_is_named_by_its_arm() {
    let house = House::with_model().await;
    let body = json!({"test_queries": ["hello"], "max_tokens": 1000, "iterations": 20});
    let (_, run) = house.post("/api/noise", &body).await;
    let id = run["id"].as_i64().expect("an id");
    let mut workers = Vec::new();
    while workers.len() < 2 {
        workers = crate::workers::workers_of(&house);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    workers.into_iter().for_each(crate::workers::kill);
    let run = house.wait_for(id, "failed").await;
    let said = run["failure"]["message"].as_str().expect("a message");
    assert!(
        said.starts_with("baseline") && said.contains("SIGKILL"),
        "{said}"
    );
    assert_eq!(run["failure"]["kind"], "worker_crashed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_level_is_made_measured_and_compared() {
    let house = House::with_model().await;
    let body = json!({
        "technique": "quantization", "quantization_level": "q4_0",
        "test_queries": ["hello", "what is it"], "iterations": 3, "max_tokens": 12,
    });
    let (status, answer) = house.post("/api/benchmark/quantization", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["technique"], "quantization");
    assert_eq!(answer["quantization_level"], "q4_0");
    let name = answer["model_name"].as_str().expect("a name");
    assert!(name.ends_with("-q4_0"), "{name}");
    for field in ["response_time", "memory", "cpu", "throughput", "model_size"] {
        assert!(
            answer["improvements"][field].is_number(),
            "{field}: {answer}"
        );
    }
    let size = |metrics: &str| answer[metrics]["model_size_mb"].as_f64();
    assert!(size("metrics") < size("baseline_metrics"), "{answer}");
    assert_eq!(answer["quality"], Value::Null);
    let id = answer["run_id"].as_i64().expect("an id");
    let (_, run) = house.get(&format!("/api/runs/{id}")).await;
    assert_eq!(answer["comparison"], run["comparison"]);
    let time = quantity(&run, "response_time");
    assert_eq!(
        time["band"],
        json!({"low_percent": -5.0, "high_percent": 5.0, "n_launches": null})
    );
    assert_eq!(quantity(&run, "model_size")["verdict"], "better");
    let making = events(&house, id, "stage").await;
    assert!(
        making
            .iter()
            .any(|stage| stage["name"] == "quantizing" && stage["arm"] == "Q4_0")
    );

    // Two levels, one of which is there already.
    let levels = ["q4_0", "q8_0"].map(|level| json!({"quantize": {"level": level}}));
    let body = json!({"recipes": levels, "iterations": 2, "max_tokens": 4});
    let (_, run) = house.post("/api/runs", &body).await;
    let run = house
        .wait_for(run["id"].as_i64().expect("an id"), "done")
        .await;
    assert_eq!(run["arms"].as_array().map(Vec::len), Some(3));
    let recipes: Vec<&Value> = run["comparison"]["variants"]
        .as_array()
        .expect("variants")
        .iter()
        .map(|variant| &variant["recipe"]["quantize"]["level"])
        .collect();
    assert_eq!(recipes, ["q4_0", "q8_0"]);
    let (_, listing) = house.get("/api/runs").await;
    assert_eq!(listing[0]["technique"], "quantization");
    assert_eq!(listing[0]["recipes"][1]["quantize"]["level"], "q8_0");
}

/// Memory for either of two tiny models, which need some 32 MB each, and not for
/// both.
const ROOM_FOR_ONE_MB: f64 = 50.0;

#[tokio::test(flavor = "multi_thread")]
async fn arms_that_do_not_fit_together_are_measured_in_blocks_and_said_to_be() {
    let house = House::on_machine(MachineFacts {
        total_memory_mb: ROOM_FOR_ONE_MB,
        ..MachineFacts::read()
    })
    .await;
    let body = json!({
        "recipes": [{"quantize": {"level": "q8_0"}}], "test_queries": ["hello", "what is it"],
        "iterations": 2, "max_tokens": 4, "n_threads": 1,
    });
    let (status, run) = house.post("/api/runs", &body).await;
    assert_eq!(status, StatusCode::OK, "{run}");
    let id = run["id"].as_i64().expect("an id");
    let run = house.wait_for(id, "done").await;
    let said = run["comparison"]["blocks"].as_str().expect("a sentence");
    assert!(
        said.starts_with("Memory did not hold all 2 models at once") && said.contains("50.00 MB"),
        "{said}"
    );
    let warnings = run["comparison"]["warnings"].as_array();
    let mut warnings = warnings.expect("warnings").iter();
    assert!(warnings.any(|warning| warning == said), "{run}");
    let (_, page) = house.get(&format!("/runs/{id}")).await;
    assert!(
        page.as_str()
            .is_some_and(|page| page.contains("were launched in turn"))
    );

    // One arm is over before the other is loaded; who comes first alternates.
    let (base, variant) = ("baseline", "Q8_0");
    let block = |arm| [("loading", arm), ("generating", arm), ("generating", arm)];
    let expected = [base, variant, variant, base].map(block).concat();
    let stages = events(&house, id, "stage").await;
    let found: Vec<(&str, &str)> = stages
        .iter()
        .filter_map(|stage| Some((stage["name"].as_str()?, stage["arm"].as_str()?)))
        .filter(|(name, _)| ["loading", "generating"].contains(name))
        .collect();
    assert_eq!(found, expected);
    for arm in run["arms"].as_array().expect("arms") {
        assert_eq!(arm["tokens_per_second"]["measured"]["n_launches"], 2);
    }
    let time = quantity(&run, "response_time");
    assert_eq!(time["change"]["measured"]["n_launches"], 2, "{time}");

    // With room for both they take turns again, and nothing is said.
    let house = House::with_model().await;
    let (_, run) = house.post("/api/runs", &body).await;
    let run = house
        .wait_for(run["id"].as_i64().expect("an id"), "done")
        .await;
    assert_eq!(run["comparison"]["blocks"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_right_and_wrong_is_tested_where_answers_are_expected() {
    let house = House::with_model().await;
    let expecting = |regex: &str| json!({"prompt": "hello", "expected": {"regex": regex}});
    let mut body = json!({
        "quantization_level": "q8_0", "iterations": 1, "max_tokens": 4,
        "test_queries": [expecting("(?s)^.*$"), expecting("^no answer says this$"), "what is it"],
    });
    let path = "/api/benchmark/quantization";
    let (status, answer) = house.post(path, &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    // One is always right, one never, one is not judged.
    let test = &answer["comparison"]["variants"][0]["right_answers"];
    assert_eq!(*test, json!({"n_lost": 0, "n_won": 0, "p_value": 1.0}));
    let id = answer["run_id"].as_i64().expect("an id");
    let (_, export) = house.get(&format!("/api/runs/{id}/export")).await;
    let exported = &export["run"]["comparison"]["variants"][0];
    assert_eq!(exported["right_answers"], *test);
    let (_, page) = house.get(&format!("/runs/{id}")).await;
    assert!(
        page.as_str()
            .is_some_and(|page| page.contains("No answer became right or wrong."))
    );

    body["test_queries"] = json!(["hello"]);
    let (_, answer) = house.post(path, &body).await;
    let variant = &answer["comparison"]["variants"][0];
    assert!(variant["improvements"].is_array(), "{answer}");
    assert_eq!(variant["right_answers"], Value::Null);
}
