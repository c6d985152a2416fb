//! Two answers, cut where they part.

/// The token with which an answer goes another way, and what follows it. It has
/// `n_bytes`; where nobody tells, as in runs of older versions, what is marked is the
/// word that begins there, with the white space before it.
pub(super) fn first_token(rest: &str, n_bytes: Option<u32>) -> (&str, &str) {
    let cut = n_bytes.and_then(|n_bytes| rest.split_at_checked(n_bytes as usize));
    cut.unwrap_or_else(|| first_word(rest))
}

fn first_word(rest: &str) -> (&str, &str) {
    let word = rest.trim_start();
    let length = word.find(char::is_whitespace).unwrap_or(word.len());
    rest.split_at(rest.len() - word.len() + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_cut_off_where_it_ends() {
        assert_eq!(first_token(" tokens are", Some(4)), (" tok", "ens are"));
        assert_eq!(first_token("é", Some(2)), ("é", ""));
        // None of a character, or beyond the end: as if nobody had told.
        assert_eq!(first_token("é b", Some(1)), ("é", " b"));
        assert_eq!(first_token("a b", Some(9)), ("a", " b"));
    }

    #[test]
    fn the_first_word_is_cut_off_with_the_space_before_it() {
        let first_word = |rest| first_token(rest, None);
        assert_eq!(first_word(" the way people"), (" the", " way people"));
        assert_eq!(first_word("ially"), ("ially", ""));
        assert_eq!(first_word(" één é"), (" één", " é"));
        assert_eq!(first_word("\n"), ("\n", ""));
        assert_eq!(first_word(""), ("", ""));
    }
}
