//! What programs and files say, without what a terminal would act on.

/// The text, with a mark in place of every control character but those that part
/// lines and columns: a model's file can put them into llama.cpp's words.
pub fn printable(text: &str) -> String {
    let acts = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    text.replace(acts, "\u{fffd}")
}

/// The text on one line, with what a terminal would act on written out: `\n` where a line
/// ended.
pub fn on_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        match acts_unseen(c) {
            true => line.extend(c.escape_default()),
            false => line.push(c),
        }
    }
    line
}

/// Control characters, and those that turn or part lines or are not seen.
fn acts_unseen(c: char) -> bool {
    let is_format = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    c.is_control() || is_format
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotation_marks_are_no_control_characters() {
        let said = on_one_line("It's \"so\".\n\tü\u{1b}[31m\u{202e}");
        assert_eq!(said, r#"It's "so".\n\tü\u{1b}[31m\u{202e}"#);
    }

    #[test]
    fn what_a_terminal_would_act_on_is_marked() {
        let said = printable("a\u{1b}[31m\tb\u{7}\n\u{9b}2J\u{7f}\rü");
        assert_eq!(
            said,
            "a\u{fffd}[31m\tb\u{fffd}\n\u{fffd}2J\u{fffd}\u{fffd}ü"
        );
    }
}
