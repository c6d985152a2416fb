//! Two answers to one prompt, side by side from where they part.

use crate::domain::quality::AnswerComparison;

/// How many items two sequences begin with together.
pub(crate) fn common_prefix<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// What an answer goes on with where the other goes another way: its first token
/// there, and what follows, as bytes.
#[derive(Clone, Copy)]
pub(crate) struct Rest<'a> {
    /// None: the answer ends here. A token may be written as nothing.
    pub(crate) first: Option<&'a [u8]>,
    pub(crate) later: &'a [u8],
}

impl Rest<'_> {
    /// As a text that begins with the bytes `begun`, and how many bytes of it the
    /// first token has, to the end of a character.
    fn written(self, begun: &[u8]) -> (String, Option<u32>) {
        let first = self.first.unwrap_or_default();
        let bytes = [begun, first, self.later].concat();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if self.first.is_none() {
            return (text, None);
        }
        let mut end = begun.len() + first.len();
        while end < bytes.len() && unfinished(&bytes[..end]) > 0 {
            end += 1;
        }
        let n_bytes = String::from_utf8_lossy(&bytes[..end]).len();
        (text, u32::try_from(n_bytes).ok())
    }
}

/// Two answers to the prompt `prompt` (from 1), as bytes: what both begin with,
/// in `n_common_tokens` tokens, and the rest of each. Tokens may end within a
/// character: a character that both only begin belongs to the rests.
pub(crate) fn compare_answers(
    prompt: u32,
    n_common_tokens: usize,
    common: &[u8],
    [baseline, variant]: [Rest<'_>; 2],
    kld: Vec<f64>,
) -> AnswerComparison {
    let (common, begun) = common.split_at(common.len() - unfinished(common));
    let (baseline_rest, baseline_token_bytes) = baseline.written(begun);
    let (variant_rest, variant_token_bytes) = variant.written(begun);
    AnswerComparison {
        prompt,
        common: String::from_utf8_lossy(common).into_owned(),
        baseline_rest,
        variant_rest,
        baseline_token_bytes,
        variant_token_bytes,
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

    /// The first token has `n_first` bytes.
    fn rest(bytes: &[u8], n_first: usize) -> Rest<'_> {
        let (first, later) = bytes.split_at(n_first);
        Rest {
            first: (n_first > 0).then_some(first),
            later,
        }
    }

    #[test]
    fn the_first_token_that_differs_is_told_in_bytes() {
        let marked = |common: &[u8], bytes: &[u8], n_first| {
            let rests = [rest(bytes, n_first), rest(b"", 0)];
            let found = compare_answers(1, 1, common, rests, Vec::new());
            assert_eq!(found.variant_token_bytes, None, "it has ended");
            let n_bytes = found.baseline_token_bytes.expect("a token") as usize;
            found.baseline_rest[..n_bytes].to_owned()
        };
        // Less than a word, and more.
        assert_eq!(marked(b"a", b" token is", 4), " tok");
        assert_eq!(marked(b"a", b", and so", 1), ",");
        // The rest of a character that both begin, and the start of the next.
        assert_eq!(marked(b"a\xe2\x82", b"\xac b", 1), "\u{20ac}");
        assert_eq!(marked(b"a", b"\xe2\x82\xac b", 1), "\u{20ac}");
        // What is no text is replaced, and counts as it is written.
        assert_eq!(marked(b"a", b"\xffb c", 2), "\u{fffd}b");
    }

    fn split(common: &[u8], baseline: &[u8], variant: &[u8]) -> (String, String, String) {
        let rests = [baseline, variant].map(|bytes| rest(bytes, bytes.len()));
        let found = compare_answers(1, 1, common, rests, Vec::new());
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
