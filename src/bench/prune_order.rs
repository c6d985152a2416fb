//! A pruned file in the making: what would be removed, whether there is room,
//! and a worker that writes it.

use std::fs;
use std::path::Path;

use tokio::sync::watch;

use super::base_file::BaseFile;
use super::blocking::off_thread;
use super::digest;
use super::imatrix::CALIBRATION_TEXT;
use super::making::Making;
use super::pruning_check;
use super::pruning_plan::plan;
use super::room::Wanted;
use super::upcast::{self, Upcast, source_key, source_kind};
use super::variant::{VariantError, Workshop, storage};
use super::workbench::Workbench;
use crate::domain::environment::ENGINE_VERSION;
use crate::domain::model::Model;
use crate::domain::not_refitted::NotRefitted;
use crate::domain::protocol::{PruneCommand, WorkerCommand, WorkerEvent};
use crate::domain::pruned_labels::Origin;
use crate::domain::pruning::{
    BlockSearch, Prune, PruningCut, PruningForecast, PruningMethod, PruningReport,
};
use crate::domain::quality::CHUNK_TOKENS;

/// Raised where the same order would give another file.
const VERSION: u32 = 6;

/// A pruned file in the making.
pub(super) struct PruneOrder<'a> {
    pub(super) base: &'a Model,
    pub(super) file: &'a BaseFile,
    pub(super) prune: Prune,
    /// What it would remove.
    pub(super) forecast: PruningForecast,
    /// Bytes of the file that is pruned: the base, or what it is upcast to.
    source_bytes: u64,
    /// Bytes of the largest slice of it that is loaded on its own.
    slice_bytes: u64,
    /// What is lost with such a base, one sentence each.
    pub(super) cautions: Vec<String>,
    /// Why what stays will not be refitted, as the cautions say already.
    not_refitted: Option<NotRefitted>,
}

impl Workshop {
    /// Lets a worker prune the base into `part`, once there is room for it; where it is so
    /// ordered, what another worker has upcast it to.
    pub(super) async fn prune(
        &self,
        order: &PruneOrder<'_>,
        workbench: &Workbench,
        part: &Path,
        on_progress: &mut (impl FnMut(Making) + Send),
    ) -> Result<PruningCut, VariantError> {
        let name = order.of_the_file();
        let wanted = Wanted {
            name: &name,
            n_bytes: order.room_bytes(),
        };
        self.ensure_room(wanted)?;
        let scratch = workbench.folder().join("scratch");
        let unusable = |error| storage(&self.variants, &error);
        let own = scratch.clone();
        off_thread(move || fs::create_dir(own))
            .await
            .map_err(unusable)?;
        let upcast = match order.prune.upcast {
            false => None,
            true => {
                let (base, file) = (order.base, order.file);
                Some(self.upcast(base, file, workbench, on_progress).await?)
            }
        };
        let source = upcast.as_ref().map_or(order.file, |upcast| &upcast.file);
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let command = WorkerCommand::Prune(PruneCommand {
            source: source.source(),
            target: text(part),
            scratch: text(&scratch),
            prune: order.prune,
            searched: self.known_search(order).await,
            text: CALIBRATION_TEXT.to_owned(),
            n_ctx: CHUNK_TOKENS,
            n_chunks: order.prune.calibration_chunks(),
            n_threads: self.n_threads,
            origin: origin(order.base, order.prune),
        });
        let doing = "pruning";
        let mut worker = self.start(source, Some(workbench.folder())).await?;
        let (tell, told) = watch::channel(BlockSearch::default());
        let (asked, command) = (&mut worker, &command);
        // `tell` goes with it, and with that the keeping ends.
        let asking = async move {
            let answer = asked.ask(command, doing, |event| match event {
                WorkerEvent::Pruning(progress) => on_progress(Making::Pruning(*progress)),
                WorkerEvent::Searched(search) => {
                    tell.send_replace(search.clone());
                }
                _ => (),
            });
            answer.await
        };
        let (answer, ()) = tokio::join!(asking, self.keep_searches(order, told));
        match answer {
            Ok(WorkerEvent::Pruned(cut)) => {
                worker.stop().await;
                // As large as the new file, as a rule.
                let removed = off_thread(move || {
                    fs::remove_dir_all(scratch)?;
                    upcast.map_or(Ok(()), Upcast::remove)
                });
                removed.await.map_err(unusable)?;
                Ok(PruningCut {
                    // What was chosen is what is compared with.
                    bytes_before: order.base.size_bytes,
                    ..*cut
                })
            }
            Ok(other) => Err(worker.unexpected(doing, &other).into()),
            Err(error) => {
                let folder = workbench.folder().to_path_buf();
                let written = off_thread(move || Ok(bytes_below(&folder))).await;
                Err(self.explain(wanted, written.unwrap_or(0), error))
            }
        }
    }
}

