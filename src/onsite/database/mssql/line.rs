//! The thread that holds a connection, and the line to it.
//!
//! Questions and answers go over channels that hold one each, so that whoever asks may be on any thread, also inside
//! asynchronous code. A connection on which anything went wrong is thrown away: what is left of an answer on it would be
//! taken for the next one. What may help is tried again, after growing pauses; the caller only sees a slow answer.

use super::super::address::Server;
use super::super::query::Rendered;
use super::super::{Moment, Row};
use super::order::Cut;
use super::trouble::{Cure, Trouble};
use super::{Code, Error, Result, connect, page};
use crossbeam_channel::{Receiver, Sender, bounded};
use std::time::Duration;
use tiberius::ColumnData;

/// The pauses before further tries: together long enough for a server to be started again.
const PAUSES: [Duration; 8] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
    Duration::from_secs(32),
];

/// An answer: the names of its columns, which are empty if there is no row, and its rows.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) columns: Vec<String>,
    /// The values of all rows as the server sent them, one behind the other: what is made on one thread for each row and freed on another
    /// keeps both waiting.
    values: Vec<ColumnData<'static>>,
    /// Whether rows came behind the cut.
    pub(super) more: bool,
}

impl Answer {
    /// Adds a row, unless it lies behind the cut. Gives the bytes that it adds to those before it.
    pub(super) fn push(&mut self, row: tiberius::Row, cut: Option<&Cut>, bytes: usize) -> usize {
        let (kept, start) = (self.len(), self.values.len());
        self.values.extend(row);
        let (before, row) = self.values.split_at(start);
        let last = before.get(start.saturating_sub(row.len())..).unwrap_or_default();
        self.more = self.more || cut.is_some_and(|cut| cut.is_before(row, last, kept, bytes));
        if self.more {
            self.values.truncate(start);
        }
        self.values[start..].iter().map(page::weight).sum()
    }

    /// How many rows it has.
    pub(super) fn len(&self) -> usize {
        self.values.len().checked_div(self.columns.len()).unwrap_or_default()
    }

    /// The bytes of content in its rows.
    pub(super) fn weight(&self) -> usize {
        self.values.iter().map(page::weight).sum()
    }

    /// The last row.
    pub(super) fn last(&self) -> Option<&[ColumnData<'static>]> {
        self.values.len().checked_sub(self.columns.len().max(1)).map(|start| &self.values[start..])
    }

    /// Its rows, one after the other. Their values may be taken out.
    pub(super) fn rows(&mut self) -> impl ExactSizeIterator<Item = &mut [ColumnData<'static>]> {
        let width = self.columns.len().max(1);
        self.values.chunks_exact_mut(width)
    }

    /// The same as the kinds of value that all databases share.
    pub(super) fn into_rows(mut self) -> Vec<Row> {
        self.rows().map(|row| page::row(row)).collect()
    }
}

