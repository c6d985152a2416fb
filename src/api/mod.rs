//! Server functions: the HTTP interface and the dashboard's way to the server.
//! Each validates, calls and maps the error; nothing else.

mod background;
mod benchmark;
mod dashboard;
mod history;
mod prompt_sets;
mod runs;
mod variants;

pub use background::set_background;
pub use benchmark::{benchmark_baseline, benchmark_pruning, benchmark_quantization};
pub use dashboard::{list_models, load_about, load_dashboard, remember};
pub use history::{delete_run, label_run, list_deleted_runs, list_measured_models, restore_run};
pub use prompt_sets::{delete_prompt_set, get_prompt_set, keep_prompt_set, list_prompt_sets};
pub use runs::{cancel_run, get_run, list_runs, measure_noise, start_run};
pub use variants::{delete_variant, forecast_variants, list_trade_offs};

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use std::collections::BTreeSet;

    use leptos::server_fn::ServerFn;
    use leptos::server_fn::axum::server_fn_paths;
    use serde::Serialize;
    use serde_json::Value;

    use super::{background, benchmark, dashboard, history, prompt_sets, runs, variants};
    use crate::domain::model::ModelId;
    use crate::domain::pruning::PruningRatio;
    use crate::domain::quantization::QuantizationType;
    use crate::domain::run::{
        BaselineRequest, NoiseRequest, PruningRequest, QuantizationRequest, RunRequest,
    };

    /// The names of the fields that a server function takes, with the names
    /// that the description of the interface has for them.
    fn names<F: ServerFn + Serialize>(method: &str, arguments: &F) -> [BTreeSet<String>; 2] {
        let document: Value = serde_json::from_str(crate::server::DOCUMENT).expect("JSON");
        let operation = &document["paths"][F::PATH][method];
        assert!(operation.is_object(), "{method} {}", F::PATH);
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        let schema = schema
            .as_str()
            .and_then(|to| document.pointer(&to[1..]))
            .unwrap_or(&Value::Null);
        let fields = schema["properties"].as_object().into_iter().flatten();
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let described = parameters
            .filter_map(|parameter| parameter["name"].as_str())
            .chain(fields.map(|(name, _)| name.as_str()));
        let arguments = serde_json::to_value(arguments).expect("JSON");
        let taken = arguments.as_object().into_iter().flatten();
        [
            described.map(str::to_owned).collect(),
            taken.map(|(name, _)| name.clone()).collect(),
        ]
    }

    #[test]
    fn the_description_names_the_arguments_that_there_are() {
        let request = RunRequest::default;
        let baseline = BaselineRequest::default();
        let noise = NoiseRequest::default();
        let level = QuantizationRequest {
            technique: None,
            quantization_level: QuantizationType::Q4_0,
            imatrix: None,
            run: request(),
        };
        let ratio = PruningRequest {
            technique: None,
            pruning_ratio: PruningRatio::USUAL,
            method: None,
            quick: None,
            loss_budget: None,
            then_quantize: None,
            upcast: None,
            run: request(),
        };
        let label = history::LabelRun {
            id: 1,
            name: None,
            note: None,
        };
        let list = runs::ListRuns {
            technique: None,
            model: None,
            from: None,
            to: None,
            before: None,
            limit: None,
        };
        let deleted = history::ListDeletedRuns {
            before: None,
            limit: None,
        };
        let name = String::new;
        let kept = prompt_sets::KeepPromptSet {
            name: name(),
            prompts: Vec::new(),
        };
        let model = || ModelId(String::new());
        let forecast = variants::ForecastVariants {
            model: model(),
            recipes: Vec::new(),
        };
        let all = [
            names("post", &background::SetBackground { is_on: true }),
            names("post", &benchmark::BenchmarkBaseline { request: baseline }),
            names("post", &benchmark::BenchmarkQuantization { request: level }),
            names("post", &benchmark::BenchmarkPruning { request: ratio }),
            names("post", &runs::MeasureNoise { request: noise }),
            names("post", &dashboard::Remember { request: request() }),
            names("get", &dashboard::ListModels {}),
            names("get", &dashboard::LoadDashboard {}),
            names("get", &dashboard::LoadAbout {}),
            names("get", &history::ListMeasuredModels {}),
            names("post", &history::DeleteRun { id: 1 }),
            names("get", &deleted),
            names("post", &history::RestoreRun { id: 1 }),
            names("post", &label),
            names("get", &prompt_sets::ListPromptSets {}),
            names("get", &prompt_sets::GetPromptSet { name: name() }),
            names("post", &kept),
            names("post", &prompt_sets::DeletePromptSet { name: name() }),
            names("post", &runs::StartRun { request: request() }),
            names("post", &runs::CancelRun { id: 1 }),
            names("get", &runs::GetRun { id: 1 }),
            names("get", &list),
            names("post", &forecast),
            names("get", &variants::ListTradeOffs { model: name() }),
            names("post", &variants::DeleteVariant { model: model() }),
        ];
        assert_eq!(all.len(), server_fn_paths().count());
        for [described, taken] in all {
            assert_eq!(described, taken);
        }
    }
}
