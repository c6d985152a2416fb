//! How models share the memory while they are compared: all at once, or in
//! turns with a bounded batch of the baseline's logits kept between them.

use crate::domain::units;

/// What the allocator may keep of what was freed, and the small things.
const SLACK_BYTES: u64 = 64 << 20;

/// What is known of the memory when the baseline has scored its first chunk.
#[derive(Debug, Clone)]
pub(super) struct Needs {
    /// Memory that may be used; none: as much as it takes.
    pub(super) limit_bytes: Option<u64>,
    /// Resident before the baseline was loaded, where the system tells.
    pub(super) empty_bytes: Option<u64>,
    /// Resident now, with the baseline's weights, cache and buffers.
    pub(super) with_baseline_bytes: Option<u64>,
    /// The baseline's file.
    pub(super) baseline_file_bytes: u64,
    /// The files of the variants that are compared.
    pub(super) variant_file_bytes: Vec<u64>,
    /// A chunk's scored logits.
    pub(super) chunk_bytes: u64,
    /// Keys and values of the context in which prompts are answered, once the text
    /// is scored; 0: there are none.
    pub(super) answers_bytes: u64,
}

/// How the models share the memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrangement {
    /// All are loaded at once.
    Together {
        /// What they leave; none: not bounded.
        spare_bytes: Option<u64>,
    },
    /// One after the other, again and again.
    InTurns {
        /// Chunks whose logits are kept meanwhile, at least one.
        n_chunks: usize,
        /// As many chunks' logits are kept while prompts are answered; none: there
        /// is no room to answer them.
        n_for_answers: Option<usize>,
    },
}

impl Arrangement {
    /// The one that fits.
    pub(super) fn of(needs: &Needs) -> Result<Self, String> {
        let (Some(limit), Some(empty), Some(with_baseline)) = (
            needs.limit_bytes,
            needs.empty_bytes,
            needs.with_baseline_bytes,
        ) else {
            return Ok(Self::Together { spare_bytes: None });
        };
        // Cache and buffers: the variants have the baseline's shape.
        let buffers = with_baseline
            .saturating_sub(empty)
            .saturating_sub(needs.baseline_file_bytes)
            .max(2 * needs.chunk_bytes);
        // A quarter more: tied embeddings that are repacked are there twice.
        let of_variant = |file: &u64| file + file / 4 + buffers;
        let variants = || needs.variant_file_bytes.iter().map(of_variant);

        let scoring = with_baseline + variants().sum::<u64>() + SLACK_BYTES;
        // Prompts are answered with one context at a time, after those of the text
        // are gone; all weights stay.
        let n_variants = needs.variant_file_bytes.len() as u64;
        let answering = (scoring - n_variants * buffers).saturating_add(needs.answers_bytes);
        let together = match needs.answers_bytes {
            0 => scoring,
            _ => scoring.max(answering),
        };
        if together <= limit {
            return Ok(Self::Together {
                spare_bytes: Some(limit - together),
            });
        }
        let baseline = with_baseline.saturating_sub(empty);
        let largest = variants().fold(baseline, u64::max);
        let alone = empty + largest + SLACK_BYTES;
        let room_beside = |bytes: u64| {
            let n_chunks = limit.saturating_sub(bytes) / needs.chunk_bytes.max(1);
            usize::try_from(n_chunks).unwrap_or(usize::MAX)
        };
        let n_for_answers = room_beside(alone.saturating_add(needs.answers_bytes));
        match room_beside(alone) {
            0 => Err(format!(
                "comparing these models needs {} MB of memory even one after the other, and {} MB \
                 may be used: close other programs or choose smaller models",
                units::number((alone + needs.chunk_bytes) as f64 / 1e6),
                units::number(limit as f64 / 1e6)
            )),
            n_chunks => Ok(Self::InTurns {
                n_chunks,
                n_for_answers: (n_for_answers > 0).then_some(n_for_answers),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1_000_000;

    fn needs(limit_mb: u64) -> Needs {
        Needs {
            limit_bytes: Some(limit_mb * MB),
            empty_bytes: Some(30 * MB),
            with_baseline_bytes: Some(430 * MB),
            baseline_file_bytes: 270 * MB,
            variant_file_bytes: vec![80 * MB, 140 * MB],
            chunk_bytes: 50 * MB,
            answers_bytes: 0,
        }
    }

    #[test]
    fn the_context_of_answers_takes_its_room() {
        let with_answers = |limit_mb, answers_mb: u64| Needs {
            answers_bytes: answers_mb * MB,
            ..needs(limit_mb)
        };
        // Two contexts of the text are gone by then: 130 MB each.
        let together = |needs: &Needs| {
            let found = Arrangement::of(needs).unwrap();
            matches!(found, Arrangement::Together { .. })
        };
        assert!(together(&with_answers(1040, 260)));
        assert!(!together(&with_answers(1040, 340)));
        // 547.1 MB for one after the other with a chunk; 50 more for each.
        let found = Arrangement::of(&with_answers(700, 100)).unwrap();
        let in_turns = |n_chunks, n_for_answers| Arrangement::InTurns {
            n_chunks,
            n_for_answers,
        };
        assert_eq!(found, in_turns(4, Some(2)));
        let found = Arrangement::of(&with_answers(700, 300)).unwrap();
        assert_eq!(found, in_turns(4, None), "the text is scored all the same");
    }

    #[test]
    fn what_fits_is_loaded_together() {
        // 430 + (80 + 20 + 130) + (140 + 35 + 130) + 67.1
        let found = Arrangement::of(&needs(1040)).unwrap();
        let Arrangement::Together {
            spare_bytes: Some(spare),
        } = found
        else {
            panic!("{found:?}");
        };
        assert_eq!(spare, 1040 * MB - 965 * MB - SLACK_BYTES);
        let unbounded = Needs {
            limit_bytes: None,
            ..needs(0)
        };
        let together = Arrangement::Together { spare_bytes: None };
        assert_eq!(Arrangement::of(&unbounded), Ok(together));
    }

    #[test]
    fn what_does_not_fit_takes_turns_within_the_limit() {
        for limit in [550, 600, 700, 1000] {
            let found = Arrangement::of(&needs(limit)).unwrap();
            let Arrangement::InTurns { n_chunks, .. } = found else {
                panic!("{found:?}");
            };
            // 30 + the baseline's 400 + 67.1 + the batch
            let used = 430 * MB + SLACK_BYTES + n_chunks as u64 * 50 * MB;
            assert!(
                used <= limit * MB && used + 50 * MB > limit * MB,
                "{limit}: {n_chunks}"
            );
        }
    }

    #[test]
    fn what_never_fits_is_refused_with_the_figures() {
        let reason = Arrangement::of(&needs(540)).unwrap_err();
        assert!(
            reason.contains("547.1 MB") && reason.contains("540.0 MB"),
            "{reason}"
        );
    }
}
