//! What a process needs before anything here can run: one runtime for all, and one provider of TLS.

use crate::{Code, Error, Result};

/// The system that actors, web servers and uploads share, to run a future on with `block_on`. Also chooses the provider of
/// every TLS connection in the process, unless one was chosen before.
///
/// # Errors
/// When the machine gives no threads.
pub fn start() -> Result<actix::SystemRunner> {
    // Only fails when one is installed already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().thread_name("io").enable_all().build().map_err(|cause| {
            Error::new(Code::Internal, "cannot start the runtime")
                .hint("the machine gives no more threads: end something, and try again")
                .because(cause)
        })?;
    Ok(actix::System::with_tokio_rt(|| runtime))
}
