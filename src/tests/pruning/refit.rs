//! What is left takes over the part of what is gone.

use whittle::domain::protocol::{NeuronScore, Yardstick};
use whittle::domain::pruning::PruningMethod;

use super::{Ask, Bench, ask, distance};
use crate::tiny_model::Tiny;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refitted_loses_less_than_what_others_leave() {
    // Of each, 32 of 128 neurons stay.
    for (architecture, ratio) in [
        ("llama", 0.45),
        ("qwen2", 0.45),
        ("qwen3", 0.32),
        ("gemma3", 0.45),
    ] {
        let bench = Bench::with(architecture);
        let cut = bench.cut(ask(PruningMethod::Width, ratio)).await;
        assert_eq!(cut.layers[0].n_ff_after, 32, "{architecture}");
        let own = distance(&bench.quality().await);
        for score in [NeuronScore::Norm, NeuronScore::WandaSp, NeuronScore::Flap] {
            let ask = Ask {
                yardstick: Some(Yardstick::Neurons(score)),
                ..ask(PruningMethod::Width, ratio)
            };
            let cut = bench.cut(ask).await;
            assert_eq!(cut.layers[0].n_ff_after, 32, "{architecture}");
            let theirs = distance(&bench.quality().await);
            assert!(
                own < theirs,
                "{architecture} {score:?}: {own} is not below {theirs}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stays_of_blocks_is_refitted_too() {
    for architecture in ["llama", "qwen2", "qwen3"] {
        let bench = Bench::of(Tiny {
            n_blocks: 4,
            ..Tiny::of(architecture)
        });
        let own = bench.cut(ask(PruningMethod::Depth, 0.5)).await;
        let own_distance = distance(&bench.quality().await);
        let ask = Ask {
            yardstick: Some(Yardstick::Blocks),
            ..ask(PruningMethod::Depth, 0.5)
        };
        let theirs = bench.cut(ask).await;
        assert_eq!(own.layers, theirs.layers, "the same blocks go");
        let their_distance = distance(&bench.quality().await);
        assert!(
            own_distance < their_distance,
            "{architecture}: {own_distance} is not below {their_distance}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_says_one_thing_only_is_enough_to_go_on() {
    // All inputs of a layer are alike: their second moments are singular, and the usual
    // ridge is enough to solve them.
    let bench = Bench::with("llama");
    let ask = Ask {
        text: "e".repeat(4 * 512),
        ..ask(PruningMethod::Width, 0.3)
    };
    let cut = bench.cut(ask).await;
    assert_eq!(cut.caution(), None);
    assert!(bench.ln_ratio().await.is_finite());
}
