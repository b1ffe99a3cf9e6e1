//! The task that takes mails from the outboxes of all tenants to the mail server.
//!
//! It works in rounds of mails that are due, over a few conversations at once. A trouble of one mail gives that mail a pause
//! of its own, so that the others pass it; a trouble of the mail server gives everything a pause that grows. What is not sent
//! after five days is refused, as mail servers themselves do it. All that is true stands in the outbox: this task may end at any moment.

use super::letter::{Facts, Paper, compose};
use super::relay::{Answer, Relay, Session};
use super::{Post, now};
use crate::tenant::catalogue::{Kept, Waiting, due_mails, next_due};
use crate::tenant::held::Tenant;
use crate::{Code, Error, Result};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Conversations with the mail server at once.
const LANES: usize = 4;
/// Mails of one tenant in a round.
const ROUND: usize = 200;
/// The first pause after a trouble of the mail server, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_mins(5));
/// How long a mail rests after it was not taken, and at most.
const RESTS: (i64, i64) = (1_000, 3_600_000);
/// When a mail is given up.
const GIVEN_UP: i64 = 5 * 24 * 3_600_000;
/// It is looked at least this often whether something is due.
const LOOK: Duration = Duration::from_mins(1);

/// A mail with the tenant that it is of.
type Job = (Arc<Tenant>, Waiting);

/// Works until `post.stop`. Without a mail server it ends at once.
pub(in crate::tenant) async fn run(post: Arc<Post>, tenants: impl Fn() -> Vec<Arc<Tenant>>) {
    if post.relay.is_none() {
        return;
    }
    let mut pause = PAUSES.0;
    while !post.stop.is_cancelled() {
        let trouble = match gather(tenants()).await {
            Ok((jobs, next)) if jobs.is_empty() => {
                let wait = next.map_or(LOOK, |due| Duration::from_millis((due - now()).max(1) as u64).min(LOOK));
                tokio::select! {
                    () = post.stop.cancelled() => {}
                    () = post.wake.notified() => {}
                    () = tokio::time::sleep(wait) => {}
                }
                continue;
            }
            Ok((jobs, _)) => deliver(&post, jobs).await,
            Err(error) => Some(error.chain()),
        };
        post.tell(trouble.clone());
        let Some(trouble) = trouble else {
            pause = PAUSES.0;
            continue;
        };
        tracing::warn!(trouble, pause = pause.as_secs_f64(), "mails wait");
        tokio::select! {
            () = post.stop.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// What is due, and when the next one is.
async fn gather(tenants: Vec<Arc<Tenant>>) -> Result<(Vec<Job>, Option<i64>)> {
    blocking(move || {
        let (mut jobs, mut next) = (Vec::new(), None);
        for tenant in tenants {
            let due = tenant.catalogue.read(|reader| due_mails(reader, now(), ROUND))?;
            let later = tenant.catalogue.read(next_due)?;
            next = [next, later].into_iter().flatten().min();
            jobs.extend(due.into_iter().map(|mail| (Arc::clone(&tenant), mail)));
        }
        Ok((jobs, next))
    })
    .await
}

/// Sends what is due; gives what is wrong with the mail server.
async fn deliver(post: &Arc<Post>, jobs: Vec<Job>) -> Option<String> {
    let lanes = LANES.min(jobs.len());
    let queue = Arc::new(Mutex::new(VecDeque::from(jobs)));
    let running: Vec<_> = (0..lanes).map(|_| tokio::spawn(lane(Arc::clone(post), Arc::clone(&queue)))).collect();
    let mut trouble = None;
    for lane in running {
        let ended = lane.await.unwrap_or_else(|cause| Some(format!("a conversation was dropped: {cause}")));
        trouble = trouble.or(ended);
    }
    trouble
}

/// One conversation after the other, until nothing is left or the mail server is in trouble.
async fn lane(post: Arc<Post>, queue: Arc<Mutex<VecDeque<Job>>>) -> Option<String> {
    let relay = post.relay.as_ref()?;
    let mut session: Option<Session> = None;
    while !post.stop.is_cancelled() {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some((tenant, mail)) = job else { break };
        let open = match session.take() {
            Some(open) => open,
            // The mail stays in the outbox as it was.
            None => match relay.connect().await {
                Ok(open) => open,
                Err(why) => return Some(why),
            },
        };
        match one(relay, open, tenant, &mail).await {
            Ok((Some(open), _)) => session = Some(open),
            Ok((None, trouble)) => return trouble,
            Err(error) => return Some(error.chain()),
        }
    }
    if let Some(open) = session {
        open.end().await;
    }
    None
}

/// Sends one mail and keeps what became of it; gives the conversation back if it goes on.
async fn one(
    relay: &Relay,
    mut open: Session,
    tenant: Arc<Tenant>,
    mail: &Waiting,
) -> Result<(Option<Session>, Option<String>)> {
    let paper = Paper { from: &relay.from, login: relay.login.as_deref() };
    let made = serde_json::from_str::<Facts>(&mail.facts)
        .map_err(|cause| format!("what it should say cannot be read: {cause}"))
        .and_then(|facts| compose(&mail.name, &mail.address, &facts, &paper));
    let message = match made {
        Ok(message) => message,
        Err(reason) => {
            keep(tenant, mail, Kept::Refused(reason)).await?;
            return Ok((Some(open), None));
        }
    };
    let (id, noted) = (mail.id, Arc::clone(&tenant));
    blocking(move || noted.catalogue.write(|writing| writing.begin_mail(id))).await?;
    let (kept, trouble) = match open.hand_over(&message).await {
        Answer::Taken => (Kept::Sent, None),
        Answer::Refused(reason) => (Kept::Refused(reason), None),
        Answer::Later(reason) => (later(mail, reason, false), None),
        Answer::Over { why, doubtful } => (later(mail, why.clone(), doubtful), Some(why)),
    };
    tracing::debug!(customer = tenant.objects.customer, mail = id, ?kept, "a mail was tried");
    keep(tenant, mail, kept).await?;
    Ok(if trouble.is_some() { (None, trouble) } else { (Some(open), None) })
}

/// A mail that was not taken now: a rest that grows, and an end.
fn later(mail: &Waiting, reason: String, doubtful: bool) -> Kept {
    let now = now();
    if now - mail.entered > GIVEN_UP {
        return Kept::Refused(format!("given up after five days: {reason}"));
    }
    let rest = RESTS.0.saturating_mul(1 << mail.tries.min(20)).min(RESTS.1);
    Kept::Later { reason, due: now + rest, doubtful }
}

async fn keep(tenant: Arc<Tenant>, mail: &Waiting, kept: Kept) -> Result<()> {
    let id = mail.id;
    blocking(move || tenant.catalogue.write(|writing| writing.keep(id, &kept))).await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|cause| Error::new(Code::Internal, "work on the outbox was dropped").because(cause))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_rests_longer_each_time_and_is_given_up_in_the_end() {
        let mail = |tries, age| Waiting {
            id: 1,
            name: "a".into(),
            address: "a@x.no".into(),
            facts: String::new(),
            tries,
            entered: now() - age,
        };
        let rest = |tries| match later(&mail(tries, 0), "busy".into(), false) {
            Kept::Later { due, .. } => due - now(),
            other => panic!("{other:?}"),
        };
        assert!(rest(0) <= 1_000 && rest(3) > 4_000 && rest(60) <= 3_600_000);
        assert!(
            matches!(later(&mail(1, GIVEN_UP + 1), "busy".into(), true), Kept::Refused(why) if why.contains("busy"))
        );
    }
}
