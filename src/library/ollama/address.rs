//! The address of Ollama's server: this machine, and no other.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

const DEFAULT_PORT: u16 = 11_434;

/// A loopback address, spoken to in plain HTTP. Names are not resolved:
/// whoever answers for a name would choose the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OllamaAddress(SocketAddr);

/// Why Whittle does not ask an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is not on this machine.
    #[error(
        "{0} is not this machine, and Whittle asks no other; use a loopback address such as 127.0.0.1:11434"
    )]
    Elsewhere(String),
    /// It is not spoken to in plain HTTP.
    #[error("Whittle asks Ollama in plain HTTP on this machine, not with {0}://")]
    Scheme(String),
    /// It is no address.
    #[error("\"{0}\" is no address; write one such as http://127.0.0.1:11434")]
    Malformed(String),
}

impl Default for OllamaAddress {
    fn default() -> Self {
        Self(SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT)))
    }
}

impl fmt::Display for OllamaAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.0)
    }
}

impl FromStr for OllamaAddress {
    type Err = AddressError;

    /// Reads it as Ollama reads OLLAMA_HOST: scheme and port may be missing,
    /// and "every address" is where its server listens, not where it is asked.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let text = text.trim_matches(['"', '\'', ' ']);
        let malformed = || AddressError::Malformed(text.chars().take(100).collect());
        let (default_port, rest) = match text.split_once("://") {
            None => (DEFAULT_PORT, text),
            Some(("http", rest)) => (80, rest),
            Some((scheme @ "https", _)) => return Err(AddressError::Scheme(scheme.to_owned())),
            Some(_) => return Err(malformed()),
        };
        let rest = rest.trim_end_matches('/');
        let (host, port) = host_and_port(rest, default_port).ok_or_else(malformed)?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
        if !host.chars().all(is_name) || port == 0 {
            return Err(malformed());
        }
        let address = match host {
            "" => IpAddr::V4(Ipv4Addr::LOCALHOST),
            name if name.eq_ignore_ascii_case("localhost") => IpAddr::V4(Ipv4Addr::LOCALHOST),
            host => match host.parse::<IpAddr>().map(|address| address.to_canonical()) {
                Ok(IpAddr::V4(every)) if every.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
                Ok(IpAddr::V6(every)) if every.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
                Ok(address) if address.is_loopback() => address,
                _ => return Err(AddressError::Elsewhere(host.to_owned())),
            },
        };
        Ok(Self(SocketAddr::new(address, port)))
    }
}

/// `[::1]:80`, `::1`, `host:80`, `:80` or `host`.
fn host_and_port(text: &str, default_port: u16) -> Option<(&str, u16)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        return match rest.strip_prefix(':') {
            None if rest.is_empty() => Some((host, default_port)),
            None => None,
            Some(port) => Some((host, port.parse().ok()?)),
        };
    }
    match text.split_once(':') {
        None => Some((text, default_port)),
        Some((_, rest)) if rest.contains(':') => Some((text, default_port)),
        Some((host, port)) => Some((host, port.parse().ok()?)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_is_read_as_ollama_reads_it() {
        let cases = [
            ("", "http://127.0.0.1:11434"),
            ("127.0.0.1", "http://127.0.0.1:11434"),
            ("127.0.0.2:80", "http://127.0.0.2:80"),
            (":8080", "http://127.0.0.1:8080"),
            ("localhost:8080", "http://127.0.0.1:8080"),
            ("0.0.0.0", "http://127.0.0.1:11434"),
            ("0.0.0.0:8080", "http://127.0.0.1:8080"),
            ("http://127.0.0.1", "http://127.0.0.1:80"),
            ("http://127.0.0.1:11434/", "http://127.0.0.1:11434"),
            ("[::1]:8080", "http://[::1]:8080"),
            ("::1", "http://[::1]:11434"),
            ("[::]", "http://[::1]:11434"),
            ("::ffff:127.0.0.1", "http://127.0.0.1:11434"),
            (" \"127.0.0.1:1\" ", "http://127.0.0.1:1"),
        ];
        for (text, address) in cases {
            let read: OllamaAddress = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(read.to_string(), address, "{text}");
        }
    }

    #[test]
    fn other_machines_and_other_protocols_are_refused() {
        let read = |text: &str| text.parse::<OllamaAddress>();
        for other in [
            "192.168.1.5",
            "http://169.254.169.254",
            "http://10.0.0.1:11434",
            "ollama.example.org",
            "localhost.example.org",
            "[fe80::1]:11434",
            "::ffff:10.0.0.1",
            "2130706433",
        ] {
            assert!(
                matches!(read(other), Err(AddressError::Elsewhere(_))),
                "{other}: {:?}",
                read(other)
            );
        }
        assert!(matches!(
            read("https://127.0.0.1"),
            Err(AddressError::Scheme(_))
        ));
        for bad in [
            "http://user@127.0.0.1",
            "http://127.0.0.1/path",
            "http://127.0.0.1?x",
            "file:///etc/passwd",
            "127.0.0.1:0",
            "127.0.0.1:99999",
            "[::1",
            "[::1]x",
        ] {
            assert!(
                matches!(read(bad), Err(AddressError::Malformed(_))),
                "{bad}: {:?}",
                read(bad)
            );
        }
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_loopback(text in "(http://)?[0-9a-f.:@/\\[\\]localhost]{0,30}") {
            if let Ok(OllamaAddress(address)) = text.parse() {
                prop_assert!(address.ip().is_loopback());
            }
        }
    }
}
