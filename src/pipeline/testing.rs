//! What the tests of the pipeline share.

use std::future::Future;

/// Runs `work` where actors can live.
pub(super) fn in_system<T>(work: impl Future<Output = T>) -> T {
    actix::System::with_tokio_rt(|| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
    })
    .block_on(work)
}
