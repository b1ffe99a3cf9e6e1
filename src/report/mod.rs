//! What a run says at its end.

pub mod text;
