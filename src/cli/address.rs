//! Where to listen, in the ways that people write it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Reads `127.0.0.1:8320`, `localhost:8320`, or the port alone.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let port = text.strip_prefix("localhost:").unwrap_or(text);
    match port.parse() {
        Ok(port) => Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)),
        Err(_) => Err(
            "write an address and a port, such as 127.0.0.1:8320 or localhost:8320, or the port \
             alone"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_people_write_it() {
        for (text, meant) in [
            ("127.0.0.1:8398", "127.0.0.1:8398"),
            ("localhost:8398", "127.0.0.1:8398"),
            ("8398", "127.0.0.1:8398"),
            ("[::1]:8398", "[::1]:8398"),
            // Whoever serves refuses it, with the reason.
            ("0.0.0.0:80", "0.0.0.0:80"),
        ] {
            assert_eq!(
                address(text).map(|found| found.to_string()),
                Ok(meant.to_owned())
            );
        }
        for text in [
            "",
            "localhost",
            "127.0.0.1",
            "70000",
            "example.org:80",
            "localhost:x",
        ] {
            let said = address(text).expect_err(text);
            assert!(said.contains("such as 127.0.0.1:8320"), "{said}");
        }
    }
}