impl<'a> PruneOrder<'a> {
    /// Reads from the base what `prune` would remove of it.
    pub(super) async fn new(
        base: &'a Model,
        file: &'a BaseFile,
        prune: Prune,
    ) -> Result<Self, VariantError> {
        let planned = plan(base, file, prune, origin(base, prune)).await?;
        let mut cautions = planned.warnings(base);
        cautions.extend(prune.upcast.then(|| upcast::warning(base)));
        Ok(Self {
            base,
            file,
            prune,
            forecast: planned.forecast,
            source_bytes: planned.source_bytes,
            slice_bytes: planned.slice_bytes,
            cautions,
            not_refitted: planned.not_refitted,
        })
    }

    /// What tells the pruned file from every other.
    pub(super) fn address(&self) -> String {
        let budget = self.prune.loss_budget.map(|budget| budget.ratio());
        let budget = budget.map_or_else(|| "none".to_owned(), |ratio| ratio.to_string());
        digest::of(format!(
            "pruned {VERSION}\n{}\n{}\n{}\n{budget}\n{ENGINE_VERSION}\n{}\n{CHUNK_TOKENS}\n{}",
            source_key(self.base, self.prune),
            self.prune.method,
            self.prune.ratio.share(),
            digest::of(CALIBRATION_TEXT),
            self.prune.calibration_chunks(),
        ))
    }

    /// Bytes of the file, of the new weights that lie beside it until it is written, of a
    /// slice, and of what the base is upcast to.
    pub(super) fn room_bytes(&self) -> u64 {
        let (bytes_before, bytes_after) = (self.source_bytes, self.forecast.bytes_after);
        let upcast = if self.prune.upcast { bytes_before } else { 0 };
        let at_most = match (self.prune.loss_budget, self.prune.method) {
            // A search that ends at once removes next to nothing.
            (Some(_), _) => bytes_before,
            // The ways to remove as much differ by a point or two.
            (None, PruningMethod::Auto) => bytes_after.saturating_add(bytes_before / 50),
            (None, PruningMethod::Width | PruningMethod::Depth) => bytes_after,
        };
        let lasting = at_most.saturating_mul(2).saturating_add(self.slice_bytes);
        lasting.saturating_add(upcast)
    }

    /// What the user of the file must know, one sentence each.
    pub(super) fn warnings(&self, report: &PruningReport) -> Vec<String> {
        let PruningReport { cut, check } = report;
        let not_refitted = cut.not_refitted;
        let is_news = |why: &NotRefitted| self.not_refitted != Some(*why);
        let found = [
            pruning_check::warning(check),
            cut.caution(),
            not_refitted.filter(is_news).map(NotRefitted::words),
        ];
        let found = found.into_iter().flatten();
        found.chain(self.cautions.clone()).collect()
    }

    /// What is lost in quantizing what was pruned, where no caution says it already.
    pub(super) fn requantizing(&self) -> Vec<String> {
        match self.prune.upcast {
            true => Vec::new(),
            false => self.file.requantizing(self.base),
        }
    }

    /// The pruned model's name as other programs show it.
    pub(super) fn name(&self, report: &PruningReport) -> String {
        let achieved = report.cut.achieved_pruning_ratio;
        origin(self.base, self.prune).name(self.prune, achieved)
    }

    fn of_the_file(&self) -> String {
        format!("{}, {},", self.base.called(), self.prune.label())
    }
}

fn origin(base: &Model, prune: Prune) -> Origin {
    Origin {
        name: base.name.clone(),
        kind: source_kind(base, prune),
        sha256: base.sha256.clone(),
    }
}

/// Bytes of all files below a folder that is being written to.
fn bytes_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => bytes_below(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}
