//! Answers of the baseline and of its variants, side by side.

use whittle::bench::{QualityProgress, measure_quality};

use super::{Ask, Models, chunks, measured, seeded};
use crate::workers::real_workers;

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_shown_from_where_they_part() {
    let models = Models::of(&[seeded(1), seeded(1), seeded(2)]);
    let ask = Ask {
        prompts: vec!["hello".to_owned(), "you \u{20ac}".to_owned()],
        ..chunks(1)
    };
    let result = models.measure(ask).await.expect("figures");
    let (same, other) = (&result.variants[0].1, &result.variants[1].1);
    assert_eq!((same.len(), other.len()), (2, 2));
    for (number, answer) in (1..).zip(same) {
        assert_eq!(answer.prompt, number);
        assert_eq!((&*answer.baseline_rest, &*answer.variant_rest), ("", ""));
        assert_eq!(
            (answer.baseline_token_bytes, answer.variant_token_bytes),
            (None, None)
        );
        assert_eq!(answer.kld.len(), answer.n_common_tokens as usize);
        assert!(answer.kld.iter().all(|kld| *kld < 1e-6), "{answer:?}");
    }
    for (same, other) in same.iter().zip(other) {
        // Of random weights; a token at which they part has its divergence too.
        assert!(other.n_common_tokens < same.n_common_tokens, "{other:?}");
        assert_eq!(other.kld.len(), other.n_common_tokens as usize + 1);
        assert!(other.kld.last().is_some_and(|kld| *kld > 0.0), "{other:?}");
        assert_ne!(other.baseline_rest, other.variant_rest);
        let sides = [
            (&other.baseline_rest, other.baseline_token_bytes),
            (&other.variant_rest, other.variant_token_bytes),
        ];
        for (rest, n_bytes) in sides {
            match n_bytes {
                Some(n_bytes) => assert!(rest.is_char_boundary(n_bytes as usize), "{other:?}"),
                None => assert_eq!(rest, "", "{other:?}"),
            }
        }
        let baseline = format!("{}{}", other.common, other.baseline_rest);
        assert_eq!(baseline, same.common);
    }
    // One chunk: no interval, and it is still said what was scored.
    assert_eq!(result.baseline.perplexity.low, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_told_while_they_are_given() {
    let models = Models::of(&[seeded(1), seeded(2), seeded(3)]);
    let launcher = real_workers();
    let ask = Ask {
        prompts: vec!["hello".to_owned(), "you".to_owned()],
        ..chunks(2)
    };
    let plan = models.plan(&launcher, ask);
    let mut told: Vec<QualityProgress> = Vec::new();
    let result = measure_quality(&plan, |progress| told.push(progress)).await;
    assert!(result.expect("figures").warnings.is_empty());
    let answered: Vec<(u32, u32)> = told
        .iter()
        .map(|progress| (progress.answers_done, progress.n_answers))
        .filter(|(_, n_answers)| *n_answers > 0)
        .collect();
    // Two prompts for each of three models.
    assert_eq!(answered, [(1, 6), (2, 6), (3, 6), (4, 6), (5, 6), (6, 6)]);
    let last = told.last().expect("progress");
    assert_eq!((last.chunks_done, last.n_chunks), (2, 2));
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn the_figures_stand_where_prompts_cannot_be_answered() {
    let models = Models::of(&[seeded(1), seeded(2)]);
    let ask = |max_tokens| Ask {
        prompts: vec!["hello".to_owned()],
        memory_bytes: Some(400_000_000),
        max_tokens: Some(max_tokens),
        ..chunks(2)
    };
    // Keys and values of 2 GB.
    let result = models.measure(ask(4_000_000)).await.expect("figures");
    assert!(measured(&result.variants[0].0).mean_kld.value > 0.001);
    assert_eq!(result.variants[0].1, []);
    let said = result.warnings.join(" ");
    assert!(
        said.contains("answers to the prompts were not compared")
            && said.contains("does not fit into the available memory"),
        "{said}"
    );
    let result = models.measure(ask(16)).await.expect("figures");
    assert_eq!(result.variants[0].1.len(), 1);
    assert!(result.warnings.is_empty(), "{:?}", result.warnings);
}
