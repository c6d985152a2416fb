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
