//! Quality of variants, measured by real workers on tiny models.

mod answers;
mod bounds;
mod figures;
#[cfg(target_os = "linux")]
mod workers;

use std::fs::File;
use std::path::PathBuf;

use tempfile::TempDir;
use whittle::backend::{WorkerError, WorkerLauncher};
use whittle::bench::{QualityPlan, QualityResult, measure_quality};
use whittle::domain::metrics::Reading;
use whittle::domain::quality::{Estimate, Quality, TextName};

use crate::tiny_model::{self, Tiny};
use crate::workers::real_workers;

/// Models in a folder of their own: the baseline, then its variants.
struct Models {
    folder: TempDir,
    files: Vec<(File, PathBuf)>,
}

/// What is asked for beside the models.
#[derive(Default)]
struct Ask {
    text: Option<(&'static str, String)>,
    n_chunks: u32,
    prompts: Vec<String>,
    memory_bytes: Option<u64>,
    /// 16 where none is given.
    max_tokens: Option<u32>,
}

impl Models {
    fn of(models: &[Tiny]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let files = (0..).zip(models).map(|(number, tiny)| {
            let name = format!("{number}.gguf");
            let path = tiny_model::write_as(folder.path(), &name, *tiny);
            (File::open(&path).expect("the model"), path)
        });
        Self {
            files: files.collect(),
            folder,
        }
    }

    fn plan<'a>(&'a self, launcher: &'a WorkerLauncher, ask: Ask) -> QualityPlan<'a> {
        let mut files = self.files.iter().map(|(file, path)| (file, path.clone()));
        QualityPlan {
            launcher,
            baseline: files.next().expect("a baseline"),
            variants: files.collect(),
            text: ask.text.map(|(name, text)| {
                let name = TextName {
                    name: name.to_owned(),
                    sha256: String::new(),
                };
                (name, text)
            }),
            n_chunks: ask.n_chunks,
            n_threads: 1,
            prompts: ask.prompts,
            max_tokens: ask.max_tokens.unwrap_or(16),
            memory_bytes: ask.memory_bytes,
        }
    }

    async fn measure(&self, ask: Ask) -> Result<QualityResult, WorkerError> {
        let launcher = real_workers();
        measure_quality(&self.plan(&launcher, ask), |_| ()).await
    }
}

fn seeded(seed: u64) -> Tiny {
    Tiny {
        seed,
        ..Tiny::default()
    }
}

fn chunks(n_chunks: u32) -> Ask {
    Ask {
        n_chunks,
        ..Ask::default()
    }
}

fn measured(reading: &Reading<Quality>) -> &Quality {
    reading
        .value()
        .unwrap_or_else(|| panic!("{:?}", reading.reason()))
}

fn contains_itself(estimate: &Estimate) -> bool {
    let (low, high) = (estimate.low.expect("low"), estimate.high.expect("high"));
    low <= estimate.value && estimate.value <= high
}
