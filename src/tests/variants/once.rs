//! Variants, and importance matrices, are made once.

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;

use whittle::bench::Making;

use super::{recipe, types};
use crate::shop::{Shop, files_below, record};

#[tokio::test(flavor = "multi_thread")]
async fn an_importance_matrix_is_collected_once_and_changes_the_weights() {
    let shop = Shop::new();
    let mut n_chunks = 0;
    let with = recipe("q4_0", true);
    let weighed = shop
        .make_watched(&with, |making| {
            n_chunks += u32::from(matches!(making, Making::Imatrix(n, _) if n > 0));
        })
        .await
        .expect("it is made");
    assert_eq!(n_chunks, 40);
    let imatrix = record(&weighed).imatrix.as_ref().expect("a matrix");
    assert_eq!((imatrix.n_chunks, imatrix.n_ctx), (40, 512));
    let kept: Vec<PathBuf> = files_below(&shop.workshop.cache)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|end| end == "dat"))
        .collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    // Seven matrices in each of the two blocks.
    let bytes = fs::read(&kept[0]).expect("the matrix");
    assert_eq!(bytes[..4], 14_i32.to_le_bytes());

    let plain = shop.make(&recipe("q4_0", false)).await.expect("it is made");
    assert_ne!(plain.model.sha256, weighed.model.sha256);
    let mut was_collected = false;
    let other = recipe("iq2_xxs", true);
    let made = shop
        .make_watched(&other, |making| {
            was_collected |= matches!(making, Making::Imatrix(..));
        })
        .await
        .expect("it is made");
    assert!(!was_collected, "it is kept");
    let types = types(record(&made));
    assert!(types.contains(&"IQ4_NL"), "{types:?}");

    // A damaged one is collected anew, to the same.
    fs::write(&kept[0], b"x").expect("the matrix");
    fs::remove_file(&weighed.path).expect("the variant");
    let again = shop.make(&with).await.expect("it is made");
    assert_eq!(again.model.sha256, weighed.model.sha256);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_requests_at_once_make_it_once() {
    let shop = Shop::new();
    let begun = Mutex::new(0);
    let count = |making| {
        if matches!(making, Making::Tensors(0, _)) {
            *begun.lock().expect("a count") += 1;
        }
    };
    let q8 = recipe("q8_0", false);
    let (one, two) = tokio::join!(shop.make_watched(&q8, count), shop.make_watched(&q8, count));
    let (one, two) = (one.expect("it is made"), two.expect("it is made"));
    assert_eq!((&one.path, &one.model), (&two.path, &two.model));
    let later = shop.make_watched(&q8, count).await.expect("it is found");
    assert_eq!(later.model, one.model);
    assert_eq!(*begun.lock().expect("a count"), 1);
    assert_eq!(shop.left().len(), 2, "{:?}", shop.left());

    // One that was changed is made again; one that was only touched is not.
    let path = &one.path;
    let bytes = fs::read(path).expect("the variant");
    fs::write(path, &bytes).expect("the variant");
    shop.make_watched(&q8, count).await.expect("it is found");
    assert_eq!(*begun.lock().expect("a count"), 1);
    let mut damaged = bytes.clone();
    *damaged.last_mut().expect("a byte") ^= 1;
    fs::write(path, damaged).expect("the variant");
    shop.make_watched(&q8, count).await.expect("it is made");
    assert_eq!(*begun.lock().expect("a count"), 2);
    assert_eq!(fs::read(path).expect("the variant"), bytes);
}
