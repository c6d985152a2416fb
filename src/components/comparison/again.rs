//! The same run once more, with something changed.

use leptos::prelude::*;

use crate::domain::defaults::{ITERATIONS_CAREFUL, ITERATIONS_LIMIT};
use crate::domain::quality::CHUNKS;
use crate::domain::run::{NoiseRequest, RunRequest, RunSettings, RunSpec, UnknownFields};

/// How a run is started again from what it found.
#[derive(Clone, Copy)]
pub struct Again {
    /// Starts it.
    pub on_press: Callback<RunRequest>,
    /// Measures its model against itself.
    pub on_noise: Callback<NoiseRequest>,
    /// Whether another one is on its way.
    pub is_busy: Signal<bool>,
}

/// A button that starts a request.
#[component]
pub(super) fn AgainButton<T: Clone + Send + Sync + 'static>(
    /// What it says.
    #[prop(into)]
    words: String,
    /// What is asked for.
    request: T,
    /// Starts it.
    on_press: Callback<T>,
    /// Whether another one is on its way.
    is_busy: Signal<bool>,
) -> impl IntoView {
    let request = StoredValue::new(request);
    view! {
        <button
            type="button"
            class="button"
            aria-disabled=move || is_busy.get().then_some("true")
            on:click=move |_| {
                if !is_busy.get_untracked() {
                    on_press.run(request.get_value());
                }
            }
        >
            {words}
        </button>
    }
}

/// Iterations that find smaller differences; none: there are no more.
pub(super) fn more_iterations(iterations: u32) -> Option<u32> {
    let more = iterations.saturating_mul(2).max(ITERATIONS_CAREFUL);
    let more = more.min(ITERATIONS_LIMIT);
    (more > iterations).then_some(more)
}

/// The same run with other iterations.
pub(super) fn with_iterations(spec: &RunSpec, iterations: u32) -> RunRequest {
    RunRequest {
        iterations: Some(i64::from(iterations)),
        ..request(spec)
    }
}

/// The same run, and what it costs.
pub(super) fn with_quality(spec: &RunSpec) -> RunRequest {
    RunRequest {
        quality: Some(true),
        quality_chunks: Some(i64::from(CHUNKS)),
        ..request(spec)
    }
}

/// The same model against itself.
pub(super) fn noise(spec: &RunSpec) -> NoiseRequest {
    NoiseRequest {
        run: RunRequest {
            // The path says it.
            recipes: None,
            ..request(&spec.against_itself())
        },
    }
}

fn request(spec: &RunSpec) -> RunRequest {
    let RunSettings {
        iterations,
        max_tokens,
        mode,
        n_threads,
        mmap,
        n_gpu_layers,
        n_ctx,
        n_batch,
        n_ubatch,
        flash_attention,
        warm_ups,
    } = spec.settings.clone();
    let quality = spec.quality.as_ref();
    let number = |value: u32| Some(i64::from(value));
    RunRequest {
        model: spec.model.as_ref().map(|id| id.0.clone()),
        test_queries: Some(spec.prompts.clone()),
        iterations: number(iterations),
        max_tokens: number(max_tokens),
        mode: Some(mode),
        n_threads: n_threads.map(i64::from),
        mmap: Some(mmap),
        n_gpu_layers: number(n_gpu_layers),
        n_ctx: number(n_ctx),
        n_batch: number(n_batch),
        n_ubatch: number(n_ubatch),
        flash_attention: Some(flash_attention),
        warm_ups: number(warm_ups),
        recipes: Some(spec.recipes.clone()),
        quality: quality.map(|_| true),
        quality_chunks: quality.and_then(|quality| number(quality.n_chunks)),
        evaluation_text: None,
        kept_text: quality.and_then(|quality| quality.text.clone()),
        unknown: UnknownFields::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::environment::Environment;
    use crate::domain::noise::NoiseKey;
    use crate::domain::quality::{QualitySpec, TextName};
    use crate::domain::quantization::QuantizationType;
    use crate::domain::recipe::Recipe;

    fn spec() -> RunSpec {
        let asked = RunRequest {
            test_queries: Some(vec!["hi".into()]),
            iterations: Some(3),
            max_tokens: Some(16),
            n_threads: Some(2),
            recipes: Some(vec![Recipe::quantized(QuantizationType::Q4_0)]),
            quality: Some(true),
            quality_chunks: Some(10),
            ..RunRequest::default()
        };
        RunSpec::try_from(asked).expect("a spec")
    }

    /// What the server keeps the noise by is what it looks for to judge the comparison.
    #[test]
    fn the_noise_that_is_asked_for_is_that_of_the_comparison() {
        let spec = spec();
        let sent = RunRequest::try_from(noise(&spec)).expect("the path takes it");
        let sent = RunSpec::try_from(sent).expect("a spec");
        let key = |spec| NoiseKey::of(&Environment::sample(), spec);
        assert_eq!(key(&sent), key(&spec));
        let measured = RunSpec {
            recipes: vec![Recipe::default()],
            ..sent
        };
        assert_eq!(measured, spec.against_itself());
        assert_eq!(measured.settings.iterations, 10);
        assert_eq!(measured.quality, None);
    }

    #[test]
    fn a_request_asks_for_the_same_run() {
        let spec = spec();
        let same = RunSpec::try_from(with_iterations(&spec, 3)).expect("a spec");
        assert_eq!(same, spec);
        // On a text of the user's own, which was kept.
        let text = TextName {
            name: "mine.txt".to_owned(),
            sha256: "0a".repeat(32),
        };
        let mut own = spec.clone();
        own.quality = own.quality.map(|quality| QualitySpec {
            text: Some(text),
            ..quality
        });
        let same = RunSpec::try_from(with_iterations(&own, 3)).expect("a spec");
        assert_eq!(same, own);
        let careful = RunSpec::try_from(with_iterations(&spec, 10)).expect("a spec");
        assert_eq!(careful.settings.iterations, 10);
    }

    #[test]
    fn more_iterations_are_ten_or_twice_as_many() {
        assert_eq!(more_iterations(3), Some(10));
        assert_eq!(more_iterations(10), Some(20));
        assert_eq!(more_iterations(60), Some(100));
        assert_eq!(more_iterations(100), None);
    }
}
