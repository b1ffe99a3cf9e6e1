//! What happened, in order, for faces that want to know at once.
//!
//! Every event has a number. The last [`KEPT`] events are kept, so that a face whose stream broke can go on behind the last
//! number it has seen; if that is too long ago it is told so ([`Event::Gap`]), and looks at the view instead.

use super::step::Step;
use super::view::{Trouble, Upload};
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;
use utoipa::ToSchema;

/// How many events are kept.
pub const KEPT: usize = 4096;

/// Something that happened.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The view has changed.
    Changed {
        /// The revision of the new view.
        revision: u64,
        /// The step it is on.
        step: Step,
    },
    /// A piece of work began.
    Working {
        /// What.
        what: String,
    },
    /// A piece of work failed; it can be tried again.
    Failed {
        /// How.
        trouble: Trouble,
    },
    /// Figures of an upload, about once a second.
    Progress {
        /// All of them.
        upload: Box<Upload>,
    },
    /// An item ended otherwise than verified.
    Item {
        /// The item.
        item: String,
        /// How it ended.
        outcome: &'static str,
        /// What happened.
        detail: String,
    },
    /// Something that a person should know.
    Warning {
        /// What.
        message: String,
    },
    /// An upload ended: the object that `omt migrate --json` ends with.
    Finished {
        /// All of it.
        #[schema(value_type = Object)]
        summary: serde_json::Value,
    },
    /// Events are lost to whoever asked: look at the view.
    Gap {
        /// The first number that is still kept.
        from: u64,
    },
}

/// An event with its number, from 1.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Numbered {
    /// Its number.
    pub id: u64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// The events that are kept, and whoever waits for more. Cloning is cheap.
#[derive(Clone, Default)]
pub struct Events(Arc<Inner>);

#[derive(Default)]
struct Inner {
    kept: Mutex<Kept>,
    more: Notify,
}

#[derive(Default)]
struct Kept {
    last: u64,
    events: VecDeque<Numbered>,
}

impl Events {
    /// Tells an event.
    pub fn tell(&self, event: Event) {
        let mut kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.last += 1;
        let id = kept.last;
        if kept.events.len() == KEPT {
            kept.events.pop_front();
        }
        kept.events.push_back(Numbered { id, event });
        drop(kept);
        self.0.more.notify_waiters();
    }

    /// The number of the last event.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner).last
    }

    /// Events behind the number `after`, at most `limit`; waits until there is one. A number that was never given, because
    /// it is of an earlier process, is a gap as well.
    pub async fn after(&self, after: u64, limit: usize) -> Vec<Numbered> {
        loop {
            let more = self.0.more.notified();
            tokio::pin!(more);
            // From here on nothing that is told can be missed.
            more.as_mut().enable();
            let found = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner).after(after, limit);
            if !found.is_empty() {
                return found;
            }
            more.await;
        }
    }
}

impl Kept {
    fn after(&self, after: u64, limit: usize) -> Vec<Numbered> {
        let from = self.last + 1 - self.events.len() as u64;
        if after > self.last {
            return vec![Numbered { id: self.last, event: Event::Gap { from } }];
        }
        let mut found = Vec::new();
        if after + 1 < from {
            found.push(Numbered { id: from - 1, event: Event::Gap { from } });
        }
        let skip = (after + 1).saturating_sub(from) as usize;
        found.extend(self.events.iter().skip(skip).take(limit).cloned());
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warning(number: usize) -> Event {
        Event::Warning { message: number.to_string() }
    }

    #[tokio::test]
    async fn a_stream_that_broke_goes_on_behind_what_was_seen() {
        let events = Events::default();
        for number in 0..10 {
            events.tell(warning(number));
        }
        let ids = |found: Vec<Numbered>| found.iter().map(|one| one.id).collect::<Vec<_>>();
        assert_eq!(ids(events.after(0, 3).await), [1, 2, 3]);
        assert_eq!(ids(events.after(7, 100).await), [8, 9, 10]);
        let waiting = tokio::spawn({
            let events = events.clone();
            async move { events.after(10, 100).await }
        });
        tokio::task::yield_now().await;
        events.tell(warning(10));
        assert_eq!(ids(waiting.await.unwrap()), [11]);
    }

    #[tokio::test]
    async fn who_was_away_too_long_is_told_so() {
        let events = Events::default();
        for number in 0..KEPT + 5 {
            events.tell(warning(number));
        }
        let found = events.after(2, 10).await;
        assert!(matches!(found[0].event, Event::Gap { from: 6 }));
        assert_eq!((found[0].id, found[1].id), (5, 6));
        // Nothing is said to be lost when nothing is.
        assert!(matches!(events.after(5, 1).await[0].event, Event::Warning { .. }));
        // A number of an earlier process.
        let found = events.after(1_000_000, 10).await;
        assert!(matches!(found[..], [Numbered { event: Event::Gap { .. }, .. }]));
    }
}
