//! What is left takes over the part of what is gone.

use whittle::domain::protocol::{NeuronScore, Yardstick};
use whittle::domain::pruning::PruningMethod;

use super::{Ask, Bench, ask, distance};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refitted_loses_less_than_what_others_leave() {
    let bench = Bench::with("llama");
    bench.cut(ask(PruningMethod::Width, 0.45)).await;
    let own = distance(&bench.quality().await);
    for score in [NeuronScore::Norm, NeuronScore::WandaSp, NeuronScore::Flap] {
        let ask = Ask {
            yardstick: Some(Yardstick::Neurons(score)),
            ..ask(PruningMethod::Width, 0.45)
        };
        bench.cut(ask).await;
        let theirs = distance(&bench.quality().await);
        assert!(own < theirs, "{score:?}: {own} is not below {theirs}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stays_of_blocks_is_refitted_too() {
    let bench = Bench::with_four_blocks();
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
        "{own_distance} is not below {their_distance}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_says_one_thing_only_is_enough_to_go_on() {
    // All inputs of a layer are alike: its covariance is singular.
    let bench = Bench::with("llama");
    let ask = Ask {
        text: "e".repeat(4 * 512),
        ..ask(PruningMethod::Width, 0.3)
    };
    let cut = bench.cut(ask).await;
    let said = cut.caution().is_some();
    assert_eq!(said, !cut.singular_layers.is_empty());
    assert!(bench.ln_ratio().await.is_finite());
}
