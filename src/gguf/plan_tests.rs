//! What ratios remove from the shapes of well-known models.

use std::io::Cursor;

use super::*;
use crate::domain::loss_budget::LossBudget;
use crate::domain::pruning::PruningRatio;
use crate::gguf::sample::Sample;
use crate::gguf::{Family, narrowed, without_blocks};

/// Blocks, width, neurons, and the matrix weights of a block's attention.
pub(super) fn shape(n_blocks: usize, n_embd: u32, n_ff: u32, attention: u64) -> ModelShape {
    let neurons = 3 * u64::from(n_embd) * u64::from(n_ff);
    let block = BlockShape {
        weights: attention + neurons,
        n_params: attention + neurons + 2 * u64::from(n_embd),
        neuron_params: 3 * u64::from(n_embd),
        group_params: 0,
        down: TensorType::F16,
        has_down_bias: false,
        output: Some(TensorType::F16),
        has_output_bias: false,
    };
    ModelShape {
        family: Family::Llama,
        n_embd,
        n_ff,
        n_vocab: 1000,
        n_params: n_blocks as u64 * block.n_params + 1000 * u64::from(n_embd),
        blocks: vec![block; n_blocks],
        heads: None,
        windows: None,
    }
}

pub(super) fn smollm2() -> ModelShape {
    shape(30, 576, 1536, 2 * 576 * 576 + 2 * 576 * 192)
}

pub(super) fn prune(method: PruningMethod, share: f64) -> Prune {
    Prune::new(method, PruningRatio::try_from(share).expect("a ratio"))
}

pub(super) fn planned(shape: &ModelShape, method: PruningMethod, share: f64) -> PruningPlan {
    let prune = prune(method, share);
    let plan = plan_pruning(shape, prune);
    plan.unwrap_or_else(|reason| panic!("{reason}"))
}

pub(super) fn reason(shape: &ModelShape, method: PruningMethod, share: f64) -> String {
    let refused = plan_pruning(shape, prune(method, share));
    refused.expect_err("it is refused").to_string()
}

#[test]
fn width_is_within_a_point_of_every_ratio() {
    for shape in [
        smollm2(),
        // Llama 7B, Llama 3 8B, Qwen 2.5 0.5B, Qwen 3 0.6B, Gemma 3 1B.
        shape(32, 4096, 11008, 4 * 4096 * 4096),
        shape(32, 4096, 14336, 2 * 4096 * 4096 + 2 * 4096 * 1024),
        shape(24, 896, 4864, 2 * 896 * 896 + 2 * 896 * 128),
        shape(28, 1024, 3072, 2 * 1024 * 2048 + 2 * 1024 * 1024),
        shape(26, 1152, 6912, 2 * 1152 * 1024 + 2 * 1152 * 256),
    ] {
        for share in (1000..=5000).map(|n| f64::from(n) / 1e4) {
            let way = planned(&shape, PruningMethod::Width, share).first();
            assert!((way.ratio - share).abs() <= 0.01 + 1e-9, "{share}: {way:?}");
            assert!(way.n_ff.is_multiple_of(32) && way.n_ff < shape.n_ff);
            let removed = shape.block_weights() - way.block_weights;
            assert_eq!(way.ratio, removed as f64 / shape.block_weights() as f64);
        }
    }
}

#[test]
fn neurons_stay_in_256s_where_that_is_near_enough() {
    let n_ff = |shape: &ModelShape, share| planned(shape, PruningMethod::Width, share).first().n_ff;
    let small = smollm2();
    assert_eq!(
        [0.1, 0.3, 0.5].map(|share| n_ff(&small, share)),
        [1344, 928, 512]
    );
    let large = shape(32, 4096, 14336, 2 * 4096 * 4096 + 2 * 4096 * 1024);
    for share in [0.1, 0.2, 0.3, 0.4, 0.5] {
        assert!(n_ff(&large, share).is_multiple_of(256));
    }
}

