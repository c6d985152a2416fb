//! Lists of runs: newest first, filtered, page by page.

use sqlx::{FromRow, QueryBuilder, Sqlite};

use super::read::from_word;
use super::{Store, StoreError};
use crate::domain::filter::{MeasuredModel, RunFilter};
use crate::domain::model::{Model, ModelId};
use crate::domain::run::{RunId, RunSpec, RunSummary};

/// What a line of a list is read from, in `TABLES`.
pub(super) const COLUMNS: &str = "runs.id, name, note, technique, status, model_json, spec_json,
    strftime('%Y-%m-%dT%H:%M:%SZ', created_at_s, 'unixepoch') AS created_at,
    tokens_per_second, response_time_s, memory_usage_mb,
    (SELECT coalesce(max(is_unstable), 0) FROM arms WHERE run_id = runs.id) AS is_unstable";

/// Where the columns of a list are: the figures of its baseline stand beside a run.
pub(super) const TABLES: &str = "runs LEFT JOIN arms ON run_id = runs.id AND position = 0";

#[derive(FromRow)]
pub(super) struct SummaryRow {
    id: i64,
    name: Option<String>,
    note: Option<String>,
    technique: String,
    status: String,
    model_json: String,
    spec_json: String,
    created_at: String,
    tokens_per_second: Option<f64>,
    response_time_s: Option<f64>,
    memory_usage_mb: Option<f64>,
    is_unstable: bool,
}

impl Store {
    /// Lists the runs that pass `filter`, newest first, those older than
    /// `before` if given.
    pub async fn runs(
        &self,
        filter: &RunFilter,
        before: Option<RunId>,
        limit: u32,
    ) -> Result<Vec<RunSummary>, StoreError> {
        let rows: Vec<SummaryRow> = page("", filter, before, limit)
            .build_query_as()
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter().map(summary).collect()
    }

    /// The models that listed runs have, by name.
    pub async fn measured_models(&self) -> Result<Vec<MeasuredModel>, StoreError> {
        let rows: Vec<(String, String, String)> = sqlx::query_as(
            "SELECT model_id, model_json ->> '$.name' AS name, model_json ->> '$.file_type'
             FROM runs WHERE id IN
                 (SELECT max(id) FROM runs WHERE deleted_at_s IS NULL GROUP BY model_id)
             ORDER BY name COLLATE NOCASE, model_id",
        )
        .fetch_all(&self.pool)
        .await?;
        let model = |(id, name, file_type)| MeasuredModel {
            id: ModelId(id),
            name,
            file_type,
        };
        Ok(rows.into_iter().map(model).collect())
    }
}

/// The query of one page. The ids are found first, in an index alone: rows are
/// wide, and only those of the page are read. A condition is there only when
/// it filters, so that SQLite can choose the index for it. With a range of days
/// the plus keeps it from choosing the order of the ids instead, which would
/// read the history from its newest run to the range.
fn page(
    prefix: &str,
    filter: &RunFilter,
    before: Option<RunId>,
    limit: u32,
) -> QueryBuilder<'static, Sqlite> {
    let mut query = QueryBuilder::new(prefix);
    query.push(format!(
        "SELECT {COLUMNS} FROM {TABLES}
         WHERE runs.id IN (SELECT id FROM runs WHERE deleted_at_s IS NULL"
    ));
    if let Some(technique) = filter.technique {
        query.push(" AND technique = ").push_bind(technique.word());
    }
    if let Some(model) = &filter.model {
        query.push(" AND model_id = ").push_bind(model.0.clone());
    }
    if let Some(from) = filter.from {
        query.push(" AND created_at_s >= unixepoch(");
        query.push_bind(from.to_string()).push(")");
    }
    if let Some(to) = filter.to {
        // Not by '+1 day': SQLite has no day after the last of the year 9999.
        query.push(" AND created_at_s < unixepoch(");
        query.push_bind(to.to_string()).push(") + 86400");
    }
    let has_days = filter.from.is_some() || filter.to.is_some();
    let id = if has_days { "+id" } else { "id" };
    if let Some(before) = before {
        query.push(format!(" AND {id} < ")).push_bind(before.0);
    }
    query.push(format!(" ORDER BY {id} DESC LIMIT "));
    query.push_bind(limit);
    query.push(") ORDER BY runs.id DESC");
    query
}

