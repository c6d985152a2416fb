//! Two answers, cut where they part.

/// The start of a text at which answers part, and what follows it. Where a
/// token ends only the model knows: what is marked is the word that begins
/// there, with the white space before it.
pub(super) fn first_word(rest: &str) -> (&str, &str) {
    let word = rest.trim_start();
    let length = word.find(char::is_whitespace).unwrap_or(word.len());
    rest.split_at(rest.len() - word.len() + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_is_cut_off_with_the_space_before_it() {
        assert_eq!(first_word(" the way people"), (" the", " way people"));
        assert_eq!(first_word("ially"), ("ially", ""));
        assert_eq!(first_word(" één é"), (" één", " é"));
        assert_eq!(first_word("\n"), ("\n", ""));
        assert_eq!(first_word(""), ("", ""));
    }
}
