//! Prompts with expected answers, prompt sets, and prompts of any length.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::house::{House, message};

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_judged_where_something_is_expected() {
    let house = House::with_model().await;
    let prompts = json!([
        {"prompt": "hello", "expected": {"regex": "(?s)^.*$"}},
        "what is it",
        {"prompt": "and now", "expected": {"text": "no model says this"}},
    ]);
    let body = json!({"test_queries": prompts, "iterations": 2, "max_tokens": 4});
    let (status, answer) = house.post("/api/benchmark/baseline", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let right = &answer["metrics"]["right_answers"];
    assert_eq!(right["n_right"], 1, "the launches are not counted: {right}");
    assert_eq!(right["n_judged"], 2);
    assert_eq!(right["share"], 0.5);
    let end = |end: &str| right[end].as_f64().expect("a number");
    assert!((end("low") - 0.0945).abs() < 1e-3 && (end("high") - 0.9055).abs() < 1e-3);

    let (_, run) = house.get("/api/runs/1").await;
    assert_eq!(run["spec"]["prompts"], prompts);
    let arm = &run["arms"][0];
    assert_eq!(&arm["right_answers"], right);
    let verdicts: Vec<&Value> = (0..3).map(|i| &arm["answers"][i]["is_right"]).collect();
    assert_eq!(verdicts, [&json!(true), &Value::Null, &json!(false)]);
    assert_eq!(
        arm["warnings"].to_string().matches("Launches gave").count(),
        0
    );

    let (_, page) = house.get("/runs/1").await;
    let page = page.as_str().expect("a page");
    assert!(page.contains("metric-right-answers") && page.contains("no model says this"));

    let (_, table) = house.get("/api/runs/1/export?format=csv").await;
    let table = table.as_str().expect("a table");
    let mut table = csv::Reader::from_reader(table.as_bytes());
    let heads = table.headers().expect("its heads");
    let column = heads.iter().position(|head| head == "is_right");
    let column = column.expect("the column");
    let cells: Vec<String> = table
        .records()
        .map(|row| row.expect("a row")[column].to_owned())
        .collect();
    let n = |cell: &str| cells.iter().filter(|found| *found == cell).count();
    assert_eq!((n("true"), n("false")), (1, 1), "{cells:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_expectations_nothing_is_judged() {
    let house = House::with_model().await;
    let body = json!({"test_queries": ["hello"], "iterations": 1, "max_tokens": 4});
    let (_, answer) = house.post("/api/benchmark/baseline", &body).await;
    assert_eq!(answer["metrics"]["right_answers"], Value::Null);
    let (_, run) = house.get("/api/runs/1").await;
    assert_eq!(run["spec"]["prompts"], json!(["hello"]), "as it always was");
    let (_, page) = house.get("/runs/1").await;
    assert!(
        !page
            .as_str()
            .expect("a page")
            .contains("metric-right-answers")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn expectations_that_cannot_be_used_are_refused_by_number() {
    let house = House::with_model().await;
    let long = "x".repeat(1001);
    for (expected, says) in [
        (json!({"text": ""}), "prompt 2 is empty"),
        (json!({"text": long}), "characters; at most"),
        (json!({"regex": "(4"}), "unclosed group"),
        (json!({"regex": "((x{999}){999}){999}"}), "too large"),
        (json!({"pattern": "4"}), "a prompt is a text, or"),
    ] {
        let queries = json!(["a", {"prompt": "b", "expected": expected}]);
        for (path, body) in [
            ("/api/runs", json!({"test_queries": queries})),
            ("/api/remember", json!({"test_queries": queries})),
            ("/api/prompt-sets", json!({"name": "a", "prompts": queries})),
        ] {
            let (status, answer) = house.post(path, &body).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{path}: {answer}");
            assert!(message(&answer).contains(says), "{path}: {answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prompt_sets_are_kept_replaced_and_deleted() {
    let house = House::with_model().await;
    let judged = json!({"prompt": "2 + 2?", "expected": {"text": "4"}});
    let keep = |name: &str, prompts: Value| {
        let body = json!({"name": name, "prompts": prompts});
        let house = &house;
        async move { house.post("/api/prompt-sets", &body).await }
    };
    let (status, kept) = keep(" My <b>sums</b>\n", json!(["a", judged])).await;
    assert_eq!(status, StatusCode::OK, "{kept}");
    let sums = json!({"name": "My <b>sums</b>", "prompts": ["a", judged]});
    assert_eq!(kept, sums);
    keep("another", json!(["a"])).await;
    keep("another", json!(["b"])).await;
    let (_, all) = house.get("/api/prompt-sets").await;
    let another = json!({"name": "another", "prompts": ["b"]});
    assert_eq!(all, json!([another, sums]));
    let (_, one) = house
        .get("/api/prompt-set?name=My%20%3Cb%3Esums%3C%2Fb%3E")
        .await;
    assert_eq!(one, sums);

    // What the form remembers is recognized as the set that it is.
    let queries = json!({"test_queries": ["a", judged]});
    house.post("/api/remember", &queries).await;
    let (_, dashboard) = house.get("/api/dashboard").await;
    assert_eq!(dashboard["remembered"]["prompts"], json!(["a", judged]));
    assert_eq!(dashboard["remembered"]["prompt_set"], "My <b>sums</b>");
    assert_eq!(
        dashboard["prompt_sets"],
        json!(["another", "My <b>sums</b>"])
    );
    house.settled_library().await;
    let (_, page) = house.get("/").await;
    let page = page.as_str().expect("a page");
    assert!(page.contains(r#"value="set:My &lt;b&gt;sums&lt;/b&gt;" selected"#));

    let body = json!({"name": "another"});
    let (status, deleted) = house.post("/api/prompt-sets/delete", &body).await;
    assert_eq!((status, deleted), (StatusCode::OK, another));
    let (status, answer) = house.post("/api/prompt-sets/delete", &body).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{answer}");
    let (status, _) = house.get("/api/prompt-set?name=another").await;
    assert_eq!(status, StatusCode::NOT_FOUND);

    for (name, prompts, says) in [
        ("", json!(["a"]), "is empty"),
        ("default", json!(["a"]), "built-in"),
        ("a", json!([]), "there is no prompt"),
        ("a", json!(["a", " "]), "prompt 2 is empty"),
    ] {
        let (status, answer) = keep(name, prompts).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
        assert!(message(&answer).contains(says), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prompt_sets_are_bounded_in_size() {
    let house = House::with_model().await;
    // Four bytes a character, and 600,000 bytes a set.
    let prompts = vec!["\u{1f600}".repeat(150_000)];
    let mut kept = 0;
    let refused = loop {
        let body = json!({"name": format!("set {kept}"), "prompts": prompts});
        match house.post("/api/prompt-sets", &body).await {
            (StatusCode::OK, _) => kept += 1,
            other => break other,
        }
    };
    assert_eq!((kept, refused.0), (13, StatusCode::CONFLICT));
    assert!(message(&refused.1).contains("8 MB"), "{}", refused.1);
    let body = json!({"name": "set 7", "prompts": prompts});
    let (status, _) = house.post("/api/prompt-sets", &body).await;
    assert_eq!(status, StatusCode::OK, "one that is there can be replaced");
}

#[tokio::test(flavor = "multi_thread")]
async fn prompt_sets_are_bounded_in_number() {
    let house = House::with_model().await;
    for i in 0..200 {
        let body = json!({"name": format!("set {i}"), "prompts": ["a"]});
        let (status, _) = house.post("/api/prompt-sets", &body).await;
        assert_eq!(status, StatusCode::OK, "set {i}");
    }
    let body = json!({"name": "one more", "prompts": ["a"]});
    let (status, answer) = house.post("/api/prompt-sets", &body).await;
    assert_eq!(status, StatusCode::CONFLICT, "{answer}");
    assert!(message(&answer).contains("200 are kept"), "{answer}");
    let body = json!({"name": "set 7", "prompts": ["b"]});
    let (status, _) = house.post("/api/prompt-sets", &body).await;
    assert_eq!(status, StatusCode::OK, "one that is there can be replaced");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_longer_than_a_batch_is_answered_as_in_one() {
    let house = House::with_model().await;
    // Every character is a token of the tiny model.
    let prompt = "the quick brown fox jumps over the lazy dog ".repeat(30);
    let mut answers = Vec::new();
    for (n_batch, n_ubatch) in [(2048, 2048), (100, 30)] {
        let body = json!({
            "test_queries": [prompt], "iterations": 1, "max_tokens": 8,
            "n_ctx": 2048, "n_batch": n_batch, "n_ubatch": n_ubatch, "n_threads": 1,
        });
        let (status, answer) = house.post("/api/benchmark/baseline", &body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let (_, run) = house.get(&format!("/api/runs/{}", answer["run_id"])).await;
        let answer = run["arms"][0]["answers"][0].clone();
        assert!(answer["n_prompt_tokens"].as_u64() > Some(1000), "{answer}");
        answers.push(answer);
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_prompt_is_taken_and_one_beyond_the_context_says_what_to_do() {
    let house = House::with_model().await;
    // Every character escaped: the longest line that a worker is sent.
    let longest = "\u{1}".repeat(170_000);
    let body = json!({"test_queries": [longest], "iterations": 1, "max_tokens": 4});
    let (status, answer) = house.post("/api/benchmark/baseline", &body).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    let (_, run) = house.get("/api/runs/1").await;
    let failure = &run["failure"];
    assert_eq!(failure["kind"], "prompt_not_usable", "{failure}");
    let message = failure["message"].as_str().expect("a message");
    for part in [
        "prompt 1",
        "it needs 17",
        "raise the context to at least 17",
    ] {
        assert!(message.contains(part), "{message}");
    }

    let longer = "x".repeat(200_001);
    let (status, answer) = house
        .post("/api/runs", &json!({"test_queries": [longer]}))
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    let (status, answer) = house
        .post(
            "/api/runs",
            &json!({"test_queries": vec!["x".repeat(200_000); 6]}),
        )
        .await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    let said = answer["error"]["message"].as_str().expect("a message");
    assert!(said.contains("1 MiB, all prompts together"), "{said}");
}
