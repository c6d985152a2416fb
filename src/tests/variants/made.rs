//! What is in variants, what is refused, and what is warned of.

use std::fs;

use whittle::bench::{Making, VariantError};
use whittle::domain::quantization::QuantizationType;
use whittle::domain::recipe::Recipe;

use super::{recipe, types};
use crate::shop::{Shop, record};

/// A type, the types in its file, and what fell back on what how often.
type Case = (
    &'static str,
    &'static [&'static str],
    &'static [(&'static str, &'static str, u32)],
);

#[tokio::test(flavor = "multi_thread")]
async fn a_variant_says_what_is_in_it() {
    let shop = Shop::new();
    // 64 and 128 columns: K-quants take 256 at a time.
    let cases: [Case; 4] = [
        ("q4_0", &["Q4_0", "Q8_0", "F32"], &[("Q6_K", "Q8_0", 1)]),
        ("q5_0", &["Q5_0", "Q8_0", "F32"], &[("Q6_K", "Q8_0", 1)]),
        ("q8_0", &["Q8_0", "F32"], &[]),
        (
            "q4_k_m",
            &["Q5_0", "Q8_0", "F32"],
            &[("Q4_K", "Q5_0", 13), ("Q6_K", "Q8_0", 2)],
        ),
    ];
    for (level, kinds, fallbacks) in cases {
        let recipe = recipe(level, false);
        let mut told = Vec::new();
        let made = shop.make_watched(&recipe, |making| told.push(making)).await;
        let variant = made.expect("it is made");
        let (model, record) = (&variant.model, record(&variant));
        let mut sorted = types(record);
        sorted.sort_unstable();
        let mut kinds = kinds.to_vec();
        kinds.sort_unstable();
        assert_eq!(sorted, kinds, "{level}");
        let found: Vec<_> = record
            .fallbacks
            .iter()
            .map(|one| (one.wanted.as_str(), one.used.as_str(), one.n_tensors))
            .collect();
        assert_eq!(found, fallbacks, "{level}");
        let label = match level {
            "q4_k_m" => "Q4_K_M (mostly Q5_0)".to_owned(),
            _ => recipe.label(),
        };
        assert_eq!(record.label(), label);
        assert_eq!(record.warnings, [""; 0]);
        assert_eq!(model.file_type.to_ascii_lowercase(), level);
        assert_eq!(model.provenance.as_deref(), Some("quantized from F32"));
        assert!(
            model.id.0.starts_with(&format!("tiny-{level}-")),
            "{}",
            model.id
        );
        assert_eq!(told.first(), Some(&Making::Tensors(0, 21)));
        // As llama.cpp's log says it: the first is told beforehand.
        assert!(told.contains(&Making::Tensors(21, 21)), "{level}: {told:?}");
        assert_eq!(told.last(), Some(&Making::Hashing));

        let size = fs::metadata(&variant.path).expect("its file").len();
        assert_eq!(size, model.size_bytes);
        let off = shop.forecast(None, recipe).await.size_bytes.abs_diff(size);
        assert!(off < 1024, "{level}: {off} bytes off");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_made_is_refused_in_words() {
    let shop = Shop::new();
    let cases = [
        (
            recipe("iq2_xxs", false),
            "IQ2_XXS needs an importance matrix",
        ),
        (recipe("iq3_xs", false), "IQ3_XS needs an importance matrix"),
        (recipe("f16", true), "F16 quantizes nothing"),
        (Recipe::default(), "changes nothing"),
    ];
    for (recipe, says) in cases {
        let error = shop.make(&recipe).await.expect_err("it is refused");
        assert!(matches!(error, VariantError::Refused(_)), "{error:?}");
        assert!(error.to_string().contains(says), "{error}");
    }
    shop.assert_nothing_left();
    let unknown = "q9_9".parse::<QuantizationType>().expect_err("no type");
    assert!(
        unknown.to_string().contains("q4_0, q5_0, q8_0"),
        "{unknown}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quantized_base_is_warned_of() {
    let shop = Shop::new();
    let q8 = shop.make(&recipe("q8_0", false)).await.expect("it is made");
    let q4 = recipe("q4_0", false);
    let twice = shop.make_of(&q8, &q4).await;
    let warnings = &record(&twice).warnings;
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].starts_with("Requantized: the base is Q8_0"),
        "{warnings:?}"
    );
    assert_eq!(shop.forecast(Some(&q8), q4).await.warnings, *warnings);

    // An F16 of it looks exact, and is not.
    let f16 = shop.make_of(&q8, &recipe("f16", false)).await;
    let again = shop.make_of(&f16, &q4).await;
    let warnings = &record(&again).warnings;
    let kind = "Requantized: the base is F16, quantized from Q8_0";
    assert!(warnings[0].starts_with(kind), "{warnings:?}");
}
