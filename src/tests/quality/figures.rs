//! What variants lost in figures, and who has none.

use whittle::bench::{QualityProgress, measure_quality};
use whittle::domain::run::{Failure, FailureKind};

use super::{Ask, Models, chunks, contains_itself, measured, seeded};
use crate::tiny_model::Tiny;
use crate::workers::real_workers;

#[tokio::test(flavor = "multi_thread")]
async fn a_model_against_itself_loses_nothing() {
    let models = Models::of(&[seeded(1), seeded(1)]);
    let launcher = real_workers();
    let plan = models.plan(&launcher, chunks(4));
    let mut told: Vec<QualityProgress> = Vec::new();
    let result = measure_quality(&plan, |progress| told.push(progress)).await;
    let result = result.expect("figures");

    assert_eq!(result.baseline.text.name, "built-in evaluation text");
    assert_eq!((result.baseline.n_chunks, result.baseline.n_ctx), (4, 512));
    assert_eq!(result.baseline.n_tokens, 4 * 255);
    assert!(contains_itself(&result.baseline.perplexity));
    let quality = measured(&result.variants[0].0);
    assert!(quality.mean_kld.value < 1e-6, "{quality:?}");
    assert!(quality.kld.max < 1e-6, "{quality:?}");
    assert_eq!(quality.same_top_token.value, 1.0);
    assert_eq!(quality.ln_perplexity_ratio.value, 0.0);
    assert_eq!(quality.perplexity.perplexity, result.baseline.perplexity);
    assert!(result.warnings.is_empty(), "{:?}", result.warnings);

    // Twice a chunk: by the baseline, then by the variant.
    let done: Vec<u32> = told.iter().map(|progress| progress.chunks_done).collect();
    assert_eq!(done, [0, 1, 1, 2, 2, 3, 3, 4]);
    assert!(told.iter().all(|progress| progress.n_chunks == 4));
    assert_eq!(told[0].mean_kld, [None]);
    assert_eq!(told[7].mean_kld, [Some(quality.mean_kld.value)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_model_loses_and_each_variant_has_its_own_figures() {
    let models = Models::of(&[seeded(1), seeded(2), seeded(1)]);
    let result = models.measure(chunks(3)).await.expect("figures");
    let [other, same] = [0, 1].map(|i| measured(&result.variants[i].0));
    assert!(other.mean_kld.value > 0.001, "{other:?}");
    assert!(other.same_top_token.value < 0.9);
    assert!(other.rms_delta_p.value > 0.0);
    for estimate in [
        &other.mean_kld,
        &other.ln_perplexity_ratio,
        &other.perplexity.perplexity,
        &other.same_top_token,
        &other.rms_delta_p,
    ] {
        assert!(contains_itself(estimate), "{estimate:?}");
    }
    let kld = other.kld;
    let ascending = [kld.p50, kld.p90, kld.p95, kld.p99, kld.p999, kld.max];
    assert!(ascending.is_sorted(), "{kld:?}");
    let ratio = other.perplexity.perplexity.value / result.baseline.perplexity.value;
    assert!((ratio.ln() - other.ln_perplexity_ratio.value).abs() < 1e-9);
    assert!(same.mean_kld.value < 1e-6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variant_with_another_vocabulary_is_refused_with_the_reason() {
    let longer = Tiny {
        n_tokens: 301,
        ..Tiny::default()
    };
    let renamed = Tiny {
        last_token: Some("\u{2581}<b>else</b>"),
        ..Tiny::default()
    };
    let models = Models::of(&[seeded(1), longer, seeded(1), renamed]);
    let ask = Ask {
        prompts: vec!["hello".to_owned()],
        ..chunks(2)
    };
    let result = models.measure(ask).await.expect("figures");
    let reason = |i: usize| result.variants[i].0.reason().unwrap_or_default();
    assert!(reason(0).contains("301 tokens"), "{}", reason(0));
    assert!(reason(0).contains("300"), "{}", reason(0));
    assert!(reason(2).contains("token 299"), "{}", reason(2));
    assert!(measured(&result.variants[1].0).mean_kld.value < 1e-6);
    let answers: Vec<usize> = result.variants.iter().map(|(_, a)| a.len()).collect();
    assert_eq!(answers, [0, 1, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variant_that_the_engine_refuses_is_named() {
    let strange = Tiny {
        architecture: "nosuch",
        ..Tiny::default()
    };
    let models = Models::of(&[seeded(1), strange]);
    let failure = Failure::from(models.measure(chunks(2)).await.expect_err("no such"));
    assert_eq!(failure.kind, FailureKind::ModelNotUsable, "{failure:?}");
    assert!(failure.message.contains("variant 1"), "{failure:?}");
}
