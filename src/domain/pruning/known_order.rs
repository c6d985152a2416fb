//! How much of the order in which blocks go is known before they are searched for.

use serde::{Deserialize, Serialize};

use super::Breadth;

/// How much of the order in which blocks go is known from earlier searches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct KnownOrder {
    /// Blocks of those asked for whose place in it is known.
    pub n_known: u32,
    /// Blocks that are asked for; fewer where it is known that a loss budget keeps the
    /// others.
    pub n_wanted: u32,
}

impl KnownOrder {
    /// Whether nothing is left to search for.
    pub fn is_whole(self) -> bool {
        self.n_known >= self.n_wanted
    }

    /// Tries that a search takes for what is not known.
    pub fn tries_left(self, is_quick: bool) -> u32 {
        let tries = |n_steps| Breadth::of(is_quick).tries(n_steps);
        tries(self.n_wanted).saturating_sub(tries(self.n_known))
    }

    /// The share that these are of all tries, 0 to 1.
    pub fn share_left(self, is_quick: bool) -> f64 {
        let all = Breadth::of(is_quick).tries(self.n_wanted);
        f64::from(self.tries_left(is_quick)) / f64::from(all.max(1))
    }

    /// What of the order of `what` is known, if something is: `order of what goes known
    /// from an earlier search`.
    pub fn in_words(self, what: &str) -> Option<String> {
        let known = match self.n_known {
            0 => return None,
            _ if self.is_whole() => format!("order of {what}"),
            1 => "first block to go".to_owned(),
            n_known => format!("order of the first {n_known} blocks"),
        };
        Some(format!("{known} known from an earlier search"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(n_known: u32, n_wanted: u32) -> KnownOrder {
        KnownOrder { n_known, n_wanted }
    }

    #[test]
    fn the_first_step_is_most_of_what_is_spared() {
        // 12 tries and 4 for each further step; where it is to be quick 8 and 3.
        let left = |n_known| order(n_known, 9).tries_left(false);
        assert_eq!([0, 1, 3, 9, 12].map(left), [44, 32, 24, 0, 0]);
        assert_eq!(order(1, 9).tries_left(true), 24);
        let shares = [0, 1, 9].map(|n_known| order(n_known, 9).share_left(false));
        assert_eq!(shares, [1.0, 32.0 / 44.0, 0.0]);
        assert_eq!(order(0, 0).share_left(false), 0.0, "nothing is asked for");
    }

    #[test]
    fn what_is_known_is_said_and_nothing_else() {
        let said = |n_known, n_wanted| {
            let said = order(n_known, n_wanted).in_words("what goes");
            said.unwrap_or_default()
        };
        assert_eq!(said(0, 9), "");
        assert_eq!(said(0, 0), "");
        let whole = "order of what goes known from an earlier search";
        assert_eq!(said(9, 9), whole);
        assert_eq!(said(1, 1), whole);
        assert_eq!(said(1, 9), "first block to go known from an earlier search");
        let begun = "order of the first 3 blocks known from an earlier search";
        assert_eq!(said(3, 9), begun);
    }
}
