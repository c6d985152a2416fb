//! The order in which a model's blocks cost least to remove: searched for once, kept
//! as far as it was, and gone on from where more is asked for.

use std::fs::File;

use tokio::sync::watch;

use super::digest;
use super::imatrix::CALIBRATION_TEXT;
use super::prune_order::PruneOrder;
use super::search_file::SearchFile;
use super::upcast::source_key;
use super::variant::Workshop;
use crate::domain::environment::ENGINE_VERSION;
use crate::domain::model::Model;
use crate::domain::pruning::{BlockSearch, KnownOrder, Prune, PruningForecast, Wish};
use crate::domain::quality::CHUNK_TOKENS;
use crate::domain::recipe::Recipe;
use crate::domain::variant::VariantForecast;

/// Raised where the same search would find another order.
const VERSION: u32 = 1;

impl Workshop {
    /// What earlier searches of the same model in the same way found. One that cannot be
    /// used counts for nothing, and the log says why.
    pub(super) async fn known_search(&self, order: &PruneOrder<'_>) -> BlockSearch {
        if !order.prune.method.searches() {
            return BlockSearch::default();
        }
        let file = self.search_file(order.base, order.prune, &order.forecast);
        match file.look().await {
            Ok(found) => found.unwrap_or_default(),
            Err(reason) => {
                let path = file.path();
                tracing::warn!(path = %path.display(), %reason, "the order of blocks that was kept is not used, and will be searched for again");
                BlockSearch::default()
            }
        }
    }

    /// Keeps what is told of a search until nobody tells any more: what it has found
    /// when it is ended stays known.
    pub(super) async fn keep_searches(
        &self,
        order: &PruneOrder<'_>,
        mut told: watch::Receiver<BlockSearch>,
    ) {
        let file = self.search_file(order.base, order.prune, &order.forecast);
        while told.changed().await.is_ok() {
            let search = told.borrow_and_update().clone();
            // What a file says that was written to meanwhile is not of this model.
            if order.file.is_unchanged()
                && let Err(error) = file.keep(search).await
            {
                tracing::warn!(%error, "the order of blocks is not kept, and will be searched for again");
            }
        }
    }

    /// How much is known by now of the orders in which recipes remove blocks of `base`,
    /// open as `file`; none: nothing is searched for, or it cannot be told.
    pub(crate) async fn known_orders(
        &self,
        base: &Model,
        file: &File,
        recipes: &[Recipe],
    ) -> Vec<Option<KnownOrder>> {
        let mut orders = Vec::with_capacity(recipes.len());
        for recipe in recipes {
            let searching = recipe.prune.filter(|prune| prune.method.searches());
            orders.push(match searching {
                Some(prune) => match Self::forecast_pruning(base, file, prune).await {
                    Ok(forecast) => self.known_order(base, prune, &forecast).await,
                    // Whoever makes it says why.
                    Err(_) => None,
                },
                None => None,
            });
        }
        orders
    }

    /// Says in forecasts of variants of `base` how much is known by now of the orders in
    /// which blocks go.
    pub(crate) async fn look_up_orders(&self, base: &Model, variants: &mut [VariantForecast]) {
        for variant in variants {
            if let (Some(prune), Some(pruning)) = (variant.recipe.prune, &mut variant.pruning) {
                pruning.order = self.known_order(base, prune, pruning).await;
            }
        }
    }

    /// How much is known of the order that a forecast asks for, which says how many
    /// blocks that are.
    async fn known_order(
        &self,
        base: &Model,
        prune: Prune,
        forecast: &PruningForecast,
    ) -> Option<KnownOrder> {
        let wish = Wish {
            n_remove: forecast.order?.n_wanted,
            budget: prune.loss_budget,
        };
        // Whoever searches says why one is not used.
        let found = self.search_file(base, prune, forecast).look().await;
        Some(wish.known(&found.ok().flatten().unwrap_or_default()))
    }

    fn search_file(&self, base: &Model, prune: Prune, forecast: &PruningForecast) -> SearchFile {
        SearchFile::new(&self.cache, key(base, prune), forecast.n_blocks_before)
    }
}

/// What tells it from every search that would find something else: by depth and auto,
/// however much is to go and whatever may be lost, it is the same. A file that changed
/// has another hash.
fn key(base: &Model, prune: Prune) -> String {
    digest::of(format!(
        "order of blocks {VERSION}\n{}\n{}\n{ENGINE_VERSION}\n{}\n{CHUNK_TOKENS}\n{}",
        source_key(base, prune),
        prune.quick,
        digest::of(CALIBRATION_TEXT),
        prune.search_chunks(),
    ))
}
