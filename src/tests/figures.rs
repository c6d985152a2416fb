//! What stands beside the figures of a run: the work that a time was spent on,
//! and the requests that are far from the others.

use axum::http::StatusCode;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::house::House;

/// Measures, and gives the arm and its page as a reader sees it.
async fn measure(house: &House, body: &Value) -> (Value, String) {
    let (status, answer) = house.post("/api/benchmark/baseline", body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    look(house, answer["run_id"].as_i64().expect("an id")).await
}

async fn look(house: &House, id: i64) -> (Value, String) {
    let (_, run) = house.get(&format!("/api/runs/{id}")).await;
    let (_, page) = house.get(&format!("/runs/{id}")).await;
    let page = page.as_str().expect("a page").replace("<!>", "");
    (run["arms"][0].clone(), page)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_time_says_how_many_tokens_it_is_for() {
    let house = House::with_model().await;
    let mut body =
        json!({"test_queries": ["hello", "what is it"], "iterations": 1, "max_tokens": 12});
    let (_, page) = measure(&house, &body).await;
    assert!(page.contains("time for 12 tokens<"), "{page}");

    body["mode"] = json!("natural_stop");
    let (arm, page) = measure(&house, &body).await;
    let (_, export) = house.get("/api/runs/2/export").await;
    let requests = export["requests"].as_array().expect("requests").iter();
    let counts: Vec<u64> = requests
        .filter_map(|request| request["generation"]["n_generated"].as_u64())
        .collect();
    let generated = &arm["tokens_generated"];
    assert_eq!(generated["least"].as_u64(), counts.iter().copied().min());
    assert_eq!(generated["most"].as_u64(), counts.iter().copied().max());
    let mean = counts.iter().sum::<u64>() as f64 / counts.len() as f64;
    assert_eq!(generated["mean"].as_f64(), Some(mean));
    assert!(
        page.contains(&format!("time for {mean:.1} tokens on average")),
        "{page}"
    );
    assert!(page.contains("natural stop, at most 12 tokens"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn few_launches_flag_nothing_and_say_so() {
    let house = House::with_model().await;
    let body = json!({"test_queries": ["hello"], "iterations": 3, "max_tokens": 2});
    let (arm, page) = measure(&house, &body).await;
    let reason = arm["outliers"]["not_measured"].as_str().expect("a reason");
    assert!(reason.ends_with("there are 3"), "{reason}");
    assert!(
        page.contains(&format!("Outliers are not flagged: {reason}.")),
        "{page}"
    );
    assert_eq!(outlier_cells(&house, 1).await, ["", "", ""]);
}

#[tokio::test(flavor = "multi_thread")]
async fn outliers_are_flagged_wherever_a_run_is_read() {
    let house = House::with_model().await;
    let body = json!({"test_queries": ["hello", "what is it"], "iterations": 10, "max_tokens": 8});
    let (arm, page) = measure(&house, &body).await;
    let found = arm["outliers"]["measured"]["found"]
        .as_array()
        .expect("ten are enough");
    let place = |outlier: &Value| (outlier["iteration"].as_u64(), outlier["prompt"].as_u64());
    let mut places: Vec<_> = found.iter().map(place).collect();
    places.dedup();
    let cells = outlier_cells(&house, 1).await;
    assert_eq!(cells.len(), 20);
    let flagged = cells.iter().filter(|cell| *cell == "true").count();
    assert_eq!(flagged, places.len());
    assert!(page.contains("of 20 requests"), "{page}");

    // Not left to the machine: one that is far, as it is stored.
    let outlier = r#"[{"iteration":3,"prompt":1,"figure":"response_time_s",
        "value":2.4,"median":1.1}]"#;
    edit(
        &house,
        &format!("json_set(result_json, '$.outliers.measured.found', json('{outlier}'))"),
    )
    .await;
    let cells = outlier_cells(&house, 1).await;
    let flagged: Vec<usize> = (0..20).filter(|i| cells[*i] == "true").collect();
    assert_eq!(flagged, [4], "the first prompt of the third launch");
    let (_, page) = look(&house, 1).await;
    assert!(
        page.contains("1 of 20 requests is an outlier")
            && page.contains(
                "iteration 3, prompt 1 took 2.40 s where the median is 1.10 s. \
                 It is kept in every figure."
            ),
        "{page}"
    );

    // As an older version stored it.
    edit(
        &house,
        "json_remove(result_json, '$.outliers', '$.tokens_generated')",
    )
    .await;
    let (arm, page) = look(&house, 1).await;
    assert_eq!(arm["tokens_generated"], Value::Null);
    assert!(
        page.contains("the version that measured this run did not look for them"),
        "{page}"
    );
}

/// The column `is_outlier`, row by row.
async fn outlier_cells(house: &House, id: i64) -> Vec<String> {
    let (_, table) = house
        .get(&format!("/api/runs/{id}/export?format=csv"))
        .await;
    let table = table.as_str().expect("a table");
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let names = reader.headers().expect("a head").clone();
    let place = names.iter().position(|name| name == "is_outlier");
    let cell = |row: Result<csv::StringRecord, _>| {
        let row = row.expect("a row");
        row[place.expect("the column")].to_owned()
    };
    reader.records().map(cell).collect()
}

/// Stores the arm anew as `change` makes it.
async fn edit(house: &House, change: &str) {
    let options = SqliteConnectOptions::new().filename(house.path().join("data/whittle.db"));
    let mut history = options.connect().await.expect("the history's file");
    sqlx::query(&format!("UPDATE arms SET result_json = {change}"))
        .execute(&mut history)
        .await
        .expect("an arm");
    history.close().await.expect("it closes");
}
