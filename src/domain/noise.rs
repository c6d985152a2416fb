//! What a model shows against itself: the noise that a change must leave behind.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};

use super::compare::{NoiseBand, Quantity};
use super::environment::Environment;
use super::run::{GenerationMode, Run, RunSpec};

/// What noise depends on: the model, the machine with its engine, and what is
/// measured how. The number of launches is not among it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoiseKey {
    /// SHA-256 of the model's file.
    pub model_sha256: String,
    /// Processor, cores, system and engine.
    pub machine: String,
    /// Everything else that a run sets.
    pub settings: String,
}

impl NoiseKey {
    /// Of a run that has been measured, its arms together.
    pub fn of(environment: &Environment, spec: &RunSpec) -> Self {
        let e = environment;
        let mode = match spec.settings.mode {
            GenerationMode::FixedLength => "fixed length",
            GenerationMode::NaturalStop => "natural stop",
        };
        Self {
            model_sha256: e.model_sha256.clone(),
            machine: format!(
                "{}, {} logical cores, {}, {}, {}",
                e.cpu_model, e.logical_cores, e.system, e.engine.version, e.device
            ),
            settings: format!(
                "prompts {:016x} of {} tokens, {mode}, {} threads, context {}, batch {}, physical \
                 batch {}, flash attention {}, mmap {}, {} GPU layers, {} warm-ups",
                hash(spec),
                spec.settings.max_tokens,
                e.n_threads,
                e.n_ctx,
                e.n_batch,
                e.n_ubatch,
                e.flash_attention,
                e.mmap,
                e.n_gpu_layers,
                e.warm_ups
            ),
        }
    }

    /// Of a comparison that is over; none: nothing was compared.
    pub fn of_run(run: &Run) -> Option<Self> {
        let is_in_blocks = run.comparison.as_ref()?.blocks.is_some();
        let key = Self::of(run.environment.as_ref()?, &run.spec);
        Some(key.in_blocks(is_in_blocks))
    }

    /// The same of one whose arms were launched in turn, where `is_in_blocks`:
    /// minutes lie between the two of a pair.
    #[must_use]
    pub fn in_blocks(self, is_in_blocks: bool) -> Self {
        match is_in_blocks {
            true => Self {
                settings: format!("{}, in blocks", self.settings),
                ..self
            },
            false => self,
        }
    }
}

/// Tells prompts from others by their texts. A version of Rust may change it: noise
/// is then measured anew.
fn hash(spec: &RunSpec) -> u64 {
    let texts: Vec<&str> = spec.prompts.iter().map(|prompt| &*prompt.text).collect();
    let mut hasher = DefaultHasher::new();
    texts.hash(&mut hasher);
    hasher.finish()
}

/// How far the changes between two copies of a model reach, launch pair by
/// launch pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Noise {
    /// Launch pairs behind it.
    pub n_launches: u32,
    /// One for each quantity that was measured.
    pub spreads: Vec<Spread>,
}

/// The spread of one quantity.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Spread {
    /// Which.
    pub quantity: Quantity,
    /// Half of the 95 % range of ln(one copy / the other) of one launch pair.
    pub half_range: f64,
}

impl Noise {
    /// What is said where it was measured.
    pub const JUDGES: &str = "Comparisons of this model with these prompts and settings are judged \
                              by this noise now, earlier ones too.";

    /// The band of a quantity at so many iterations: the range of one launch
    /// pair, divided by their square root.
    pub fn band(&self, quantity: Quantity, iterations: u32) -> Option<NoiseBand> {
        let spread = self
            .spreads
            .iter()
            .find(|spread| spread.quantity == quantity)?;
        let half = spread.half_range / f64::from(iterations.max(1)).sqrt();
        let ends = [-half, half].map(|ln| quantity.improvement_percent(ln.exp()));
        Some(NoiseBand {
            low_percent: ends[0].min(ends[1]),
            high_percent: ends[0].max(ends[1]),
            n_launches: Some(self.n_launches),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::prompt::Prompt;
    use crate::domain::run::RunRequest;

    #[test]
    fn prompts_are_told_by_their_texts() {
        let of = |texts: &[&str]| {
            let prompts = texts.iter().map(|text| Prompt::from(*text)).collect();
            let request = RunRequest {
                test_queries: Some(prompts),
                ..RunRequest::default()
            };
            hash(&RunSpec::try_from(request).expect("a run"))
        };
        assert_eq!(of(&["one", "two"]), of(&["one", "two"]));
        assert_ne!(of(&["one", "two"]), of(&["two", "one"]));
        assert_ne!(of(&["one", "two"]), of(&["onet", "wo"]));
    }

    #[test]
    fn launches_in_turn_have_a_noise_of_their_own() {
        let key = NoiseKey {
            model_sha256: String::new(),
            machine: String::new(),
            settings: "as usual".to_owned(),
        };
        assert_eq!(key.clone().in_blocks(false), key);
        assert_ne!(key.clone().in_blocks(true), key);
    }

    #[test]
    fn a_band_narrows_with_the_root_of_the_iterations() {
        let noise = Noise {
            n_launches: 10,
            spreads: vec![Spread {
                quantity: Quantity::ResponseTime,
                half_range: 0.06,
            }],
        };
        let one = noise.band(Quantity::ResponseTime, 1).expect("a band");
        // exp(0.06) = 1.06184, exp(-0.06) = 0.94176
        assert!((one.low_percent + 6.184).abs() < 1e-3, "{one:?}");
        assert!((one.high_percent - 5.824).abs() < 1e-3, "{one:?}");
        let nine = noise.band(Quantity::ResponseTime, 9).expect("a band");
        assert!((nine.high_percent - 1.980).abs() < 1e-3, "{nine:?}");
        assert_eq!(noise.band(Quantity::Memory, 1), None);
    }
}
