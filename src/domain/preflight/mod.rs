//! Before a run: what it needs of the machine, against what there is.

mod caution;

use serde::{Deserialize, Serialize};

use super::model::Model;
use super::run::RunSettings;
use super::units;

pub use caution::Caution;
use caution::MAKES_ROOM;

/// Share of the available memory above which a run is advised against: other
/// programs need some, too.
const TIGHT: f64 = 0.9;
/// Memory of a worker beside weights and context, MB: the program, its threads.
const PROGRAM_MB: f64 = 30.0;
/// Least free disk for the history, MB.
const LEAST_DISK_MB: f64 = 100.0;

/// What a run needs at its peak, MB = 10^6 bytes. An estimate from the file's
/// header, on the safe side; the run measures the truth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MemoryNeed {
    /// The weights: the file.
    pub weights_mb: f64,
    /// Keys and values of the whole context; none where the header does not
    /// say enough.
    pub kv_cache_mb: Option<f64>,
    /// Intermediate results: logits of a physical batch, and the program.
    pub compute_mb: f64,
}

impl MemoryNeed {
    /// What the model needs with these settings.
    pub fn of(model: &Model, settings: &RunSettings) -> Self {
        let kv = |bytes: u64| bytes as f64 * f64::from(settings.n_ctx) / 1e6;
        let logits = |n: u64| n as f64 * f64::from(settings.n_ubatch) * 4.0 / 1e6;
        Self {
            weights_mb: model.size_mb(),
            kv_cache_mb: model.kv_bytes_per_token.map(kv),
            compute_mb: PROGRAM_MB + model.n_vocab.map_or(0.0, logits),
        }
    }

    /// All of it.
    pub fn total_mb(&self) -> f64 {
        self.weights_mb + self.kv_cache_mb.unwrap_or(0.0) + self.compute_mb
    }

    /// The sum and its parts in words.
    pub fn in_words(&self) -> String {
        let kv = self.kv_cache_mb.map_or_else(
            || "keys and values unknown".to_owned(),
            |mb| format!("{} MB keys and values", units::number(mb)),
        );
        format!(
            "up to about {} MB ({} MB weights, {kv}, {} MB to compute)",
            units::number(self.total_mb()),
            units::number(self.weights_mb),
            units::number(self.compute_mb)
        )
    }
}

/// The machine at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Room {
    /// Memory of the machine, MB; 0: unknown.
    pub total_memory_mb: f64,
    /// Memory available, MB; 0: unknown.
    pub available_memory_mb: f64,
    /// Swap in use, MB.
    pub swap_used_mb: f64,
    /// One-minute load average, where the system has one.
    pub load_average: Option<f64>,
    /// What of it may be Whittle's own work of the last minutes.
    pub own_load: f64,
    /// Logical cores.
    pub logical_cores: u32,
    /// Free space for the history, MB, where the system says.
    pub free_disk_mb: Option<f64>,
}

/// What stands in the way of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Preflight {
    /// Why it cannot work, in words for its owner; none: it may.
    pub refusal: Option<String>,
    /// What will falsify or slow it.
    pub cautions: Vec<Caution>,
}

/// Whether so much memory, MB, holds all of these at once, so that they take turns at
/// every prompt. Of one model it says nothing: that is the preflight's business. Unknown
/// memory, 0, counts as enough.
pub fn fit_together(models: &[Model], settings: &RunSettings, available_mb: f64) -> bool {
    let needed = together_mb(models, settings);
    models.len() < 2 || available_mb <= 0.0 || needed <= TIGHT * available_mb
}

fn together_mb(models: &[Model], settings: &RunSettings) -> f64 {
    let needs = models.iter().map(|model| MemoryNeed::of(model, settings));
    needs.map(|need| need.total_mb()).sum()
}

/// The same of this machine; where they do not fit, why not, in words.
pub fn hold_together(models: &[Model], settings: &RunSettings, room: &Room) -> Result<(), String> {
    let available = room.available_memory_mb;
    if fit_together(models, settings, available) {
        return Ok(());
    }
    Err(format!(
        "Memory did not hold all {} models at once: they needed about {} MB together and {} MB were \
         available. In each iteration they were launched in turn, each for all prompts, and not in \
         turns at every prompt: slow drifts of the machine weigh more. Fewer variants at once, or a \
         shorter context, may fit.",
        models.len(),
        units::number(together_mb(models, settings)),
        units::number(available)
    ))
}

