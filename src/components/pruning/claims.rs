//! What guides to pruning promise, whatever the model and the machine.

use crate::domain::compare::Quantity;
use crate::domain::pruning::PruningRatio;

/// The claim for a quantity, made for 30 %; none where guides claim nothing.
pub(in crate::components) fn typical_claim(
    quantity: Quantity,
    ratio: PruningRatio,
) -> Option<String> {
    let claim = match quantity {
        Quantity::ResponseTime => "20 % faster",
        Quantity::TokensPerSecond => "about 10 % slower",
        Quantity::Memory => "30 % less",
        Quantity::CpuUsage => "15 % less",
        Quantity::ModelSize => "30 % smaller",
        _ => return None,
    };
    let usual = PruningRatio::USUAL;
    Some(match ratio == usual {
        true => claim.to_owned(),
        false => format!("{claim}, made for {usual}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_says_for_which_ratio_it_was_made() {
        let claim = |share| {
            let ratio = PruningRatio::try_from(share).expect("a ratio");
            typical_claim(Quantity::ModelSize, ratio)
        };
        assert_eq!(claim(0.3).as_deref(), Some("30 % smaller"));
        assert_eq!(claim(0.2).as_deref(), Some("30 % smaller, made for 30 %"));
        let none = typical_claim(Quantity::TimeToFirstToken, PruningRatio::USUAL);
        assert_eq!(none, None);
    }
}
