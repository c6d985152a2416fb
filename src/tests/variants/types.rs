//! Every type that is offered, made of a model whose rows take all of them.

use whittle::bench::{Making, VariantError};
use whittle::domain::quantization::QuantizationType;
use whittle::domain::recipe::{Quantize, Recipe};
use whittle::gguf::check_model;

use super::types;
use crate::shop::{Shop, record};
use crate::tiny_model::Tiny;

/// The type that most of such a file is of: `llama_ftype_get_default_type` of
/// `llama-quant.cpp`.
fn main_type(level: QuantizationType) -> &'static str {
    use QuantizationType as Type;

    match level {
        Type::Q2_K_S => "Q2_K",
        Type::Q3_K_S | Type::Q3_K_M | Type::Q3_K_L => "Q3_K",
        Type::Q4_K_S | Type::Q4_K_M => "Q4_K",
        Type::Q5_K_S | Type::Q5_K_M => "Q5_K",
        Type::IQ3_M | Type::IQ3_XS => "IQ3_S",
        Type::IQ2_M => "IQ2_S",
        Type::IQ2_S => "IQ2_XS",
        other => other.name(),
    }
}

fn recipe(level: QuantizationType, imatrix: bool) -> Recipe {
    Recipe {
        quantize: Some(Quantize { level, imatrix }),
        ..Recipe::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_that_is_offered_can_be_made() {
    // Two at once, each half in a place of its own: it is long, and among the last tests to begin.
    let (some, others) = QuantizationType::ALL.split_at(QuantizationType::ALL.len() / 2);
    let (mut numbers, more) = futures::join!(made_of(some), made_of(others));
    numbers.extend(more);
    // Some types take longer than the interval in which it is told how far they are.
    assert!(
        !numbers.is_empty(),
        "nothing was told between begin and end"
    );
}

/// Makes these types and checks them; how many tensors were told between begin and end.
async fn made_of(levels: &[QuantizationType]) -> Vec<u32> {
    // The K-quants and those by codebook take 256 weights of a row at a time.
    let shop = Shop::with_tiny(Tiny {
        n_blocks: 1,
        width: 256,
        n_ff: 256,
        n_groups: 1,
        ..Tiny::default()
    });
    let mut numbers = Vec::new();
    for &level in levels {
        let needs_imatrix = level.needs_imatrix();
        if needs_imatrix {
            let without = shop.make(&recipe(level, false)).await;
            let error = without.expect_err("it needs an importance matrix");
            assert!(
                matches!(error, VariantError::Refused(_)),
                "{level}: {error}"
            );
            let says = format!("{level} needs an importance matrix");
            assert!(error.to_string().starts_with(&says), "{error}");
        }
        let mut tensors = Vec::new();
        let wanted = recipe(level, needs_imatrix);
        let made = shop.make_watched(&wanted, |making| {
            if let Making::Tensors(n, of) = making {
                tensors.push((n, of));
            }
        });
        let variant = made
            .await
            .unwrap_or_else(|error| panic!("{level}: {error}"));
        let record = record(&variant);
        assert_eq!(types(record)[0], main_type(level), "{level}");
        assert!(
            record.fallbacks.is_empty(),
            "{level}: {:?}",
            record.fallbacks
        );
        assert_eq!(record.imatrix.is_some(), needs_imatrix, "{level}");
        let header = check_model(&variant.path).expect("a model");
        assert_eq!(header.file_type, level.name());
        // The end is told whatever the time, and by llama.cpp's log alone.
        let counts = header.tensor_types.iter();
        let n_tensors: u32 = counts.map(|count| count.n_tensors).sum();
        assert_eq!(tensors.first(), Some(&(0, n_tensors)), "{level}");
        assert_eq!(tensors.last(), Some(&(n_tensors, n_tensors)), "{level}");
        let between = tensors.into_iter().map(|(n, _)| n);
        numbers.extend(between.filter(|n| (1..n_tensors).contains(n)));
    }
    numbers
}
