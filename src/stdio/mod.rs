//! The front ends' other door: one JSON object a line, for programs that start `omt` themselves.
//!
//! A line from the program is a [`Request`]: a command or a query, with an id of its choice. A line to the program is a
//! [`Message`]: `ready` first, then answers, each with the id it answers, and events as they happen. Commands are taken in the order in which
//! they come; queries and commands that are waited for are answered when they are ready. A line that cannot be understood
//! is answered with an error and harms nothing. When the program closes its end, a run that goes on is drained.
//!
//! `docs/api.md` has the schema of both.

mod line;
mod schema;

pub(crate) use schema::open_parts;
pub use schema::{document, schemas};

use crate::wizard::view::Trouble;
use crate::wizard::{Answer, Command, Front, Numbered, Query, VERSION, View};
use crate::{Code, Error, Result};
use line::Line;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::future::Future;
use std::io::{BufReader, Read, Write};
use std::sync::Arc;
use tokio::sync::{Semaphore, mpsc};
use utoipa::ToSchema;

/// Lines that wait to be read by the program: when it does not read, nobody is asked for more.
const WAITING: usize = 256;
/// Queries and waits at once.
const AT_ONCE: usize = 16;
/// The most events taken at once.
const BATCH: usize = 64;

/// A line from the program.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct Request {
    /// Comes back with the answer: a text or a number.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub id: Value,
    /// The version of the interface that the program was made for, if it wants to be sure.
    #[serde(default)]
    pub version: Option<u32>,
    /// A command: take it when the work before it has ended, and answer when the work that it began has.
    #[serde(default)]
    pub wait: bool,
    /// A [`Command`] or a [`Query`].
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub what: Map<String, Value>,
}

/// A line to the program.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Message {
    /// The first line.
    Ready {
        /// `ready`
        event: &'static str,
        /// The version of the interface.
        version: u32,
        /// The version of the program.
        omt: &'static str,
        /// Where everything stands.
        view: Box<View>,
    },
    /// A command was taken, or waited for.
    View {
        /// The id of the request.
        #[schema(value_type = Option<Object>)]
        answer: Value,
        /// The view after it.
        view: Box<View>,
    },
    /// A query was answered.
    Result {
        /// The id of the request.
        #[schema(value_type = Option<Object>)]
        answer: Value,
        /// What it gave; a text where the answer is no JSON.
        #[schema(value_type = Object)]
        result: Value,
    },
    /// A request was refused, or was none.
    Error {
        /// The id of the request.
        #[schema(value_type = Option<Object>)]
        answer: Value,
        /// Why, and what to do.
        error: Trouble,
    },
    /// Something happened.
    Event(Numbered),
}

/// A request, understood.
enum Asked {
    Command(Box<Command>),
    Query(Query),
}

/// The id of a request, whether to wait, and what is asked.
type Understood = (Value, bool, Asked);

/// Serves `front` over `input` and `output` until the input ends or `shutdown` is ready. The run, if there is one, goes on:
/// whoever called drains it with [`Front::close`].
///
/// # Errors
/// The output cannot be written any more.
pub async fn serve(
    front: &Front,
    input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
    shutdown: impl Future<Output = ()>,
) -> Result<()> {
    let (out, lines) = mpsc::channel::<Message>(WAITING);
    let writing = tokio::task::spawn_blocking(move || write(output, lines));
    let mut requests = requests(input);
    let seen = front.events().last();
    let ready = Message::Ready {
        event: "ready",
        version: VERSION,
        omt: env!("CARGO_PKG_VERSION"),
        // What is looked for at the start is found by then.
        view: Box::new(front.settled().await),
    };
    let _ = out.send(ready).await;
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let telling = tokio::spawn(tell(front.clone(), seen, out.clone()));
    tokio::pin!(shutdown);
    loop {
        let line = tokio::select! {
            line = requests.recv() => line,
            () = &mut shutdown => None,
            () = out.closed() => None,
        };
        let Some(line) = line else { break };
        answer(front, line, &out, &room).await;
    }
    telling.abort();
    // What is being answered is answered to the end.
    let _ = room.acquire_many(AT_ONCE as u32).await;
    drop(out);
    writing.await.map_err(|lost| Error::new(Code::Internal, "the writer of lines is gone").because(lost))?
}

/// Reads lines on a thread of its own: reading a pipe cannot be given up, and must not keep the program from ending.
fn requests(input: impl Read + Send + 'static) -> mpsc::Receiver<Line> {
    let (to, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        let mut input = BufReader::new(input);
        // A pipe that cannot be read any more has ended.
        while let Ok(Some(line)) = line::next(&mut input) {
            if to.blocking_send(line).is_err() {
                break;
            }
        }
    });
    lines
}

fn write(mut output: impl Write, mut lines: mpsc::Receiver<Message>) -> Result<()> {
    let failed =
        |cause| Error::new(Code::Io, "the program that started this one does not read any more").because(cause);
    while let Some(message) = lines.blocking_recv() {
        let mut text = serde_json::to_vec(&message)
            .map_err(|cause| Error::new(Code::Internal, "a message cannot be written").because(cause))?;
        text.push(b'\n');
        output.write_all(&text).and_then(|()| output.flush()).map_err(failed)?;
    }
    Ok(())
}

/// Tells what happens, for ever.
async fn tell(front: Front, mut seen: u64, out: mpsc::Sender<Message>) {
    loop {
        for event in front.events().after(seen, BATCH).await {
            seen = event.id;
            if out.send(Message::Event(event)).await.is_err() {
                return;
            }
        }
    }
}

