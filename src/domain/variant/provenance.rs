//! How a file came to be, and what was lost on the way.

use super::is_inexact;

/// Between the steps of a history, the latest first.
const STEP: &str = ", ";
/// Stands for steps that are left out.
const LEFT_OUT: &str = "…";

/// The type at which a file's weights lost something, by what the file says of how
/// it came to be: `Q4_1` of `quantized from F16, upcast from Q4_1`. Whatever its own
/// type, it holds no more than that.
pub fn lossy_ancestor(provenance: Option<&str>) -> Option<&str> {
    provenance?.split(STEP).find_map(inexact_source)
}

/// A history of at most `limit` bytes, for where no more can be kept: steps are left
/// out, and `…` stands for them, but never the one that lost something first.
pub fn shortened(provenance: &str, limit: usize) -> String {
    if provenance.len() <= limit {
        return provenance.to_owned();
    }
    let steps: Vec<&str> = provenance.split(STEP).collect();
    let lossy = steps.iter().position(|step| inexact_source(step).is_some());
    let kept = lossy.unwrap_or(steps.len() - 1);
    let with = |kept: &[usize]| {
        let mut said: Vec<&str> = Vec::new();
        for (place, step) in steps.iter().enumerate() {
            match kept.contains(&place) {
                true => said.push(step),
                false if said.last() != Some(&LEFT_OUT) => said.push(LEFT_OUT),
                false => {}
            }
        }
        said.join(STEP)
    };
    let (first_too, alone) = (with(&[0, kept]), with(&[kept]));
    if first_too.len() <= limit {
        return first_too;
    }
    if alone.len() <= limit {
        return alone;
    }
    // The type stands at its end. A part of a character is none.
    let from = steps[kept].len().saturating_sub(limit);
    let is_edge = |at: &usize| steps[kept].is_char_boundary(*at);
    let from = (from..=steps[kept].len()).find(is_edge);
    steps[kept][from.unwrap_or_default()..].to_owned()
}

/// The type that a step started from, if weights had lost something in it.
fn inexact_source(step: &str) -> Option<&str> {
    let (_, file_type) = step.rsplit_once(" from ")?;
    is_inexact(file_type).then_some(file_type)
}

/// The warning that a base brings with it which is quantized already.
pub fn requantized(kind: &str) -> String {
    format!(
        "Requantized: the base is {kind}, and what was lost in quantizing it stays lost. Choose an F16, BF16 or F32 file of the model that was never quantized, where there is one."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_lost_on_the_way_is_found() {
        for (provenance, lossy) in [
            ("upcast from Q4_1", Some("Q4_1")),
            ("quantized from Q8_0", Some("Q8_0")),
            ("quantized from F16, upcast from Q4_1", Some("Q4_1")),
            (
                "quantized with an importance matrix from F16, quantized from Q4_K_M",
                Some("Q4_K_M"),
            ),
            ("quantized from F32", None),
            ("made by hand", None),
        ] {
            assert_eq!(lossy_ancestor(Some(provenance)), lossy, "{provenance}");
        }
        assert_eq!(lossy_ancestor(None), None);
    }

    #[test]
    fn a_long_history_keeps_what_was_lost_first() {
        let long = "quantized with an importance matrix from F16, pruned 12.5 % in width and depth \
                    from F16, pruned 12.5 % in width and depth from F16, upcast from Q4_K_M";
        assert_eq!(shortened(long, 1000), long);
        let short = shortened(long, 127);
        assert_eq!(
            short,
            "quantized with an importance matrix from F16, …, upcast from Q4_K_M"
        );
        assert_eq!(lossy_ancestor(Some(&short)), Some("Q4_K_M"));
        let shorter = shortened(long, 30);
        assert_eq!(shorter, "…, upcast from Q4_K_M");
        // A name may be of any length, and of characters of several bytes.
        let strange = format!("upcast × {} from Q4_0", "é".repeat(200));
        let cut = shortened(&strange, 127);
        assert!(cut.len() <= 127 && cut.ends_with(" from Q4_0"), "{cut}");
        assert_eq!(lossy_ancestor(Some(&cut)), Some("Q4_0"));
    }
}
