//! What is compared, as people read it.

use crate::components::metrics::definitions;
use crate::components::pruning;
use crate::domain::compare::Quantity;
use crate::domain::recipe::Recipe;

/// Its name in attributes, as the HTTP interface writes it.
pub(super) fn key(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::ResponseTime => "response_time",
        Quantity::TokensPerSecond => "tokens_per_second",
        Quantity::TimeToFirstToken => "time_to_first_token",
        Quantity::PromptTokensPerSecond => "prompt_tokens_per_second",
        Quantity::TokenLatencyP50 => "token_latency_p50",
        Quantity::TokenLatencyP95 => "token_latency_p95",
        Quantity::TokenLatencyP99 => "token_latency_p99",
        Quantity::Memory => "memory",
        Quantity::CpuUsage => "cpu_usage",
        Quantity::CpuSecondsPer1000Tokens => "cpu_seconds_per_1000_tokens",
        Quantity::ModelSize => "model_size",
    }
}

/// What it means.
pub(super) fn definition(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::ResponseTime => definitions::RESPONSE_TIME,
        Quantity::TokensPerSecond => definitions::TOKENS_PER_SECOND,
        Quantity::TimeToFirstToken => definitions::TIME_TO_FIRST_TOKEN,
        Quantity::PromptTokensPerSecond => definitions::PROMPT_TOKENS_PER_SECOND,
        Quantity::TokenLatencyP50 | Quantity::TokenLatencyP95 | Quantity::TokenLatencyP99 => {
            definitions::TOKEN_LATENCY
        }
        Quantity::Memory => definitions::MEMORY,
        Quantity::CpuUsage => definitions::CPU,
        Quantity::CpuSecondsPer1000Tokens => definitions::CPU_SECONDS,
        Quantity::ModelSize => definitions::MODEL_SIZE,
    }
}

/// How its change is told, where that is not by the figures of whole launches.
pub(super) fn told_by(quantity: Quantity) -> Option<&'static str> {
    matches!(quantity, Quantity::ResponseTime | Quantity::TokensPerSecond).then_some(
        "Its change is told from turns of 16 tokens: of the ratios of a prompt's turns, which both \
         models took, the middle half counts.",
    )
}

/// What guides promise of such a variant, whatever the model and the machine;
/// none where they promise nothing, as of one that is pruned and quantized.
pub(super) fn typical_claim(quantity: Quantity, recipe: &Recipe) -> Option<String> {
    match (recipe.prune, recipe.quantize) {
        (Some(prune), None) => pruning::typical_claim(quantity, prune.ratio),
        (None, Some(_)) => of_quantization(quantity).map(str::to_owned),
        _ => None,
    }
}

fn of_quantization(quantity: Quantity) -> Option<&'static str> {
    match quantity {
        Quantity::ResponseTime => Some("40 % faster"),
        Quantity::TokensPerSecond => Some("50 % faster"),
        Quantity::Memory => Some("50 % less"),
        Quantity::CpuUsage => Some("30 % less"),
        Quantity::ModelSize => Some("60 % smaller"),
        _ => None,
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;
    use crate::domain::defaults::TURN_TOKENS;

    #[test]
    fn what_is_told_by_turns_says_how_long_they_are() {
        let words = told_by(Quantity::ResponseTime);
        assert!(words.is_some_and(|words| words.contains(&format!(" {TURN_TOKENS} tokens"))));
        assert_eq!(told_by(Quantity::Memory), None);
    }

    #[test]
    fn keys_are_those_of_the_http_interface() {
        for quantity in Quantity::ALL {
            let written = serde_json::to_value(quantity).expect("JSON");
            assert_eq!(written, key(quantity));
        }
    }
}
