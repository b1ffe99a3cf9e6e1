//! The upload as a face sees it.

use crate::pipeline::EdgeFigures;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The upload as it is now.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct Upload {
    /// `ready`, `running`, `paused`, `stopping`, `stopped`, `failed` or `done`.
    pub state: UploadState,
    /// The rows of the guide, in their order.
    pub rows: Vec<Row>,
    /// Seconds until everything is sent and proven, and how far that may be off to both sides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<Left>,
    /// Seconds since it began.
    pub seconds: f64,
    /// Bytes that went out.
    pub sent: u64,
    /// Bytes that did not have to.
    pub skipped: u64,
    /// Bytes proven by the tenant.
    pub verified: u64,
    /// Bytes a second: the last seconds, the oldest first.
    pub throughput: Vec<f64>,
    /// The limit in bytes per second, if there is one.
    pub limit: Option<u64>,
    /// What everything is waiting for, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bottleneck: Option<String>,
    /// The edges of the pipeline.
    #[schema(value_type = Vec<Object>)]
    pub edges: Vec<EdgeFigures>,
    /// Troubles so far, by kind, with the first of each.
    pub troubles: Vec<Group>,
    /// Whether a cut-over has frozen the installation, and for how long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frozen_seconds: Option<f64>,
}

/// How an upload stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UploadState {
    /// It may begin.
    #[default]
    Ready,
    /// It goes on.
    Running,
    /// Nothing is sent until somebody says so.
    Paused,
    /// What is under way is finished.
    Stopping,
    /// It was stopped, and can go on.
    Stopped,
    /// It ended with an error, and can go on.
    Failed,
    /// It came to its end.
    Done,
}

/// A row of the upload.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct Row {
    /// `starting`, `database`, `templates`, `documents`, `customer-service`, `attachments` or `finishing`.
    pub row: &'static str,
    /// Its name in the guide.
    pub title: &'static str,
    /// `waiting`, `running`, `succeeded`, `incomplete` or `nothing`: there is nothing of it.
    pub state: &'static str,
    /// What it does, as `Uploading 39.1 KB`.
    pub text: String,
    /// Items known.
    pub items: u64,
    /// Items that have ended.
    pub ended: u64,
    /// Items that ended otherwise than verified.
    pub otherwise: u64,
    /// Bytes sent.
    pub sent: u64,
    /// Bytes that did not have to be sent.
    pub skipped: u64,
}

/// Time that is left, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Left {
    /// Most likely.
    pub seconds: f64,
    /// If it goes well.
    pub least: f64,
    /// If it does not.
    pub most: f64,
}

/// Troubles of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Group {
    /// An outcome, or `warning`.
    pub kind: String,
    /// How many.
    pub count: u64,
    /// The first of them, as an item and what happened.
    pub first: Vec<String>,
}
