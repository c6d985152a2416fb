//! Pruning by width where so much goes that heads do, too.

use std::fs::{self, File};
use std::io::Cursor;

use whittle::domain::pruning::PruningMethod;
use whittle::gguf::{AttentionCut, Document, Down, ModelShape, Narrowing, narrowed};

use super::{Ask, Bench, ask, distance, four_chunks};
use crate::tiny_model::Tiny;

/// Four heads in two groups.
fn grouped(architecture: &'static str) -> Bench {
    Bench::of(Tiny {
        n_groups: 2,
        ..Tiny::of(architecture)
    })
}

fn half() -> Ask {
    Ask {
        text: four_chunks(),
        ..ask(PruningMethod::Width, 0.5)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn half_of_the_heads_and_of_the_neurons_go() {
    for (architecture, n_heads_removed, n_ff) in [
        ("llama", 2, 64),
        ("qwen3", 2, 64),
        ("gemma3", 2, 64),
        // llama.cpp loads no other number of its heads.
        ("qwen2", 0, 32),
    ] {
        let bench = grouped(architecture);
        let cut = bench.cut(half()).await;
        let gone = (cut.layers[1].n_heads_removed, cut.layers[1].n_ff_after);
        assert_eq!(gone, (n_heads_removed, n_ff), "{architecture}");
        let ratio = cut.achieved_pruning_ratio;
        assert!((ratio - 0.5).abs() < 1e-9, "{architecture}: {ratio}");
        let file = File::open(bench.target()).expect("a file");
        let len = file.metadata().expect("its size").len();
        assert_eq!(cut.bytes_after, len, "{architecture}");
        let document = Document::read(file, len).expect("a model");
        assert_eq!(cut.params_after, document.n_params(), "{architecture}");
        let number = |name: &str| document.unsigned(&format!("{architecture}.attention.{name}"));
        let n_groups = 2 - n_heads_removed / 2;
        assert_eq!(number("head_count"), Some(u64::from(2 * n_groups)));
        assert_eq!(number("head_count_kv"), Some(u64::from(n_groups)));
        let has_bias = document.tensor("blk.1.attn_output.bias").is_some();
        assert_eq!(has_bias, architecture == "llama");
        assert!(
            distance(&bench.quality().await).is_finite(),
            "{architecture}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_of_attention_takes_over_what_is_gone() {
    let bench = grouped("llama");
    bench.cut(half()).await;
    let own = distance(&bench.quality().await);
    let source = fs::read(&bench.model).expect("the model");
    let document = Document::read(Cursor::new(&source), source.len() as u64);
    let document = document.expect("a model");
    let shape = ModelShape::of(&document).expect("it can be pruned");
    for group in [0, 1] {
        let narrowing = |_| Narrowing {
            keep: (0..64).collect(),
            down: Down::Columns,
            attention: Some(AttentionCut {
                groups: Some(vec![group]),
                output: Down::Columns,
            }),
        };
        let narrowings = shape.blocks.iter().map(narrowing).collect();
        let plain = narrowed(&document, &shape, narrowings).expect("it fits");
        let mut file = File::create(bench.target()).expect("a file");
        plain
            .write(&mut Cursor::new(&source), &mut file, |_, _| ())
            .expect("it can be written");
        let theirs = distance(&bench.quality().await);
        assert!(own < theirs, "{group}: {own} is not below {theirs}");
    }
}
