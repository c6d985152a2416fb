//! A workshop with the tiny model, in which real workers make its variants.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use whittle::backend::WorkerLauncher;
use whittle::bench::{Making, Variant, VariantError, Workshop};
use whittle::domain::quantization::QuantizationType;
use whittle::domain::recipe::Recipe;
use whittle::domain::variant::{VariantForecast, VariantRecord};
use whittle::library::{DataFolder, Library, Located};

use crate::house::House;
use crate::tiny_model::{self, Tiny};
use crate::workers::{named_in, real_workers};

/// A workshop with the tiny model.
pub struct Shop {
    pub workshop: Workshop,
    pub located: Located,
    pub folder: TempDir,
}

impl Shop {
    pub fn new() -> Self {
        Self::with_workers(real_workers())
    }

    /// A workshop with another tiny model.
    pub fn with_tiny(tiny: Tiny) -> Self {
        Self::of(real_workers(), tiny)
    }

    pub fn with_workers(launcher: WorkerLauncher) -> Self {
        Self::of(launcher, Tiny::default())
    }

    /// Its workers are told from those of other tests by their name.
    fn of(launcher: WorkerLauncher, tiny: Tiny) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let launcher = named_in(folder.path(), launcher);
        let data = DataFolder::open(&folder.path().join("data")).expect("a data folder");
        let path = tiny_model::write_as(folder.path(), "tiny.gguf", tiny);
        let lock = folder.path().join("machine.lock");
        let library = Library::open(&data, &[], lock).expect("a library");
        Self {
            workshop: workshop(&data, launcher),
            located: library.at_path(&path).expect("the model"),
            folder,
        }
    }

    /// A workshop with the tiny model, quantized.
    pub async fn with_quantized(level: QuantizationType) -> Self {
        let mut shop = Self::new();
        let made = shop.make(&Recipe::quantized(level)).await;
        let quantized = fs::read(made.expect("it is made").path).expect("a model");
        for file in shop.left() {
            fs::remove_file(file).expect("a file of the variant");
        }
        shop.replace_by(&quantized);
        shop
    }

    /// Another tiny model takes the place of its own.
    pub fn replace_model(&mut self, tiny: Tiny) {
        self.replace_by(&tiny_model::bytes_of(tiny));
    }

    fn replace_by(&mut self, bytes: &[u8]) {
        let folder = self.folder.path();
        let data = DataFolder::open(&folder.join("data")).expect("the data folder");
        let lock = folder.join("machine.lock");
        let path = folder.join("tiny.gguf");
        fs::write(&path, bytes).expect("the model");
        let library = Library::open(&data, &[], lock).expect("a library");
        self.located = library.at_path(&path).expect("the model");
    }

    pub fn base(&self) -> File {
        File::open(&self.located.path).expect("the model")
    }

    pub async fn make(&self, recipe: &Recipe) -> Result<Variant, VariantError> {
        self.make_watched(recipe, |_| ()).await
    }

    pub async fn make_watched(
        &self,
        recipe: &Recipe,
        on_progress: impl FnMut(Making) + Send,
    ) -> Result<Variant, VariantError> {
        let (base, file) = (&self.located.model, self.base());
        self.workshop.make(base, &file, recipe, on_progress).await
    }

    /// Makes a variant of a variant.
    pub async fn make_of(&self, base: &Variant, recipe: &Recipe) -> Variant {
        let file = File::open(&base.path).expect("the variant");
        let made = self.workshop.make(&base.model, &file, recipe, |_| ());
        made.await.expect("it is made")
    }

    /// What would become of the model, or of a variant of it.
    pub async fn forecast(&self, base: Option<&Variant>, recipe: Recipe) -> VariantForecast {
        let (model, path) = match base {
            None => (&self.located.model, &self.located.path),
            Some(variant) => (&variant.model, &variant.path),
        };
        let file = File::open(path).expect("the base");
        let forecast = self.workshop.forecast(model, &file, &[recipe]).await;
        let mut forecast = forecast.expect("a forecast");
        assert!(forecast.free_bytes.is_some());
        forecast.variants.remove(0)
    }

    /// Files below the variants' folder.
    pub fn left(&self) -> Vec<PathBuf> {
        files_below(&self.workshop.variants)
    }

    /// Neither variants nor anything half made.
    #[track_caller]
    pub fn assert_nothing_left(&self) {
        assert_eq!(self.left(), NO_FILES);
        self.assert_nothing_in_the_making();
    }

    /// Nothing half made for the cache.
    #[track_caller]
    pub fn assert_nothing_in_the_making(&self) {
        let making = self.workshop.cache.join("making");
        assert_eq!(files_below(&making), NO_FILES);
    }
}

/// What is left where nothing is.
pub const NO_FILES: [PathBuf; 0] = [];

fn workshop(data: &DataFolder, launcher: WorkerLauncher) -> Workshop {
    Workshop {
        launcher,
        variants: data.variants(),
        cache: data.cache(),
        n_threads: 1,
    }
}

/// Makes a variant of the house's tiny model.
pub async fn make_in(house: &House, recipe: &Recipe) -> Variant {
    let data = DataFolder::open(&house.path().join("data")).expect("the data folder");
    let library = Library::open(&data, &[], house.path().join("other.lock")).expect("a library");
    let base = library.at_path(&house.models().join("tiny.gguf"));
    let base = base.expect("the model");
    let file = File::open(&base.path).expect("the model");
    let workshop = workshop(&data, real_workers());
    let making = workshop.make(&base.model, &file, recipe, |_| ());
    making.await.expect("it is made")
}

/// What is known of how a variant was made.
pub fn record(variant: &Variant) -> &VariantRecord {
    variant.model.variant.as_ref().expect("a variant")
}

/// The files in which orders of blocks are kept.
pub fn kept_orders(cache: &Path) -> Vec<PathBuf> {
    let mut files = files_below(cache);
    files.retain(|path| path.to_string_lossy().contains("/blocks-"));
    files
}

/// How many blocks have their place in the only order that is kept, if one is.
#[cfg(target_os = "linux")]
pub fn n_in_order(cache: &Path) -> u32 {
    let files = kept_orders(cache);
    assert!(files.len() <= 1, "{files:?}");
    let Some(file) = files.first() else { return 0 };
    let kept = fs::read(file).expect("an order");
    let kept: serde_json::Value = serde_json::from_slice(&kept).expect("it is whole at any moment");
    let curve = kept["search"]["curve"].as_array().expect("a curve");
    curve.len().saturating_sub(1) as u32
}

/// All files below a folder, which may be none.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => files.extend(files_below(&path)),
            path => files.push(path),
        }
    }
    files
}
