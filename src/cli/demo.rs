//! `omt demo`.
use super::args::{Demo, Output};
use super::Ended;
pub(super) async fn demo(_args: Demo, _output: &Output) -> Ended { Ok(omt::exit::Exit::Verified) }
