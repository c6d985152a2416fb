//! How server functions, and what pages load, are written and read as JSON.

pub mod tree;

use leptos::server::codee::{Decoder, Encoder};
use leptos::server_fn::codec::Post;
use leptos::server_fn::{Bytes, ContentType, Decodes, Encodes, Format, FormatType};
use serde::Serialize;
use serde::de::{DeserializeOwned, Error as _};

// Whoever asks the server is told by serde_json what is wrong where.
#[cfg(not(feature = "hydrate"))]
use serde_json::{Error, from_str};
#[cfg(feature = "hydrate")]
use tree::{Unreadable as Error, from_str};

/// JSON in the body of requests and answers.
pub type Json = Post<JsonText>;

/// JSON, read from a text: by serde_json on the server, by [`tree::Tree`] in the browser,
/// in whose bundle Leptos' own encodings would compile serde_json's reader for
/// every type, and twice.
#[derive(Debug)]
pub struct JsonText;

impl ContentType for JsonText {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for JsonText {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for JsonText {
    type Error = serde_json::Error;

    fn encode(value: &T) -> Result<Bytes, Self::Error> {
        serde_json::to_string(value).map(Bytes::from)
    }
}

impl<T: DeserializeOwned> Decodes<T> for JsonText {
    type Error = Error;

    fn decode(bytes: Bytes) -> Result<T, Error> {
        let text = std::str::from_utf8(&bytes).map_err(Error::custom)?;
        // Who sends nothing wants the defaults; a field without one is then named.
        let is_empty = text.trim_ascii().is_empty();
        from_str(if is_empty { "{}" } else { text })
    }
}

impl<T: Serialize> Encoder<T> for JsonText {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(value: &T) -> Result<String, Self::Error> {
        serde_json::to_string(value)
    }
}

impl<T: DeserializeOwned> Decoder<T> for JsonText {
    type Error = Error;
    type Encoded = str;

    fn decode(text: &str) -> Result<T, Error> {
        from_str(text)
    }
}
