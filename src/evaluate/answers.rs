//! Two answers to one prompt, side by side from where they part.

use crate::domain::quality::AnswerComparison;

/// How many items two sequences begin with together.
pub(crate) fn common_prefix<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// Two answers to the prompt `prompt` (from 1), as bytes: what both begin with,
/// in `n_common_tokens` tokens, and the rest of each. Tokens may end within a
/// character: a character that both only begin belongs to the rests.
pub(crate) fn compare_answers(
    prompt: u32,
    n_common_tokens: usize,
    common: &[u8],
    [baseline_rest, variant_rest]: [&[u8]; 2],
    kld: Vec<f64>,
) -> AnswerComparison {
    let (common, begun) = common.split_at(common.len() - unfinished(common));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    AnswerComparison {
        prompt,
        common: text(common),
        baseline_rest: text(&[begun, baseline_rest].concat()),
        variant_rest: text(&[begun, variant_rest].concat()),
        n_common_tokens: u32::try_from(n_common_tokens).unwrap_or(u32::MAX),
        kld,
    }
}

/// Bytes at the end that begin a character and do not finish it.
fn unfinished(bytes: &[u8]) -> usize {
    let Some(last) = bytes.utf8_chunks().last() else {
        return 0;
    };
    match std::str::from_utf8(last.invalid()) {
        // No length of an error: more bytes could still make it right.
        Err(error) if error.error_len().is_none() => last.invalid().len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(common: &[u8], baseline: &[u8], variant: &[u8]) -> (String, String, String) {
        let found = compare_answers(1, 1, common, [baseline, variant], Vec::new());
        (found.common, found.baseline_rest, found.variant_rest)
    }

    fn texts(common: &str, baseline: &str, variant: &str) -> (String, String, String) {
        (common.to_owned(), baseline.to_owned(), variant.to_owned())
    }

    #[test]
    fn a_character_is_not_torn_where_answers_part() {
        // "a" and the first two of three bytes of "€" and of "₭"
        let found = split(b"a\xe2\x82", b"\xac b", b"\xad");
        assert_eq!(found, texts("a", "€ b", "₭"));
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced_where_they_stand() {
        assert_eq!(split(b"a\xff", b"b", b"c"), texts("a\u{fffd}", "b", "c"));
        assert_eq!(split(b"a\xc3", b"", b"\xa9"), texts("a", "\u{fffd}", "é"));
        assert_eq!(split(b"", b"", b""), texts("", "", ""));
        assert_eq!(split("é".as_bytes(), b"x", b""), texts("é", "x", ""));
    }

    #[test]
    fn a_common_prefix_ends_at_the_first_difference() {
        assert_eq!(common_prefix(&[1, 2, 3], &[1, 2, 4]), 2);
        assert_eq!(common_prefix(&[1, 2], &[1, 2, 4]), 2);
        assert_eq!(common_prefix::<u8>(&[], &[1]), 0);
    }
}
