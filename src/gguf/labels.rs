//! What a new file says of itself.

use super::rewrite::Rewrite;
use super::value::Value;

impl Rewrite<'_> {
    /// Gives the new file its name, and further texts: `whittle.provenance` and
    /// others.
    pub fn label(&mut self, name: &str, texts: &[(String, String)]) {
        self.set("general.name", Value::Text(name.to_owned()));
        for (key, text) in texts {
            self.set(key, Value::Text(text.clone()));
        }
    }
}

/// Corrects what the metadata say of the number of parameters, where they do.
pub(super) fn set_counts(rewrite: &mut Rewrite<'_>) {
    let n_params = rewrite.n_params();
    for (key, value) in [
        ("general.size_label", Value::Text(size_label(n_params))),
        ("general.parameter_count", Value::U64(n_params)),
    ] {
        if rewrite.document.has(key) {
            rewrite.set(key, value);
        }
    }
}

/// As llama.cpp's converter writes it: at least two digits, such as 1.1B or 94M.
fn size_label(n_params: u64) -> String {
    let n = n_params as f64;
    let (scaled, unit) = match n {
        n if n > 1e12 => (n / 1e12, "T"),
        n if n > 1e9 => (n / 1e9, "B"),
        n if n > 1e6 => (n / 1e6, "M"),
        n => (n / 1e3, "K"),
    };
    match scaled.round() {
        whole if whole < 1.0 => format!("{scaled:.2}{unit}"),
        whole if whole < 10.0 => format!("{scaled:.1}{unit}"),
        _ => format!("{scaled:.0}{unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_labelled_with_two_digits() {
        for (n_params, label) in [
            (134_515_008, "135M"),
            (94_000_000, "94M"),
            (1_100_000_000, "1.1B"),
            (6_700_000_000, "6.7B"),
            (9_960_000_000, "10B"),
            (12_000, "12K"),
        ] {
            assert_eq!(size_label(n_params), label);
        }
    }
}