#[test]
fn auto_offers_every_mixture_within_a_point() {
    let plan = planned(&smollm2(), PruningMethod::Auto, 0.3);
    let removed: Vec<u32> = plan.ways.iter().map(|way| way.n_blocks_removed).collect();
    assert_eq!(removed, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for way in &plan.ways {
        assert!((way.ratio - 0.3).abs() <= 0.01 + 1e-9, "{way:?}");
        assert!(way.n_ff.is_multiple_of(32));
    }
    assert_eq!(plan.first().n_ff, 928);
    assert_eq!(plan.ways[9].n_ff, 1536);
}

#[test]
fn what_rounds_to_nothing_is_refused_with_what_would_work() {
    let two_blocks = shape(2, 64, 128, 4 * 64 * 64);
    let depth = reason(&two_blocks, PruningMethod::Depth, 0.1);
    assert!(depth.contains("10 % by depth"), "{depth}");
    assert!(depth.contains("Ask for 50.0 %"), "{depth}");
    let width = reason(&two_blocks, PruningMethod::Width, 0.2);
    assert!(width.contains("32 neurons of each"), "{width}");
    assert!(width.contains("Ask for 15.0 % or 30.0 %"), "{width}");
    // Its networks are a fifth of its blocks.
    let mostly_attention = shape(12, 512, 256, 3 * 512 * 256 * 4);
    let width = reason(&mostly_attention, PruningMethod::Width, 0.4);
    assert!(
        width.contains("hold 20.0 % of the blocks' weights"),
        "{width}"
    );
    assert!(width.contains("Ask for 17.5 %"), "{width}");
    let auto = planned(&mostly_attention, PruningMethod::Auto, 0.4);
    assert!(auto.ways.iter().all(|way| way.n_blocks_removed > 2));
    let one_block = shape(1, 64, 32, 4 * 64 * 64);
    for method in PruningMethod::ALL {
        let reason = reason(&one_block, method, 0.5);
        assert!(reason.contains("Quantize it instead"), "{reason}");
    }
}

#[test]
fn quantized_weights_are_cut_by_whole_blocks_and_not_refitted() {
    let mut quantized = shape(32, 4096, 14336, 2 * 4096 * 4096 + 2 * 4096 * 1024);
    assert!(planned(&quantized, PruningMethod::Width, 0.3).with_bias);
    for block in &mut quantized.blocks {
        block.down = TensorType::of_id(12).expect("Q4_K");
    }
    let plan = planned(&quantized, PruningMethod::Width, 0.3);
    assert_eq!((plan.neurons_together, plan.with_bias), (256, false));
    assert!(plan.first().n_ff.is_multiple_of(256));
    let mut small = smollm2();
    for block in &mut small.blocks {
        block.down = TensorType::of_id(12).expect("Q4_K");
    }
    let refused = reason(&small, PruningMethod::Width, 0.3);
    let says = r#"let it be upcast to F16 first ("upcast": true, --upcast, or whittle upcast"#;
    assert!(refused.contains(says), "{refused}");
}

#[test]
fn what_cannot_be_refitted_is_known_before() {
    use NotRefitted::{Architecture, Quantized, Text};
    use PruningMethod::{Auto, Depth, Width};
    let gemma = ModelShape {
        family: Family::Gemma3,
        ..smollm2()
    };
    let mut quantized = smollm2();
    for block in &mut quantized.blocks {
        block.down = TensorType::of_id(8).expect("Q8_0");
    }
    // Three of ten blocks are 30 %, of eleven they are 27.3 %.
    let small_steps = ModelShape {
        blocks: smollm2().blocks[..11].to_vec(),
        ..gemma.clone()
    };
    for (shape, method, n_tokens, why) in [
        (&smollm2(), Depth, 1536, None),
        (&smollm2(), Depth, 1535, Some(Text)),
        // More is read.
        (&smollm2(), Width, 1535, None),
        (&gemma, Depth, 1536, Some(Architecture)),
        (&gemma, Width, 1536, None),
        (&gemma, Auto, 1536, None),
        // Neurons go, too.
        (&small_steps, Depth, 1535, None),
        (&quantized, Depth, 1536, Some(Quantized)),
        (&quantized, Width, 1536, Some(Quantized)),
    ] {
        let plan = planned(shape, method, 0.3);
        let found = plan.not_refitted(shape, n_tokens);
        assert_eq!(found, why, "{:?} by {method}", shape.family);
    }
}

#[test]
fn a_budget_is_for_depth_alone() {
    let with_budget = |method| Prune {
        loss_budget: Some(LossBudget::try_from(1.5).expect("a budget")),
        ..prune(method, 0.3)
    };
    assert!(plan_pruning(&smollm2(), with_budget(PruningMethod::Depth)).is_ok());
    for method in [PruningMethod::Width, PruningMethod::Auto] {
        let refused = plan_pruning(&smollm2(), with_budget(method)).expect_err("refused");
        assert!(
            refused.to_string().contains("or prune by depth"),
            "{refused}"
        );
    }
}

#[test]
fn sizes_are_those_of_the_written_files() {
    let texts = [(
        "whittle.provenance".to_owned(),
        "pruned by width".to_owned(),
    )];
    let name = "Sample, pruned";
    for architecture in ["llama", "qwen2", "gemma3"] {
        let mut sample = Sample::model(architecture, 4, 64, 256);
        // One block has a bias already.
        if architecture == "llama" {
            sample.add("blk.2.ffn_down.bias", TensorType::F32, &[64]);
        }
        let source = sample.bytes();
        let document = Document::read(Cursor::new(&source), source.len() as u64);
        let document = document.expect("a valid file");
        let shape = ModelShape::of(&document).expect("it can be pruned");

        let size = |plan: &PruningPlan| {
            let size = plan.size_bytes(&document, &shape, plan.first(), name, &texts);
            size.expect("it fits")
        };
        let plan = planned(&shape, PruningMethod::Width, 0.2813);
        let n_ff = plan.first().n_ff;
        let refitted = || Narrowing {
            keep: (0..n_ff).map(|n| n + 5).collect(),
            down: Down::Refitted {
                kind: TensorType::F16,
                weights: Content::Bytes(vec![0; n_ff as usize * 64 * 2]),
                bias: plan.with_bias.then(|| vec![0.0; 64]),
            },
            attention: None,
        };
        let narrowings = (0..4).map(|_| refitted()).collect();
        let mut narrow = narrowed(&document, &shape, narrowings).expect("it fits");
        let depth = planned(&shape, PruningMethod::Depth, 0.25);
        let mut shallow = without_blocks(&document, &shape, &[0]).expect("it fits");
        for (rewrite, plan) in [(&mut narrow, &plan), (&mut shallow, &depth)] {
            rewrite.label(name, &texts);
            let mut new = Vec::new();
            rewrite
                .write(&mut Cursor::new(&source), &mut new, |_, _| ())
                .expect("it can be written");
            assert_eq!(new.len() as u64, size(plan));
            assert_eq!(rewrite.n_params(), plan.first().n_params);
        }
    }
}
