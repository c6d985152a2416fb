//! What programs and files say, without what a terminal would act on.

/// The text, with a mark in place of every control character but those that part
/// lines and columns: a model's file can put them into llama.cpp's words.
pub fn printable(text: &str) -> String {
    let acts = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    text.replace(acts, "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_act_on_is_marked() {
        let said = printable("a\u{1b}[31m\tb\u{7}\n\u{9b}2J\u{7f}\rü");
        assert_eq!(
            said,
            "a\u{fffd}[31m\tb\u{fffd}\n\u{fffd}2J\u{fffd}\u{fffd}ü"
        );
    }
}
