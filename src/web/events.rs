//! What happens, as a stream of server-sent events.
//!
//! Each event carries its number as `id`. A client that lost its stream asks again with `Last-Event-ID`, or with `?after=`, and
//! misses nothing that is still kept. A comment every 15 seconds tells both sides that the other is still there.

use super::Shared;
use super::problem::Problem;
use crate::Code;
use crate::wizard::{Event, Numbered};
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;
use serde::Deserialize;
use std::convert::Infallible;
use std::time::Duration;

/// How often something is said where nothing happens.
const PING: Duration = Duration::from_secs(15);
/// The most events in one piece of the stream.
const BATCH: usize = 256;

/// Where a stream begins.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct From {
    /// The number of the last event that was seen; without it the stream begins with the next event.
    after: Option<u64>,
}

/// Streams what happens.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "events", params(From, ("Last-Event-ID" = Option<u64>, Header, description = "as `after`; wins over it")),
    responses((status = 200, description = "events, each with `id`, `event` and `data`", content_type = "text/event-stream", body = Numbered),
        (status = 503, description = "too many streams are open", body = Problem, content_type = "application/problem+json")),
    security(("token" = []))
)]
pub(super) async fn events(
    request: HttpRequest,
    from: Query<From>,
    shared: Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let seen = request.headers().get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    let events = shared.front.events().clone();
    let after = seen.or(from.after).unwrap_or_else(|| events.last());
    let room = shared.streams.clone().try_acquire_owned().map_err(|_| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, Code::CommandRefused, "too many streams of events are open")
            .hint("close other windows of this page")
    })?;
    let closing = shared.closing.clone();
    let body = stream::unfold((after, events, closing, room), |(mut after, events, closing, room)| async move {
        let text = tokio::select! {
            () = closing.cancelled() => return None,
            found = events.after(after, BATCH) => {
                after = found.last().map_or(after, |event| event.id);
                found.iter().map(frame).collect()
            }
            () = tokio::time::sleep(PING) => ": still here\n\n".to_owned(),
        };
        Some((Ok::<_, Infallible>(Bytes::from(text)), (after, events, closing, room)))
    });
    Ok(HttpResponse::Ok().content_type("text/event-stream").streaming(body))
}

/// One event on the wire.
fn frame(event: &Numbered) -> String {
    // JSON has no line ends of its own, so that an event is one line of data.
    let data = serde_json::to_string(event).unwrap_or_default();
    format!("id: {}\nevent: {}\ndata: {data}\n\n", event.id, name(&event.event))
}

fn name(event: &Event) -> &'static str {
    match event {
        Event::Changed { .. } => "changed",
        Event::Working { .. } => "working",
        Event::Failed { .. } => "failed",
        Event::Progress { .. } => "progress",
        Event::Item { .. } => "item",
        Event::Warning { .. } => "warning",
        Event::Finished { .. } => "finished",
        Event::Gap { .. } => "gap",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_of_data_whatever_its_text() {
        let event = Numbered { id: 7, event: Event::Warning { message: "a\r\nb\n\ndata: c".into() } };
        let text = frame(&event);
        assert_eq!(text.lines().count(), 4);
        let data = text.lines().nth(2).and_then(|line| line.strip_prefix("data: ")).unwrap();
        let read: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!(
            (&read["id"], &read["event"], &read["message"]),
            (&7.into(), &"warning".into(), &"a\r\nb\n\ndata: c".into())
        );
        assert!(text.starts_with("id: 7\nevent: warning\n"));
    }
}
