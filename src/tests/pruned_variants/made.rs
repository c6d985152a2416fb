//! What is gone of pruned variants, that they were checked, and what is said of them.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use whittle::bench::Making;
use whittle::gguf::{Document, Tensor, check_model};

use super::{DEPTH, WIDTH, is_pruning, recipe, report};
use crate::shop::{Shop, record};

/// The matrix weights of each block, by the tensor table of the file.
fn block_weights(path: &Path) -> Vec<u64> {
    let file = File::open(path).expect("a file");
    let size = file.metadata().expect("its size").len();
    let document = Document::read(BufReader::new(file), size).expect("a model");
    let n_blocks = document.unsigned("llama.block_count").expect("its blocks");
    let of_block = |block: u64| {
        let prefix = format!("blk.{block}.");
        let tensors = document.tensors();
        let matrices =
            tensors.filter(|tensor| tensor.name().starts_with(&prefix) && tensor.shape().len() > 1);
        matrices.map(Tensor::n_elements).sum::<u64>()
    };
    let weights: Vec<u64> = (0..=n_blocks).map(of_block).collect();
    assert_eq!(weights.last(), Some(&0), "there are more");
    weights[..n_blocks as usize].to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pruned_variant_says_what_is_gone_and_was_checked() {
    let shop = Shop::new();
    for (json, id, provenance) in [
        (WIDTH, "tiny-pruned-30-", "pruned 30 % from F32"),
        (
            DEPTH,
            "tiny-depth-pruned-50-",
            "pruned 50 % by depth from F32",
        ),
    ] {
        let recipe = recipe(json);
        let predicted = shop.forecast(None, recipe).await;
        let mut told = Vec::new();
        let made = shop.make_watched(&recipe, |making| told.push(making)).await;
        let variant = made.expect("it is made");
        let report = report(&variant);
        let prune = recipe.prune.expect("it prunes");

        let achieved = report.cut.achieved_pruning_ratio;
        assert!((achieved - prune.ratio.share()).abs() <= 0.01, "{achieved}");
        assert_eq!(report.cut.layers.len(), 2);
        let before = block_weights(&shop.located.path);
        let said = report.cut.layers.iter().map(|layer| layer.weights_before);
        assert_eq!(said.collect::<Vec<_>>(), before);
        let after = block_weights(&variant.path);
        // The numbers of blocks in the file have no gap where one is gone.
        let said = report.cut.layers.iter().map(|layer| layer.weights_after);
        assert_eq!(said.filter(|n| *n > 0).collect::<Vec<_>>(), after);
        let [before, after] = [before, after].map(|blocks| blocks.iter().sum::<u64>());
        let said = [
            report.cut.block_weights_before,
            report.cut.block_weights_after,
        ];
        assert_eq!(said, [before, after]);
        assert!((1.0 - after as f64 / before as f64 - achieved).abs() < 1e-9);

        let size = fs::metadata(&variant.path).expect("its file").len();
        assert_eq!((size, size), (report.cut.bytes_after, predicted.size_bytes));
        let pruning = predicted.pruning.expect("a forecast of pruning");
        assert_eq!(pruning.params_after, variant.model.n_params);
        assert!((pruning.achieved_pruning_ratio - achieved).abs() < 1e-9);
        assert!(variant.model.n_params < shop.located.model.n_params);

        assert_eq!(report.check.n_chunks, 10);
        assert!(report.check.perplexity > 1.0 && report.check.base_perplexity > 1.0);
        let answer = report.check.answer.as_ref().expect("both answers are kept");
        assert_eq!(answer.prompt, 1);
        let [base, pruned] = answer.whole();
        assert!(!base.is_empty() && !pruned.is_empty(), "{answer:?}");
        assert_eq!(variant.model.provenance.as_deref(), Some(provenance));
        assert!(variant.model.id.0.starts_with(id), "{}", variant.model.id);
        let header = check_model(&variant.path).expect("a model");
        let name = header.name.expect("a name");
        assert!(name.ends_with(&prune.label()), "{name}");
        let file = File::open(&variant.path).expect("its file");
        let document = Document::read(BufReader::new(file), size).expect("a model");
        let said = document.text("whittle.pruning.achieved_ratio");
        assert_eq!(said, Some(format!("{achieved:.4}").as_str()));

        assert!(is_pruning(&told[0]), "{:?}", told[0]);
        assert!(told.contains(&Making::Checking(10, 10)), "{told:?}");
        assert_eq!(told.last(), Some(&Making::Hashing));
    }
    assert_eq!(shop.left().len(), 4, "{:?}", shop.left());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quantized_base_is_pruned_coarsely_and_that_is_said() {
    let shop = Shop::new();
    let q8 = shop
        .make(&recipe(r#"{"quantize": {"level": "q8_0"}}"#))
        .await
        .expect("it is made");
    let width = recipe(WIDTH);
    let forecast = shop.forecast(Some(&q8), width).await;
    let [warning] = &forecast.warnings[..] else {
        panic!("{forecast:?}")
    };
    assert!(warning.contains("groups of 32"), "{warning}");
    let made = shop.make_of(&q8, &width).await;
    let warnings = &record(&made).warnings;
    assert!(warnings.contains(warning), "{warnings:?}");
}
