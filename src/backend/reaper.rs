//! Killed workers until the system has taken them apart: so long they still
//! hold memory and processor.

use std::time::Duration;

use tokio::process::Child;
use tokio::runtime::Handle;
use tokio::sync::watch;

/// How long they are waited for: one that is stuck in the kernel, as on a
/// failing disk, must not hold up those who wait.
const GRACE: Duration = Duration::from_secs(2);

/// The killed workers of one launcher. Clones share them.
#[derive(Debug, Clone)]
pub struct Reaper {
    /// How many may not be gone yet. Each one's task says when it is; who
    /// measures next listens.
    n_dying: watch::Sender<usize>,
}

impl Default for Reaper {
    fn default() -> Self {
        Self {
            n_dying: watch::Sender::new(0),
        }
    }
}

impl Reaper {
    /// Waits for a killed child in the background.
    pub(super) fn take(&self, mut child: Child) {
        // Without a runtime this program is ending, and its children with it.
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let dying = Dying::count(&self.n_dying);
        runtime.spawn(async move {
            if let Err(error) = child.wait().await {
                tracing::warn!(%error, "a killed worker could not be waited for");
            }
            drop(dying);
        });
    }

    /// Holds something that is let go only once every worker is gone that is killed
    /// before it is dropped, at the latest after a grace: also where whoever waits for
    /// an answer goes, and all that was begun for it is dropped.
    pub fn until_all_gone<T: Send + 'static>(&self, held: T) -> UntilAllGone<T> {
        UntilAllGone {
            held: Some(held),
            reaper: self.clone(),
        }
    }

    /// Returns once every killed worker is gone, at the latest after a grace.
    pub async fn all_gone(&self) {
        let mut n_dying = self.n_dying.subscribe();
        let gone = n_dying.wait_for(|n| *n == 0);
        if tokio::time::timeout(GRACE, gone).await.is_err() {
            tracing::warn!(
                "a killed worker is still there after {} s: it may disturb the next run",
                GRACE.as_secs()
            );
        }
    }
}

/// What is held until then, see `Reaper::until_all_gone`.
pub struct UntilAllGone<T: Send + 'static> {
    held: Option<T>,
    reaper: Reaper,
}

impl<T: Send + 'static> Drop for UntilAllGone<T> {
    fn drop(&mut self) {
        // Without a runtime this program is ending, and its children with it.
        let is_waiting = *self.reaper.n_dying.borrow() > 0;
        if let (true, Ok(runtime)) = (is_waiting, Handle::try_current()) {
            let (held, reaper) = (self.held.take(), self.reaper.clone());
            runtime.spawn(async move {
                reaper.all_gone().await;
                drop(held);
            });
        }
    }
}

/// Counts one until dropped, even by a runtime that ends.
struct Dying(watch::Sender<usize>);

impl Dying {
    fn count(n_dying: &watch::Sender<usize>) -> Self {
        n_dying.send_modify(|n| *n += 1);
        Self(n_dying.clone())
    }
}

impl Drop for Dying {
    fn drop(&mut self) {
        self.0.send_modify(|n| *n -= 1);
    }
}