async fn answer(front: &Front, line: Line, out: &mpsc::Sender<Message>, room: &Arc<Semaphore>) {
    let (id, wait, asked) = match read(line) {
        Ok(None) => return,
        Ok(Some(read)) => read,
        Err((answer, error)) => {
            let _ = out.send(Message::Error { answer, error: Trouble::from(&error) }).await;
            return;
        }
    };
    let (front, out) = (front.clone(), out.clone());
    let taken = match &asked {
        Asked::Command(command) => {
            if wait {
                front.settled().await;
            }
            Some(front.command((**command).clone()).await)
        }
        Asked::Query(_) => None,
    };
    let message = |answer, result: Result<View>| match result {
        Ok(view) => Message::View { answer, view: Box::new(view) },
        Err(error) => Message::Error { answer, error: Trouble::from(&error) },
    };
    let taken = match (taken, wait) {
        (Some(result), false) => {
            let _ = out.send(message(id, result)).await;
            return;
        }
        (taken, _) => taken,
    };
    // Nobody closes it.
    let Ok(place) = Arc::clone(room).acquire_owned().await else { return };
    tokio::spawn(async move {
        let _place = place;
        let said = match (asked, taken) {
            (Asked::Query(query), _) => match front.query(query).await {
                Ok(Answer::Json(result)) => Message::Result { answer: id, result },
                Ok(Answer::Text { text, .. }) => Message::Result { answer: id, result: text.into() },
                Err(error) => Message::Error { answer: id, error: Trouble::from(&error) },
            },
            (_, Some(Err(error))) => message(id, Err(error)),
            _ => message(id, Ok(front.settled().await)),
        };
        let _ = out.send(said).await;
    });
}

/// Understands a line: its id, whether to wait, and what is asked. Empty lines are nothing.
fn read(line: Line) -> Result<Option<Understood>, (Value, Error)> {
    let bytes = match line {
        Line::Bytes(bytes) if bytes.trim_ascii().is_empty() => return Ok(None),
        Line::Bytes(bytes) => bytes,
        Line::TooLong(length) => {
            let what = format!("a line of {length} bytes is too long: {} are taken", line::LONGEST);
            return Err((Value::Null, Error::new(Code::CommandRefused, what).hint("one JSON object a line")));
        }
    };
    let hint = "one JSON object a line, as `{\"id\":1,\"command\":\"accept\"}`; docs/api.md has all of them";
    let bad = |id: &Value, what: String| (id.clone(), Error::new(Code::CommandRefused, what).hint(hint));
    let request: Request = serde_json::from_slice(&bytes)
        .map_err(|cause| bad(&Value::Null, format!("this line is no request: {cause}")))?;
    let Request { id, version, wait, what } = request;
    if let Some(version) = version.filter(|version| *version != VERSION) {
        let what = format!("version {version} of the interface is not spoken here, but {VERSION}");
        return Err((
            id,
            Error::new(Code::CommandRefused, what).hint("use the version of `omt` that the program was made for"),
        ));
    }
    let asked = match (what.contains_key("command"), what.contains_key("query")) {
        (true, false) => serde_json::from_value(what.into()).map(|command| Asked::Command(Box::new(command))),
        (false, true) => serde_json::from_value(what.into()).map(Asked::Query),
        _ => return Err(bad(&id, "a request has either a `command` or a `query`".into())),
    };
    let asked = asked.map_err(|cause| bad(&id, format!("this cannot be understood: {cause}")))?;
    Ok(Some((id, wait, asked)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn understood(text: &str) -> Result<Option<Understood>, (Value, Error)> {
        read(Line::Bytes(text.as_bytes().to_vec()))
    }

    #[test]
    fn a_line_is_a_command_or_a_query_with_an_id() {
        let (id, wait, asked) = understood(r#"{"id":"a","command":"check","wait":true}"#).ok().flatten().unwrap();
        assert!(id == "a" && wait && matches!(asked, Asked::Command(command) if matches!(*command, Command::Check)));
        let (id, wait, asked) = understood(r#"{"query":"users","limit":3,"version":1}"#).ok().flatten().unwrap();
        assert!(id.is_null() && !wait && matches!(asked, Asked::Query(Query::Users { limit: 3, .. })));
        assert!(understood("  \t").is_ok_and(|read| read.is_none()));
    }

    #[test]
    fn what_cannot_be_understood_is_answered_to_whoever_asked() {
        for (text, id) in [
            ("{\"half\":", Value::Null),
            ("[]", Value::Null),
            ("\u{1}", Value::Null),
            ("{}", Value::Null),
            (r#"{"id":1,"command":"accept","query":"plans"}"#, json!(1)),
            (r#"{"id":2,"command":"fly"}"#, json!(2)),
            (r#"{"id":3,"query":"everything"}"#, json!(3)),
            (r#"{"id":4,"version":99,"command":"accept"}"#, json!(4)),
            (r#"{"id":5,"command":"waive","check":"x"}"#, json!(5)),
            (r#"{"id":{"a":1},"command":7}"#, json!({ "a": 1 })),
        ] {
            let (told, error) = understood(text).err().unwrap();
            assert_eq!((&told, error.code()), (&id, Code::CommandRefused), "{text}");
            assert!(error.hint_text().is_some());
        }
        let (_, error) = read(Line::TooLong(100_000_000)).err().unwrap();
        assert!(error.message().contains("100000000"), "{error:?}");
    }

    #[test]
    fn a_secret_in_a_bad_line_is_not_repeated() {
        let (_, error) = understood(r#"{"command":"log-on","user":"LM","password":["hunter2"]}"#).err().unwrap();
        assert!(!error.chain().contains("hunter2"), "{error:?}");
    }
}
