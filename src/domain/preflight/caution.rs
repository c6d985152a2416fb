//! What falsifies or slows a run, said before it and of it.

use crate::domain::units;

/// What makes a model fit.
pub(super) const MAKES_ROOM: &str =
    "close other programs, or choose a smaller quantization or a shorter context";

/// What falsifies or slows a run. It is said twice: before the run, with what can
/// still be done, and of a run that is over, when the machine may be idle again.
#[derive(Debug, Clone, PartialEq)]
pub enum Caution {
    /// Memory barely holds the model.
    TightMemory {
        /// The model's name.
        name: String,
        /// What it needs, in words.
        needs: String,
        /// What is available, MB.
        available_mb: f64,
    },
    /// Other programs are swapped out.
    SwappedOut {
        /// How much, MB.
        mb: f64,
    },
    /// Other programs use the processor.
    Busy {
        /// One-minute load average.
        load: f64,
        /// What of it may be Whittle's own.
        own_load: f64,
        /// Logical cores.
        logical_cores: u32,
    },
    /// There is hardly room for the results.
    FullDisk {
        /// What is free, MB.
        free_mb: f64,
    },
}

impl Caution {
    /// Whether others keep the machine busy. The average holds the last minutes, and so
    /// what Whittle itself has just done, `own_load`.
    pub fn of_load(load_average: Option<f64>, own_load: f64, logical_cores: u32) -> Option<Self> {
        let load = load_average.filter(|load| load - own_load > f64::from(logical_cores))?;
        Some(Self::Busy {
            load,
            own_load,
            logical_cores,
        })
    }

    /// Before the run.
    pub fn beforehand(&self) -> String {
        match self {
            Self::TightMemory {
                name,
                needs,
                available_mb,
            } => format!(
                "Memory is tight: {name} needs {needs} of {} MB available. The machine may swap, \
                 and the figures with it: {MAKES_ROOM}.",
                units::number(*available_mb)
            ),
            Self::SwappedOut { mb } => format!(
                "{} MB are swapped out already: other programs will be slow, and disturb the run \
                 when they come back. Close those that you do not need.",
                units::number(*mb)
            ),
            Self::Busy {
                load,
                own_load,
                logical_cores,
            } => format!(
                "The machine is busy: load {load:.1} on {logical_cores} logical cores{}. End other \
                 programs, or the run may be unstable.",
                own(*own_load)
            ),
            Self::FullDisk { free_mb } => format!(
                "The disk of the data folder has {} MB left: the results may not be stored. Free \
                 some space.",
                units::number(*free_mb)
            ),
        }
    }

    /// Of a run that is over.
    pub fn afterwards(&self) -> String {
        match self {
            Self::TightMemory {
                name,
                needs,
                available_mb,
            } => format!(
                "Memory was tight: {name} needed {needs} of {} MB that were available. The machine \
                 may have swapped, and the figures with it.",
                units::number(*available_mb)
            ),
            Self::SwappedOut { mb } => format!(
                "{} MB were swapped out when the run began: programs that came back may have \
                 disturbed it.",
                units::number(*mb)
            ),
            Self::Busy {
                load,
                own_load,
                logical_cores,
            } => format!(
                "The machine was busy when the run began: load {load:.1} on {logical_cores} \
                 logical cores{}. Other programs may have disturbed it.",
                own(*own_load)
            ),
            Self::FullDisk { free_mb } => format!(
                "The disk of the data folder had {} MB left when the run began: free some space \
                 before the next one.",
                units::number(*free_mb)
            ),
        }
    }
}

/// What of a load average may be Whittle's own, where that is to be seen in it.
fn own(load: f64) -> String {
    match load {
        load if load < 0.05 => String::new(),
        load => format!(", of which Whittle's own work may be {load:.1}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_a_run_every_caution_says_what_helps() {
        let tight = Caution::TightMemory {
            name: "M".to_owned(),
            needs: "90 MB".to_owned(),
            available_mb: 100.0,
        };
        let busy = Caution::Busy {
            load: 4.5,
            own_load: 0.0,
            logical_cores: 4,
        };
        for (caution, help) in [
            (tight, "a smaller quantization or a shorter context."),
            (
                Caution::SwappedOut { mb: 7.0 },
                "Close those that you do not need.",
            ),
            (busy, "End other programs"),
            (Caution::FullDisk { free_mb: 1.0 }, "Free some space."),
        ] {
            let said = caution.beforehand();
            assert!(said.contains(help), "{said}");
        }
    }
}
