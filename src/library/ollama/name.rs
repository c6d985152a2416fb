//! The names of Ollama's models, and the digests of its files.

use std::fmt;
use std::str::FromStr;

/// Left out of the names that Ollama shows.
const DEFAULT_HOST: &str = "registry.ollama.ai";
const DEFAULT_NAMESPACE: &str = "library";
/// Longest part of a name, as in Ollama; a host may be longer.
const MAX_PART: usize = 80;
const MAX_HOST: usize = 350;

/// A model's name as Ollama shows it, such as `llama3.2:3b`: letters, digits
/// and `._-:/`, so that a user may paste it into a shell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name(String);

impl Name {
    /// From the folders and the file name of a manifest; none when Ollama
    /// would not have made it.
    pub(super) fn of_manifest([host, namespace, model, tag]: [&str; 4]) -> Option<Self> {
        let is_valid = is_part(host, MAX_HOST, ".-:")
            && is_part(namespace, MAX_PART, "-")
            && is_part(model, MAX_PART, ".-")
            && is_part(tag, MAX_PART, ".-");
        is_valid.then(|| {
            Self(match (host, namespace) {
                (DEFAULT_HOST, DEFAULT_NAMESPACE) => format!("{model}:{tag}"),
                (DEFAULT_HOST, _) => format!("{namespace}/{model}:{tag}"),
                _ => format!("{host}/{namespace}/{model}:{tag}"),
            })
        })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_part(part: &str, longest: usize, inner: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    part.len() <= longest
        && part.starts_with(is_word)
        && part.chars().all(|c| is_word(c) || inner.contains(c))
}

/// The SHA-256 that names a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Digest(String);

/// A text that is no digest.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoDigest;

impl Digest {
    /// 64 hexadecimal digits, and nothing else.
    pub(super) fn hex(&self) -> &str {
        &self.0
    }
}

impl FromStr for Digest {
    type Err = NoDigest;

    /// Takes `sha256:` and 64 lower-case hexadecimal digits alone: anything
    /// looser once let a digest lead out of Ollama's own store
    /// (CVE-2024-37032).
    fn from_str(text: &str) -> Result<Self, NoDigest> {
        let hex = text.strip_prefix("sha256:").ok_or(NoDigest)?;
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if hex.len() == 64 && hex.bytes().all(is_hex) {
            Ok(Self(hex.to_owned()))
        } else {
            Err(NoDigest)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(parts: [&str; 4]) -> Option<String> {
        Name::of_manifest(parts).map(|name| name.to_string())
    }

    #[test]
    fn names_are_ollamas() {
        let name = shown([DEFAULT_HOST, DEFAULT_NAMESPACE, "llama3.2", "3b"]);
        assert_eq!(name.as_deref(), Some("llama3.2:3b"));
        let name = shown([DEFAULT_HOST, "someone", "model", "latest"]);
        assert_eq!(name.as_deref(), Some("someone/model:latest"));
        let name = shown(["example.org:5000", "a", "b-GGUF", "Q4_K_M"]);
        assert_eq!(name.as_deref(), Some("example.org:5000/a/b-GGUF:Q4_K_M"));
    }

    #[test]
    fn names_that_a_shell_or_a_page_would_read_are_none() {
        let long = "x".repeat(81);
        for bad in [
            "", ".", "..", "$(id)", "a b", "<b>", "a;b", "-rf", "ä", &long,
        ] {
            assert_eq!(shown([DEFAULT_HOST, "library", "m", bad]), None, "{bad}");
            assert_eq!(shown([DEFAULT_HOST, "library", bad, "t"]), None, "{bad}");
            assert_eq!(shown([DEFAULT_HOST, bad, "m", "t"]), None, "{bad}");
        }
    }

    #[test]
    fn a_digest_is_sha256_in_lower_case() {
        let good = format!("sha256:{}", "0a".repeat(32));
        assert_eq!(good.parse::<Digest>().expect("a digest").hex(), &good[7..]);
        let bad = [
            good.to_uppercase(),
            good.replace(':', "-"),
            format!("{good}0"),
            format!("{good}\n"),
            good[..70].to_owned(),
            format!("sha256:{}", "../".repeat(21) + "x"),
            format!("sha512:{}", "0a".repeat(32)),
        ];
        for bad in bad {
            assert_eq!(bad.parse::<Digest>(), Err(NoDigest), "{bad}");
        }
    }
}
