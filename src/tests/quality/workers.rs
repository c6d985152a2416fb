//! The worker that measures ends with whoever asked, and its end is said.

use whittle::bench::measure_quality;
use whittle::domain::run::{Failure, FailureKind};

use super::{Models, chunks, seeded};
use crate::workers::{kill, named_in, real_workers, workers_in};

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_future_ends_the_worker() {
    let models = Models::of(&[seeded(1), seeded(2)]);
    let launcher = named_in(models.folder.path(), real_workers());
    let plan = models.plan(&launcher, chunks(1000));
    let (sender, mut told) = tokio::sync::mpsc::unbounded_channel();
    let tell = move |_| {
        // Nobody listens any more once one was heard.
        let _ = sender.send(());
    };
    tokio::select! {
        result = measure_quality(&plan, tell) => {
            panic!("it ended by itself: {:?}", result.map(|result| result.baseline));
        }
        _ = told.recv() => {}
    }
    for _ in 0..200 {
        if workers_in(models.folder.path()).is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the worker lives on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_half_way_is_said() {
    let models = Models::of(&[seeded(1), seeded(2)]);
    let launcher = named_in(models.folder.path(), real_workers());
    let plan = models.plan(&launcher, chunks(1000));
    let kill_all = |_| workers_in(models.folder.path()).into_iter().for_each(kill);
    let failure = Failure::from(measure_quality(&plan, kill_all).await.expect_err("killed"));
    assert_eq!(failure.kind, FailureKind::WorkerCrashed);
    let message = &failure.message;
    assert!(
        message.contains("SIGKILL") && message.contains("measuring quality"),
        "{message}"
    );
}