pub(super) fn summary(row: SummaryRow) -> Result<RunSummary, StoreError> {
    let model: Model = serde_json::from_str(&row.model_json)?;
    let spec: RunSpec = serde_json::from_str(&row.spec_json)?;
    Ok(RunSummary {
        id: RunId(row.id),
        name: row.name,
        technique: from_word(&row.technique)?,
        status: from_word(&row.status)?,
        model_kind: model.kind(),
        model_id: model.id,
        model_name: model.name,
        file_type: model.file_type,
        created_at: row.created_at,
        n_prompts: u32::try_from(spec.prompts.len()).unwrap_or(u32::MAX),
        settings: spec.settings,
        recipes: spec.recipes,
        tokens_per_second: row.tokens_per_second,
        response_time_s: row.response_time_s,
        memory_usage_mb: row.memory_usage_mb,
        is_unstable: row.is_unstable,
        note: row.note,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::filter::FilterRequest;
    use crate::domain::run::Technique;

    const N_RUNS: i64 = 100_000;
    /// 2026-01-01; the seeded runs are ten minutes apart.
    const START_S: i64 = 1_767_225_600;

    async fn seeded(folder: &std::path::Path) -> Store {
        let store = Store::open(&folder.join("whittle.db"))
            .await
            .expect("a history");
        let model = serde_json::json!({
            "id": "model-0", "name": "Model", "file_name": "m.gguf", "architecture": "llama",
            "file_type": "F16", "size_bytes": 1, "n_params": 1, "n_ctx_train": null,
            "sha256": "00", "origin": "data_folder", "provenance": null,
        });
        let model: Result<Model, _> = serde_json::from_value(model);
        let spec = RunSpec::try_from(crate::domain::run::RunRequest::default());
        // Each third run is deleted, each tenth of the other model.
        sqlx::query(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
             INSERT INTO runs (technique, status, model_id, model_json, spec_json, created_at_s,
                               deleted_at_s, owner_pid)
             SELECT 'baseline', 'done', 'model-' || (i % 10 = 0), ?, ?, ? + i * 600,
                    CASE WHEN i % 3 = 0 THEN 1 END, 0 FROM n",
        )
        .bind(N_RUNS)
        .bind(serde_json::to_string(&model.expect("a model")).expect("JSON"))
        .bind(serde_json::to_string(&spec.expect("a spec")).expect("JSON"))
        .bind(START_S)
        .execute(&store.pool)
        .await
        .expect("100,000 runs");
        store
    }

    fn filter(model: &str, from: &str, to: &str) -> RunFilter {
        RunFilter::try_from(FilterRequest {
            technique: None,
            model: Some(model.into()),
            from: Some(from.into()),
            to: Some(to.into()),
        })
        .expect("a filter")
    }

    fn of_technique() -> RunFilter {
        RunFilter {
            technique: Some(Technique::Quantization),
            ..RunFilter::default()
        }
    }

    #[tokio::test]
    async fn a_page_of_100_000_runs_is_found_in_an_index() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = seeded(folder.path()).await;
        let before = Some(RunId(90_000));
        for (filter, index) in [
            (
                filter("", "", ""),
                "runs_listed (deleted_at_s=? AND rowid<?)",
            ),
            (
                filter("model-1", "", ""),
                "runs_by_model (deleted_at_s=? AND model_id=? AND id<?)",
            ),
            (
                filter("", "2026-03-01", ""),
                "runs_by_time (deleted_at_s=? AND created_at_s>?)",
            ),
            (
                filter("", "", "2026-03-01"),
                "runs_by_time (deleted_at_s=? AND created_at_s<?)",
            ),
            (
                of_technique(),
                "runs_by_technique (deleted_at_s=? AND technique=? AND id<?)",
            ),
            (
                filter("model-1", "2026-03-01", "2026-03-02"),
                "runs_by_model_and_time (deleted_at_s=? AND model_id=? AND created_at_s>?",
            ),
        ] {
            let plan: Vec<(i64, i64, i64, String)> =
                page("EXPLAIN QUERY PLAN ", &filter, before, 26)
                    .build_query_as()
                    .fetch_all(&store.pool)
                    .await
                    .expect("a plan");
            let plan: Vec<String> = plan.into_iter().map(|step| step.3).collect();
            let plan = plan.join("\n");
            let index = format!("SEARCH runs USING COVERING INDEX {index}");
            assert!(plan.contains(&index), "{filter:?}:\n{plan}");
            assert!(!plan.contains("SCAN"), "{filter:?}:\n{plan}");
        }
    }

    #[tokio::test]
    async fn pages_follow_each_other_without_gaps_and_without_deleted_runs() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = seeded(folder.path()).await;
        let day = filter("model-1", "2026-03-01", "2026-03-03");
        let mut found = Vec::new();
        let mut before = None;
        loop {
            let page = store.runs(&day, before, 7).await.expect("a page");
            let Some(last) = page.last() else { break };
            before = Some(last.id);
            found.extend(page.iter().map(|run| run.id.0));
        }
        let first = (59 * 24 * 6..62 * 24 * 6).rev();
        let expected: Vec<i64> = first.filter(|i| i % 10 == 0 && i % 3 != 0).collect();
        assert_eq!(found, expected);
        let models = store.measured_models().await.expect("the models");
        let ids: Vec<&str> = models.iter().map(|model| model.id.0.as_str()).collect();
        assert_eq!(ids, ["model-0", "model-1"]);
    }
}
