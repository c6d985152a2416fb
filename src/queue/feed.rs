//! The events of one run: stored first, announced second.

use tokio::sync::{Mutex, broadcast};
use tokio_util::sync::CancellationToken;

use crate::domain::event::{RunEvent, Sequenced};
use crate::domain::run::{Failure, RunId};
use crate::store::{Ending, Raw, Store, StoreError};

/// A listener that is further behind has lost gauges only: it gets the stored
/// events again from the history.
const CAPACITY: usize = 256;

/// Where the events of a run go. The runner and the queue send, event streams
/// and waiting requests receive; it ends with the terminal event.
pub(super) struct Feed {
    id: RunId,
    /// Number of the last stored event; held while storing and announcing, so
    /// that listeners see events in their order.
    last_seq: Mutex<u64>,
    sender: broadcast::Sender<Sequenced>,
    ended: CancellationToken,
}

impl Feed {
    pub(super) fn new(id: RunId) -> Self {
        Self {
            id,
            last_seq: Mutex::new(0),
            sender: broadcast::Sender::new(CAPACITY),
            ended: CancellationToken::new(),
        }
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<Sequenced> {
        self.sender.subscribe()
    }

    /// Returns once the terminal event has been announced.
    pub(super) async fn ended(&self) {
        self.ended.cancelled().await;
    }

    /// Stores an event, with the measurement it tells of, and announces it.
    pub(super) async fn announce(
        &self,
        store: &Store,
        event: RunEvent,
        raw: Option<Raw<'_>>,
    ) -> Result<(), StoreError> {
        let mut last_seq = self.last_seq.lock().await;
        if self.ended.is_cancelled() {
            return Ok(());
        }
        let is_stored = event.is_stored();
        let event = Sequenced {
            seq: *last_seq + u64::from(is_stored),
            event,
        };
        // Spent even when storing fails or is given up half-way: what was
        // written then must not collide with the next event.
        *last_seq = event.seq;
        if is_stored || raw.is_some() {
            store
                .record(self.id, is_stored.then_some(&event), raw)
                .await?;
        }
        // Nobody may be listening.
        let _ = self.sender.send(event);
        Ok(())
    }

    /// Stores the end and announces it. An end that cannot be stored is a
    /// failure; one that cannot be stored either is announced all the same, and
    /// returned: those who wait must not wait for ever.
    pub(super) async fn end(&self, store: &Store, ending: Ending) -> Result<(), Failure> {
        let mut last_seq = self.last_seq.lock().await;
        if self.ended.is_cancelled() {
            return Ok(());
        }
        *last_seq += 1;
        let seq = *last_seq;
        let finish = async |ending: Ending| {
            let event = Sequenced {
                seq,
                event: ending.event(),
            };
            let stored = store.finish(self.id, &ending, &event).await;
            (event, stored)
        };
        let (mut event, mut stored) = finish(ending).await;
        let mut lost = None;
        if let Err(error) = stored {
            let failure = Failure::from(error);
            (event, stored) = finish(Ending::Failed(failure.clone())).await;
            lost = stored.is_err().then_some(failure);
        }
        let _ = self.sender.send(event);
        self.ended.cancel();
        lost.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::model::Model;
    use crate::domain::run::{RunRequest, RunSpec, RunStatus, Technique};
    use crate::queue::this_process;

    /// A run that was ended while an event was being stored stayed `running`.
    #[tokio::test(flavor = "multi_thread")]
    async fn an_end_is_stored_whenever_an_announcement_is_given_up() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("db"))
            .await
            .expect("a history");
        let spec = RunSpec::try_from(RunRequest::default()).expect("the defaults");
        for microseconds in (0..3000).step_by(25) {
            let id = store
                .create_run(
                    Technique::Baseline,
                    &Model::sample("F16", None),
                    &spec,
                    this_process(),
                )
                .await
                .expect("a run");
            let feed = Feed::new(id);
            let event = RunEvent::Queued { position: 1 };
            let announcing = feed.announce(&store, event, None);
            // How far it comes is left to chance, over many tries.
            tokio::select! {
                biased;
                _ = announcing => {}
                () = spin(Duration::from_micros(microseconds)) => {}
            }
            feed.end(&store, Ending::Cancelled)
                .await
                .expect("the end is stored");
            let run = store.run(id).await.expect("a history").expect("the run");
            assert_eq!(run.status, RunStatus::Cancelled);
        }
    }

    /// The timer's millisecond is too coarse.
    async fn spin(duration: Duration) {
        let start = std::time::Instant::now();
        while start.elapsed() < duration {
            tokio::task::yield_now().await;
        }
    }
}