/// Holds what the model needs against what there is. A mapped file may stay on
/// the disk, at a price: it is never refused for want of memory.
pub fn preflight(model: &Model, settings: &RunSettings, room: &Room) -> Preflight {
    let need = MemoryNeed::of(model, settings);
    let (name, needs) = (&model.name, need.in_words());
    let available = units::number(room.available_memory_mb);
    let is_known = room.available_memory_mb > 0.0;
    let does_not_fit = is_known && need.total_mb() > room.available_memory_mb;
    let mut found = Preflight::default();
    if does_not_fit && !settings.mmap {
        found.refusal = Some(format!(
            "{name} needs {needs} and {available} MB are available: {MAKES_ROOM}, or map the file (mmap)"
        ));
    } else if is_known && need.total_mb() > TIGHT * room.available_memory_mb {
        found.cautions.push(Caution::TightMemory {
            name: name.clone(),
            needs,
            available_mb: room.available_memory_mb,
        });
    }
    if room.swap_used_mb > 0.05 * room.total_memory_mb && room.swap_used_mb > 1.0 {
        found.cautions.push(Caution::SwappedOut {
            mb: room.swap_used_mb,
        });
    }
    let busy = Caution::of_load(room.load_average, room.own_load, room.logical_cores);
    found.cautions.extend(busy);
    if let Some(free_mb) = room.free_disk_mb.filter(|free| *free < LEAST_DISK_MB) {
        found.cautions.push(Caution::FullDisk { free_mb });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> Model {
        Model {
            size_bytes: 1_000_000_000,
            kv_bytes_per_token: Some(50_000),
            n_vocab: Some(100_000),
            ..Model::sample("F16", None)
        }
    }

    fn plain() -> RunSettings {
        RunSettings::default()
    }

    fn room(available_memory_mb: f64) -> Room {
        Room {
            total_memory_mb: 16_000.0,
            available_memory_mb,
            swap_used_mb: 0.0,
            load_average: Some(0.1),
            own_load: 0.0,
            logical_cores: 4,
            free_disk_mb: Some(5000.0),
        }
    }

    #[test]
    fn a_model_needs_weights_context_and_logits() {
        // 1000 + 50,000 x 2048 / 10^6 + 30 + 100,000 x 512 x 4 / 10^6
        assert!((MemoryNeed::of(&model(), &plain()).total_mb() - 1337.2).abs() < 0.01);
    }

    #[test]
    fn what_does_not_fit_is_refused_unless_it_is_mapped() {
        let refused = preflight(&model(), &plain(), &room(1300.0));
        let refusal = refused.refusal.expect("it does not fit");
        assert!(refusal.contains("1,337.2 MB") && refusal.contains("1,300.0 MB are available"));
        let mapped = RunSettings {
            mmap: true,
            ..plain()
        };
        let mapped = preflight(&model(), &mapped, &room(1300.0));
        assert_eq!((mapped.refusal, mapped.cautions.len()), (None, 1));
        assert_eq!(
            preflight(&model(), &plain(), &room(1400.0)).cautions.len(),
            1
        );
        assert_eq!(
            preflight(&model(), &plain(), &room(9000.0)),
            Preflight::default()
        );
        assert_eq!(
            preflight(&model(), &plain(), &room(0.0)),
            Preflight::default()
        );
    }

    #[test]
    fn arms_that_do_not_fit_together_are_measured_in_blocks() {
        let two = [model(), model()];
        let held = |available| hold_together(&two, &plain(), &room(available));
        // Twice 1,337.2 MB, and a tenth of what is available stays free.
        assert_eq!(held(2_980.0), Ok(()));
        let said = held(2_960.0).expect_err("they do not fit");
        assert!(said.contains("2,674.4 MB together"), "{said}");
        assert_eq!(held(0.0), Ok(()));
        assert_eq!(hold_together(&two[..1], &plain(), &room(10.0)), Ok(()));
    }

    #[test]
    fn swap_load_and_disk_are_cautioned_of() {
        let poor = Room {
            swap_used_mb: 2000.0,
            load_average: Some(4.5),
            free_disk_mb: Some(20.0),
            ..room(9000.0)
        };
        let found = preflight(&model(), &plain(), &poor);
        assert_eq!((found.refusal, found.cautions.len()), (None, 3));
    }

    /// Pruning keeps every core busy for minutes: the next run was said to have been
    /// disturbed by other programs.
    #[test]
    fn what_whittle_has_just_done_is_no_other_program() {
        let after = |load, own_load| {
            let room = Room {
                load_average: Some(load),
                own_load,
                ..room(9000.0)
            };
            preflight(&model(), &plain(), &room).cautions
        };
        assert_eq!(after(4.3, 3.9), []);
        assert_eq!(after(4.3, 0.4), []);
        let busy = after(8.3, 3.9);
        let [busy] = busy.as_slice() else {
            panic!("others are busy, too: {busy:?}");
        };
        for said in [busy.beforehand(), busy.afterwards()] {
            let own = "load 8.3 on 4 logical cores, of which Whittle's own work may be 3.9";
            assert!(said.contains(own), "{said}");
        }
        assert_eq!(after(4.3, 0.0).len(), 1);
    }

    #[test]
    fn a_run_that_is_over_is_spoken_of_as_such() {
        let poor = Room {
            swap_used_mb: 2000.0,
            load_average: Some(4.5),
            free_disk_mb: Some(20.0),
            ..room(1400.0)
        };
        let found = preflight(&model(), &plain(), &poor).cautions;
        assert_eq!(found.len(), 4);
        for caution in &found {
            let said = caution.afterwards();
            let present = [" is ", " has ", " are ", " needs ", " may swap"];
            let spoken = present.iter().find(|word| said.contains(**word));
            assert_eq!(spoken, None, "{said}");
        }
        let busy = Caution::Busy {
            load: 4.5,
            own_load: 0.0,
            logical_cores: 4,
        };
        assert!(found.contains(&busy), "{found:?}");
        assert!(
            busy.beforehand()
                .starts_with("The machine is busy: load 4.5")
        );
        assert!(
            busy.afterwards()
                .starts_with("The machine was busy when the run began: load 4.5")
        );
    }
}
