//! Regular expressions that answers are expected to match: linear in time,
//! bounded in size. The server alone compiles them: what it takes would weigh on
//! every page's bundle, so the browser refuses none.

#[cfg(feature = "ssr")]
pub use on_server::{check, compile};

/// Refuses nothing: the server will.
///
/// # Errors
/// Never.
#[cfg(not(feature = "ssr"))]
pub fn check(_pattern: &str) -> Result<(), String> {
    Ok(())
}

#[cfg(feature = "ssr")]
mod on_server {
    use regex::{Error, Regex, RegexBuilder};

    /// Largest pattern once compiled, bytes; what writes a thousand characters
    /// and means a million is refused.
    const SIZE_LIMIT: usize = 256 << 10;

    /// Says what is wrong with a pattern.
    ///
    /// # Errors
    /// When it does not compile.
    pub fn check(pattern: &str) -> Result<(), String> {
        compile(pattern).map(drop)
    }

    /// Compiles a pattern.
    ///
    /// # Errors
    /// When it is none, or too large.
    pub fn compile(pattern: &str) -> Result<Regex, String> {
        let built = RegexBuilder::new(pattern)
            .size_limit(SIZE_LIMIT)
            .dfa_size_limit(SIZE_LIMIT)
            .build();
        built.map_err(|error| match error {
            Error::CompiledTooBig(_) => {
                "it is too large once its repeats are written out".to_owned()
            }
            // The pattern with a mark below it, then the reason in the last line.
            error => {
                let text = error.to_string();
                let reason = text.lines().last().unwrap_or_default();
                reason.trim_start_matches("error: ").to_owned()
            }
        })
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn what_is_wrong_is_said_in_one_line() {
            assert_eq!(check("(4"), Err("unclosed group".to_owned()));
            assert!(check(r"a\1").is_err_and(|reason| reason.contains("backreferences")));
            assert!(
                check("((x{999}){999}){999}").is_err_and(|reason| reason.contains("too large"))
            );
            assert_eq!(check(r"(?i)\bfour\b|4"), Ok(()));
        }
    }
}
