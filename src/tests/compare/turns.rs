//! Who is launched and who answers when: by turns, or one after the other where
//! memory does not hold all.

use axum::http::StatusCode;
use serde_json::{Value, json};
use whittle::bench::machine::MachineFacts;

use super::{events, noise_run, quantity};
use crate::house::House;

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
