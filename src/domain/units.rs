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

/// A duration in words of at most two units: `4 s`, `2 min 5 s`, `1 h 20 min`.
pub fn duration(seconds: f64) -> String {
    let seconds = seconds.max(0.0).round() as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// Parameters as model cards write them: `134.5 M`, `7.24 B`.
pub fn parameters(n: u64) -> String {
    match n {
        0..1_000_000 => count(n),
        1_000_000..1_000_000_000 => format!("{:.1} M", n as f64 / 1e6),
        _ => format!("{:.2} B", n as f64 / 1e9),
    }
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
    fn numbers_keep_about_three_digits() {
        assert_eq!(number(1.3812), "1.38");
        assert_eq!(number(270.885), "270.9");
        assert_eq!(number(0.01234), "0.012");
        assert_eq!(number(12345.6), "12,345.6");
        assert_eq!(number(-1234.5), "-1,234.5");
    }

    #[test]
    fn durations_use_two_units() {
        assert_eq!(duration(4.4), "4 s");
        assert_eq!(duration(125.0), "2 min 5 s");
        assert_eq!(duration(4800.0), "1 h 20 min");
        assert_eq!(duration(-1.0), "0 s");
    }
}
