//! Pruning by width where so much goes that heads do, too.

use std::fs::{self, File};
use std::io::Cursor;
use std::path::Path;

use whittle::domain::pruning::PruningMethod;
use whittle::gguf::{Content, Document, Rewrite, Tensor, block_tensor};

use super::{Ask, Bench, ask, distance};
use crate::tiny_model::Tiny;

/// Four heads in two groups.
fn grouped(architecture: &'static str) -> Bench {
    Bench::of(Tiny {
        n_groups: 2,
        ..Tiny::of(architecture)
    })
}

fn half() -> Ask {
    ask(PruningMethod::Width, 0.5)
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

/// A model's file, read.
struct Read {
    bytes: Vec<u8>,
    document: Document,
}

impl Read {
    fn of(path: &Path) -> Self {
        let bytes = fs::read(path).expect("a file");
        let document = Document::read(Cursor::new(&bytes), bytes.len() as u64);
        let document = document.expect("a model");
        Self { bytes, document }
    }

    fn tensor(&self, name: &str) -> (&Tensor, Vec<u8>) {
        let tensor = self.document.tensor(name).expect("a tensor");
        let mut source = Cursor::new(&self.bytes);
        let bytes = self.document.read_tensor(&mut source, tensor);
        (tensor, bytes.expect("its bytes"))
    }
}

/// In the pruned file, what attention says becomes what the heads that stay said before;
/// all else stays.
fn undo_refit_of_attention(bench: &Bench) {
    let [base, pruned] = [bench.model.clone(), bench.target()].map(|path| Read::of(&path));
    let mut undone = Rewrite::of(&pruned.document);
    for layer in 0..2 {
        let name = |part: &str| block_tensor(layer, part);
        // What heads ask for is not refitted: that tells the group that stays.
        let [(_, all), (_, kept)] =
            [&base, &pruned].map(|file| file.tensor(&name("attn_q.weight")));
        let group = all.chunks(kept.len()).position(|group| group == kept);
        let group = group.expect("one of the base");
        let (output, old) = base.tensor(&name("attn_output.weight"));
        let (now, _) = pruned.tensor(&name("attn_output.weight"));
        let row_bytes = now.row_bytes() as usize;
        let rows = old.chunks(output.row_bytes() as usize);
        let columns = rows.flat_map(|row| &row[group * row_bytes..][..row_bytes]);
        let content = Content::Bytes(columns.copied().collect());
        let replaced = undone.replace(now.name(), now.kind(), now.shape(), content);
        replaced.expect("half of the columns");
        if let Some(bias) = pruned.document.tensor(&name("attn_output.bias")) {
            let content = Content::Bytes(vec![0; bias.n_bytes() as usize]);
            let replaced = undone.replace(bias.name(), bias.kind(), bias.shape(), content);
            replaced.expect("as large as it was");
        }
    }
    let mut file = File::create(bench.target()).expect("a file");
    let written = undone.write(&mut Cursor::new(&pruned.bytes), &mut file, |_, _| ());
    written.expect("it can be written");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_of_attention_takes_over_what_is_gone() {
    for architecture in ["llama", "qwen3", "gemma3"] {
        let bench = grouped(architecture);
        bench.cut(half()).await;
        let own = distance(&bench.quality().await);
        undo_refit_of_attention(&bench);
        let undone = distance(&bench.quality().await);
        assert!(own < undone, "{architecture}: {own} is not below {undone}");
    }
}
