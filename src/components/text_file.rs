//! The text in a file that the user chose.

use crate::components::words;
use crate::domain::units;

/// The text in a file's bytes, if they are a text of at most so many characters.
pub(super) fn text_of(name: &str, bytes: Vec<u8>, most_chars: usize) -> Result<String, String> {
    let not_text = || format!("the file {name} is not a text in UTF-8; save it as one");
    let text = String::from_utf8(bytes).map_err(|_| not_text())?;
    if text.contains('\0') {
        return Err(not_text());
    }
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    if text.trim().is_empty() {
        return Err(format!("the file {name} is empty; choose another file"));
    }
    let n_chars = text.chars().count();
    if n_chars > most_chars {
        let n = words::plural(n_chars as u64, "character", "characters");
        return Err(format!(
            "the file {name} has {n}; at most {} are taken: choose a shorter one",
            units::count(most_chars as u64)
        ));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 200_000;

    #[test]
    fn a_file_of_text_becomes_a_text() {
        let read = |bytes: &[u8]| text_of("a.txt", bytes.to_vec(), MOST);
        assert_eq!(
            read("\u{feff}één\r\ntwee".as_bytes()),
            Ok("één\ntwee".to_owned())
        );
        assert!(read(b"\xff\xfe").is_err_and(|error| error.contains("not a text")));
        assert!(read(b"PK\0\x01").is_err_and(|error| error.contains("not a text")));
        assert!(read(b" \n").is_err_and(|error| error.contains("is empty")));
        let long = "é".repeat(MOST + 1);
        assert!(read(long.as_bytes()).is_err_and(|error| error.contains("200,001 characters")));
    }
}
