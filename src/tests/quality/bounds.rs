//! Bounds: memory that does not hold all models, and texts that are too short or long.

use whittle::domain::run::{Failure, FailureKind};

use super::{Ask, Models, chunks, measured, seeded};
use crate::tiny_model::Tiny;

#[tokio::test(flavor = "multi_thread")]
async fn models_that_do_not_fit_together_take_turns_within_the_limit() {
    const LIMIT: u64 = 180_000_000;
    // A vocabulary whose logits outweigh everything else.
    let wide = |seed| Tiny {
        seed,
        n_tokens: 16_000,
        ..Tiny::default()
    };
    let models = Models::of(&[1, 2, 3, 4, 1].map(wide));
    let ask = |memory_bytes| Ask {
        memory_bytes,
        prompts: vec!["hello".to_owned()],
        ..chunks(3)
    };
    let free = models.measure(ask(None)).await.expect("figures");
    assert!(free.warnings.is_empty(), "{:?}", free.warnings);
    let bounded = models.measure(ask(Some(LIMIT))).await.expect("figures");
    assert!(
        bounded.warnings[0].contains("took turns"),
        "{:?}",
        bounded.warnings
    );
    #[cfg(target_os = "linux")]
    {
        let [free, bounded] = [&free, &bounded].map(|result| result.peak_memory_bytes);
        assert!(free > Some(LIMIT), "the limit is none: {free:?}");
        assert!(bounded.is_some_and(|peak| peak <= LIMIT), "{bounded:?}");
    }
    assert_eq!(free.baseline, bounded.baseline);
    assert_eq!(free.variants, bounded.variants);
    assert!(measured(&bounded.variants[3].0).mean_kld.value < 1e-6);

    let refused = models.measure(ask(Some(50_000_000))).await;
    let failure = Failure::from(refused.expect_err("it does not fit"));
    assert_eq!(failure.kind, FailureKind::OutOfMemory, "{failure:?}");
    assert!(
        failure.message.contains("50.00 MB may be used"),
        "{failure:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_of_ones_own_is_used_as_far_as_it_goes() {
    let models = Models::of(&[seeded(1), seeded(2)]);
    let ask = |text: String| Ask {
        text: Some(("mine.txt", text)),
        ..chunks(40)
    };
    let result = models.measure(ask("abc ".repeat(400))).await;
    let result = result.expect("figures");
    assert_eq!(result.baseline.text.name, "mine.txt");
    assert_eq!(result.baseline.text.sha256.len(), 64);
    let n_chunks = result.baseline.n_chunks;
    assert!((1..40).contains(&n_chunks), "{n_chunks}");
    assert!(
        result.warnings[0].contains("not the 40 that were asked for"),
        "{:?}",
        result.warnings
    );

    let short = models.measure(ask("abc".to_owned())).await;
    let failure = Failure::from(short.expect_err("it is too short"));
    assert_eq!(failure.kind, FailureKind::PromptNotUsable);
    let message = &failure.message;
    assert!(
        message.contains("mine.txt") && message.contains("needs 512"),
        "{message}"
    );

    let huge = models.measure(ask("abc ".repeat(2 << 20))).await;
    let failure = Failure::from(huge.expect_err("it is too long"));
    assert_eq!(failure.kind, FailureKind::PromptNotUsable);
    assert!(failure.message.contains("8.39 MB"), "{}", failure.message);
}
