//! A part of the calibration text as conversations: a model that was taught to
//! answer is to go on answering, and what its neurons do at the marks of its chat
//! template is not seen in plain text.

use super::error::PruneError;
use crate::domain::environment::ChatTemplate;
use crate::engine::{Model, Token, dress};

/// Every so-manieth chunk is conversations: not a divisor of those that the others
/// are judged by, so that some of them are among these, too.
pub(super) const EVERY: usize = 5;
/// Tokens of text that one question and its answer are made of.
const N_TOKENS: usize = 120;
/// Words of the question.
const N_WORDS: usize = 12;

/// The text of `tokens` as questions and answers, as many tokens; none: the model
/// has no chat template that is known.
pub(super) fn conversations(
    vocabulary: &Model,
    tokens: &[Token],
) -> Result<Option<Vec<Token>>, PruneError> {
    let mut said = Vec::with_capacity(tokens.len());
    for piece in tokens.chunks(N_TOKENS) {
        let text = vocabulary.detokenize(piece);
        let (question, answer) = parted(&text);
        let dressed = dress(vocabulary, question);
        if dressed.template != ChatTemplate::Applied {
            return Ok(None);
        }
        let tokens = vocabulary.tokenize(&(dressed.text + answer), true)?;
        // A text has one beginning, whatever the template or the vocabulary adds.
        let is_beginning = |token: &&Token| Some(**token) == vocabulary.bos();
        let n_beginnings = tokens.iter().take_while(is_beginning).count();
        said.extend(&tokens[n_beginnings..]);
        said.extend(vocabulary.end_of_turn());
    }
    // Marks come on top; where a tokenizer makes fewer of the same text, it stays plain.
    said.truncate(tokens.len());
    Ok((said.len() == tokens.len()).then_some(said))
}

/// The first words, and the rest.
fn parted(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let mut ends = text.match_indices(char::is_whitespace);
    match ends.nth(N_WORDS - 1) {
        Some((end, _)) => (&text[..end], text[end..].trim_start()),
        None => (text, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_words_ask_and_the_rest_answers() {
        let text = " 1 2 3 4 5 6 7 8 9 10 11 12\u{a0}13 14";
        assert_eq!(parted(text), ("1 2 3 4 5 6 7 8 9 10 11 12", "13 14"));
        assert_eq!(parted("too short"), ("too short", ""));
        assert_eq!(parted(""), ("", ""));
    }
}