/// A value, of which nothing stays where it was.
pub(super) fn taken(value: &mut ColumnData<'static>) -> ColumnData<'static> {
    std::mem::replace(value, ColumnData::Bit(None))
}

/// What brings a connection to the moment that it reads.
#[derive(Debug, Clone)]
pub(super) struct Hold {
    /// The statements.
    pub(super) sql: String,
    /// The moment that is lost with the connection; nothing if another connection finds it again.
    pub(super) moment: Option<Moment>,
}

/// A question, and where its answer is waited for.
struct Question {
    asked: Rendered,
    /// Where a page of exact rows ends; everything else is read to its end.
    cut: Option<Cut>,
    /// Whether it is to be asked again first on every connection that has to be made in its place.
    hold: Option<Hold>,
    answer: Sender<Result<Answer, Trouble>>,
}

/// The line to a thread with a connection. When it is dropped, both end.
pub(super) struct Line(Sender<Question>);

/// An answer that is on its way. Dropped, it is read and forgotten.
pub(super) struct Coming(Receiver<Result<Answer, Trouble>>);

impl Coming {
    /// Waits for it.
    pub(super) fn wait(self) -> Result<Answer, Trouble> {
        self.0.recv().map_err(|_| lost())?
    }
}

impl Line {
    /// Starts the thread and connects.
    pub(super) fn open(server: &Server) -> Result<Self> {
        let (ask, questions) = bounded(1);
        let (opened, outcome) = bounded(1);
        let session = Session {
            server: server.clone(),
            config: connect::config(server)?,
            client: None,
            hold: None,
            proven: false,
        };
        std::thread::Builder::new()
            .name("mssql".into())
            .spawn(move || session.serve(&opened, &questions))
            .map_err(|cause| Error::new(Code::Internal, "cannot start a thread for the database").because(cause))?;
        outcome.recv().map_err(|_| ended())??;
        Ok(Self(ask))
    }

    /// Asks, and waits for the answer.
    pub(super) fn ask(&self, asked: &Rendered) -> Result<Answer, Trouble> {
        self.ask_until(asked, None)
    }

    /// Brings the connection to a moment, and later every one that has to be made in its place.
    pub(super) fn hold(&self, hold: Hold) -> Result<(), Trouble> {
        let asked = Rendered { sql: hold.sql.clone(), values: Vec::new() };
        self.send(asked, None, Some(hold)).map(drop)
    }

    /// The same, up to a cut.
    pub(super) fn ask_until(&self, asked: &Rendered, cut: Option<Cut>) -> Result<Answer, Trouble> {
        self.send(asked.clone(), cut, None)
    }

    /// Asks, and does not wait.
    pub(super) fn begin(&self, asked: Rendered, cut: Cut) -> Result<Coming, Trouble> {
        self.put(asked, Some(cut), None)
    }

    fn send(&self, asked: Rendered, cut: Option<Cut>, hold: Option<Hold>) -> Result<Answer, Trouble> {
        self.put(asked, cut, hold)?.wait()
    }

    fn put(&self, asked: Rendered, cut: Option<Cut>, hold: Option<Hold>) -> Result<Coming, Trouble> {
        let (answer, outcome) = bounded(1);
        self.0.send(Question { asked, cut, hold, answer }).map_err(|_| lost())?;
        Ok(Coming(outcome))
    }
}

fn lost() -> Trouble {
    Trouble { error: ended(), cure: Cure::Nothing }
}

fn ended() -> Error {
    Error::new(Code::Internal, "the thread of the database connection has ended")
}

/// What the thread holds.
struct Session {
    server: Server,
    config: tiberius::Config,
    client: Option<connect::Client>,
    /// What brings a new connection to where the last one was.
    hold: Option<Hold>,
    /// Whether it has ever worked. Before that, what fails is most likely a mistake in the configuration: then a person
    /// waits for the message, and nothing is tried again.
    proven: bool,
}

impl Session {
    fn serve(mut self, opened: &Sender<Result<()>>, questions: &Receiver<Question>) {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(cause) => {
                let error = Error::new(Code::Internal, "cannot start the database connection").because(cause);
                let _ = opened.send(Err(error));
                return;
            }
        };
        let first = runtime.block_on(self.connect());
        let failed = first.is_err();
        // Nobody waits any more: then there is nothing to do either.
        let gone = opened.send(first.map_err(|trouble| trouble.error)).is_err();
        if failed || gone {
            return;
        }
        for question in questions {
            let answer = runtime.block_on(self.answer(&question));
            let _ = question.answer.send(answer);
        }
    }

    async fn connect(&mut self) -> Result<(), Trouble> {
        let client = connect::connect(&self.config, &self.server).await;
        self.client = Some(client.map_err(|error| Trouble::of(&error, &self.server, self.proven))?);
        self.proven = true;
        Ok(())
    }

    async fn answer(&mut self, question: &Question) -> Result<Answer, Trouble> {
        let mut pauses = PAUSES.iter();
        let mut patience = usize::MAX;
        loop {
            let trouble = match self.ask(question).await {
                Ok(answer) => return Ok(answer),
                Err(trouble) => trouble,
            };
            self.client = None;
            let Cure::Again { tries } = trouble.cure else { return Err(trouble) };
            patience = patience.min(tries);
            let (Some(pause), Some(left)) = (pauses.next(), patience.checked_sub(1)) else { return Err(trouble) };
            patience = left;
            tracing::warn!("{}; asking again in {pause:?}", trouble.error.chain());
            tokio::time::sleep(*pause).await;
        }
    }

    async fn ask(&mut self, question: &Question) -> Result<Answer, Trouble> {
        if self.client.is_none() {
            self.connect().await?;
            self.resume().await?;
        }
        // The line above has seen to it that there is one.
        let Some(client) = &mut self.client else { return Ok(Answer::default()) };
        let answer = page::ask(client, &question.asked, question.cut.as_ref()).await;
        let answer = answer.map_err(|error| Trouble::of(&error, &self.server, self.proven))?;
        if let Some(hold) = &question.hold {
            self.hold = Some(hold.clone());
        }
        Ok(answer)
    }

    /// Brings a new connection to the moment of the last one, or to another one and says so.
    async fn resume(&mut self) -> Result<(), Trouble> {
        let (Some(hold), Some(client)) = (&self.hold, &mut self.client) else { return Ok(()) };
        if let Some(moment) = hold.moment.as_ref().filter(|moment| !moment.is_lost()) {
            tracing::warn!(
                "`{}` is read on, but of another moment: the transaction went with its connection",
                self.server
            );
            moment.lose();
        }
        let asked = Rendered { sql: hold.sql.clone(), values: Vec::new() };
        let held = page::ask(client, &asked, None).await;
        held.map(drop).map_err(|error| Trouble::of(&error, &self.server, self.proven))
    }
}
