//! A user's own name and note for a run.

use super::error::AppError;

/// Longest name, in characters.
pub const NAME_CHARS_LIMIT: usize = 120;
/// Longest note, in characters.
pub const NOTE_CHARS_LIMIT: usize = 10_000;

/// A change of a run's label that has passed every check.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LabelChange {
    /// The new name; an inner none removes it, an outer none leaves it.
    pub name: Option<Option<String>>,
    /// The new note, in the same way.
    pub note: Option<Option<String>>,
}

impl LabelChange {
    /// Checks what was written. A field that is not there is left as it is, an
    /// empty one is removed.
    ///
    /// # Errors
    /// When a text is too long.
    pub fn new(name: Option<String>, note: Option<String>) -> Result<Self, AppError> {
        let name = name.map(|name| one_line(&name));
        let note = note.map(|note| lines(&note));
        Ok(Self {
            name: checked("name", name, NAME_CHARS_LIMIT)?,
            note: checked("note", note, NOTE_CHARS_LIMIT)?,
        })
    }
}

fn checked(
    field: &str,
    text: Option<String>,
    most: usize,
) -> Result<Option<Option<String>>, AppError> {
    let Some(text) = text else { return Ok(None) };
    let n_chars = text.chars().count();
    if n_chars > most {
        return Err(AppError::bad_request(format!(
            "the {field} has {n_chars} characters; at most {most} are kept"
        )));
    }
    Ok(Some(Some(text).filter(|text| !text.is_empty())))
}

/// White space, line breaks included, becomes single spaces; other control
/// characters are dropped.
pub fn one_line(text: &str) -> String {
    let visible = |c: &char| !c.is_control() || c.is_whitespace();
    let text: String = text.chars().filter(visible).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Line breaks become plain ones and tabs spaces; other control characters are
/// dropped.
fn lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = text.replace('\t', "    ");
    let kept = text.chars().filter(|c| *c == '\n' || !c.is_control());
    kept.collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(name: &str, note: &str) -> Result<LabelChange, AppError> {
        LabelChange::new(Some(name.into()), Some(note.into()))
    }

    #[test]
    fn control_characters_are_dropped_and_line_breaks_kept_in_notes_alone() {
        let change = change(" a\u{1b}[31m\n b\0 ", "\u{7}one\r\ntwo\tthree\r\n").expect("a label");
        assert_eq!(change.name, Some(Some("a[31m b".into())));
        assert_eq!(change.note, Some(Some("one\ntwo    three".into())));
    }

    #[test]
    fn empty_removes_and_missing_leaves() {
        assert_eq!(change(" \u{1} ", "").expect("a label").name, Some(None));
        assert_eq!(LabelChange::new(None, None), Ok(LabelChange::default()));
    }

    #[test]
    fn limits_count_characters_and_not_bytes() {
        assert!(change(&"é".repeat(120), &"日".repeat(10_000)).is_ok());
        let error = change(&"x".repeat(121), "").expect_err("too long");
        assert!(error.to_string().contains("121 characters"), "{error}");
        assert!(change("", &"x".repeat(10_001)).is_err());
    }
}
