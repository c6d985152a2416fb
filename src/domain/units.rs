//! Figures as people read them: one place for digits, units and definitions.

/// A number with about three significant digits and thousands separated.
pub fn number(value: f64) -> String {
    let digits = match value.abs() {
        v if v >= 100.0 => 1,
        v if v >= 1.0 => 2,
        _ => 3,
    };
    let text = format!("{value:.digits$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let whole = group(whole);
    if fraction.is_empty() {
        whole
    } else {
        format!("{whole}.{fraction}")
    }
}

/// A whole number with thousands separated.
pub fn count(value: u64) -> String {
    group(&value.to_string())
}

/// A count with its noun: `1 launch`, `2,000 launches`.
pub fn plural(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// A share that is gone: `23.4 % less`; one that has come: `23.4 % more`.
pub fn less(share: f64) -> String {
    let word = if share < 0.0 { "more" } else { "less" };
    format!("{:.1} % {word}", share.abs() * 100.0)
}

/// A duration in words of at most two units: `4 s`, `2 min 5 s`, `1 h 20 min`.
pub fn duration(seconds: f64) -> String {
    let seconds = seconds.max(0.0).round() as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// A moment, s since 1970, as `2026-03-01T10:20:30Z`.
pub fn utc(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Days to a date by H. Hinnant's `civil_from_days`: years begin in March,
    // so that the leap day is their last.
    let day = days + 719_468;
    let (era, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let date = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    let year = year + era * 400 + next;
    let (hour, minute) = (second / 3600, second % 3600 / 60);
    format!(
        "{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{:02}Z",
        second % 60
    )
}

/// Parameters as model cards write them: `134.5 M`, `7.24 B`.
pub fn parameters(n: u64) -> String {
    match n {
        0..1_000_000 => count(n),
        1_000_000..1_000_000_000 => format!("{:.1} M", n as f64 / 1e6),
        _ => format!("{:.2} B", n as f64 / 1e9),
    }
}

/// With a large first letter. Our own words are ASCII: the tables of Unicode would go to
/// every browser.
pub fn capitalized(words: &str) -> String {
    let mut words = words.to_owned();
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

/// A message as a sentence of its own: errors begin small and end open, since
/// they are also quoted in the middle of others.
pub fn sentence(message: &str) -> String {
    let end = if message.ends_with(['.', '!', '?']) {
        ""
    } else {
        "."
    };
    capitalized(message) + end
}

fn group(whole: &str) -> String {
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |d| ("-", d));
    let mut grouped = String::with_capacity(whole.len() + whole.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_come_is_no_negative_loss() {
        assert_eq!(less(0.234), "23.4 % less");
        assert_eq!(less(-0.234), "23.4 % more");
    }

    #[test]
    fn numbers_keep_about_three_digits() {
        assert_eq!(number(1.3812), "1.38");
        assert_eq!(number(270.885), "270.9");
        assert_eq!(number(0.01234), "0.012");
        assert_eq!(number(12345.6), "12,345.6");
        assert_eq!(number(-1234.5), "-1,234.5");
    }

    #[test]
    fn moments_are_written_in_utc() {
        assert_eq!(utc(0), "1970-01-01T00:00:00Z");
        assert_eq!(utc(951_782_399), "2000-02-28T23:59:59Z");
        assert_eq!(utc(951_868_800), "2000-03-01T00:00:00Z");
        assert_eq!(utc(1_772_360_430), "2026-03-01T10:20:30Z");
    }

    #[test]
    fn durations_use_two_units() {
        assert_eq!(duration(4.4), "4 s");
        assert_eq!(duration(125.0), "2 min 5 s");
        assert_eq!(duration(4800.0), "1 h 20 min");
        assert_eq!(duration(-1.0), "0 s");
    }

    #[test]
    fn a_message_becomes_a_sentence() {
        assert_eq!(sentence("it ended"), "It ended.");
        assert_eq!(sentence("Is it full?"), "Is it full?");
    }
}
