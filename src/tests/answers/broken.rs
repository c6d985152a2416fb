//! What a history answers that cannot be read.

use axum::http::StatusCode;

use super::history;
use crate::house::House;
use crate::witness::Witness;

/// What fails without the history being broken.
const NEEDS_NO_HISTORY: [&str; 2] = ["/api/about", "/api/variants/forecast"];

pub async fn see(witness: &mut Witness) {
    let house = House::with_model().await;
    house.settled_library().await;
    for table in ["runs", "settings", "prompt_sets"] {
        sqlx::query(&format!("DROP TABLE {table}"))
            .execute(&mut history(&house).await)
            .await
            .expect("a table less");
    }
    for ((path, method), operation) in witness.operations() {
        if operation["responses"]["500"].is_null() || NEEDS_NO_HISTORY.contains(&path.as_str()) {
            continue;
        }
        let (status, answer) = if method == "post" {
            let body = &operation["requestBody"]["content"]["application/json"]["example"];
            witness.post(&house, &path, body).await
        } else {
            let query = match path.as_str() {
                "/api/run" => "?id=1",
                "/api/prompt-set" => "?name=kept",
                "/api/variants/measured" => "?model=tiny",
                _ => "",
            };
            let address = path.replace("{id}", "1") + query;
            witness.get(&house, &path, &address).await
        };
        assert_eq!(
            status,
            StatusCode::INTERNAL_SERVER_ERROR,
            "{method} {path}: {answer}"
        );
    }
}
