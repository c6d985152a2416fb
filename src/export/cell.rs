//! A text as a cell that no spreadsheet executes.

/// A text from outside. A spreadsheet takes some texts for formulas and runs
/// them; a leading apostrophe makes them texts again (OWASP, "CSV Injection").
/// Quotes and white space in front do not hide one: spreadsheets drop them.
pub(super) fn text(text: &str) -> String {
    let hides = |c: char| c.is_whitespace() || c.is_control() || "\"'“”‘’`\u{feff}".contains(c);
    let first_shown = text.trim_start_matches(hides).chars().next();
    // The full-width forms too: some spreadsheets take them for the plain ones.
    let is_formula = first_shown.is_some_and(|c| "=+-@＝＋－＠".contains(c));
    let starts_badly = text.starts_with(['\t', '\r', '\n']);
    if is_formula || starts_badly {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_escaped() {
        for bad in [
            "=1",
            "+1",
            "-1",
            "@A1",
            "\tx",
            "\rx",
            "\nx",
            " =1",
            "\"=1",
            "'=1",
            "“+1",
            "\u{feff}=1",
            "\u{a0}@x",
            "\0=1",
            "＝1",
            " \t\"'-1",
        ] {
            assert_eq!(text(bad), format!("'{bad}"), "{bad:?}");
        }
        for good in [
            "",
            "a=1",
            "1-2",
            "\"quoted\"",
            " plain",
            "don't",
            "日本",
            "(=1)",
        ] {
            assert_eq!(text(good), good);
        }
    }
}
