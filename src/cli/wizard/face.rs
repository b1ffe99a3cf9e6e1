//! The face: it draws the step that the front actor is on, does what somebody chooses, and looks again.
//!
//! It keeps nothing that matters. A command that is refused says why and the step is drawn again; work that goes on behind a command is
//! waited for with a sign of life.

use super::prompt::{Asked, Stop, yes};
use super::{checklist, complete, confirm, installation, logon, say, upload, welcome};
use indicatif::{ProgressBar, ProgressStyle};
use omt::config::Config;
use omt::exit::Exit;
use omt::wizard::view::Data;
use omt::wizard::{Answer, Command, Contact, Event, Front, Query, Step, View};
use omt::{Code, Error, Result};
use serde_json::{Map, Value};
use std::time::Duration;
use tokio::runtime::Handle;

/// How often a sign of life moves.
const TICK: Duration = Duration::from_millis(100);

/// A client of the front actor with somebody before it.
pub(super) struct Face {
    front: Front,
    handle: Handle,
    /// As it was loaded: files are not to be written over those of the migration.
    pub(super) config: Config,
    /// What fields are and why they are asked for, written where they are defined.
    help: Map<String, Value>,
    /// What somebody has typed about themselves and was not taken.
    pub(super) draft: Option<Contact>,
    /// The last event that was told.
    seen: u64,
}

impl Face {
    pub(super) fn new(front: Front, config: Config, handle: Handle) -> Self {
        Self { front, handle, config, help: Map::new(), draft: None, seen: 0 }
    }

    /// Goes through the journey until somebody leaves. Blocks.
    pub(super) fn run(mut self) -> Asked<Exit> {
        if let Ok(Value::Object(help)) = self.query(Query::Help) {
            self.help = help;
        }
        loop {
            let view = self.settle();
            head(&view);
            match self.step(&view) {
                Ok(()) => {}
                // Something may have come to its end while the question stood there.
                Err(Stop::Back) if self.settle().may.contains(&"back") => self.give(Command::Back),
                Err(Stop::Back) => match yes("Leave the wizard? It goes on here next time.", false) {
                    Ok(true) => return Ok(exit_of(&view)),
                    Ok(false) | Err(Stop::Back) => {}
                    Err(stop) => return Err(stop),
                },
                Err(Stop::PutBack) => self.give(Command::Unfreeze),
                Err(Stop::Leave) => return Ok(exit_of(&view)),
                Err(stop) => return Err(stop),
            }
        }
    }

    fn step(&mut self, view: &View) -> Asked<()> {
        match &view.data {
            Data::Welcome { terms, cautions } => welcome::welcome(self, view, terms, cautions),
            Data::Recovery { choices, .. } => welcome::recovery(self, view, choices),
            Data::Installation { .. } => installation::step(self, view),
            Data::LogOn { .. } => logon::step(self, view),
            Data::Confirm { .. } => confirm::step(self, view),
            Data::Checklist { .. } => checklist::step(self, view),
            Data::Upload(state) => upload::step(self, view, state),
            Data::Complete { .. } => complete::step(self, view),
        }
    }

    /// The view as it is now.
    pub(super) fn view(&self) -> View {
        self.handle.block_on(self.front.view())
    }

    /// The view once no work goes on that holds the step, with a sign of life until then. Checks run beside the other rows
    /// of the checklist.
    fn settle(&self) -> View {
        let view = self.view();
        let held = |command: &str| view.blocked.iter().any(|block| block.command == command && block.code == "busy");
        if matches!(view.data, Data::Checklist { .. }) && !held("tick") { view } else { self.wait(view) }
    }

    /// Waits until no work goes on.
    pub(super) fn wait(&self, mut view: View) -> View {
        while let Some(busy) = &view.busy {
            let sign = Self::sign(&format!("{} …", busy.what));
            view = self.handle.block_on(self.front.settled());
            sign.finish_and_clear();
        }
        view
    }

    /// A sign of life, until it is cleared.
    pub(super) fn sign(what: &str) -> ProgressBar {
        let sign = ProgressBar::new_spinner().with_message(say::shown(what));
        // A template that is written here and cannot be wrong; the default serves as well.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
            sign.set_style(style);
        }
        sign.enable_steady_tick(TICK);
        sign
    }

    /// Gives a command; if it is not taken, says why.
    pub(super) fn give(&self, command: Command) {
        self.given(command);
    }

    /// The same; gives back whether it was taken.
    pub(super) fn given(&self, command: Command) -> bool {
        let given = self.handle.block_on(self.front.command(command));
        say::told(given).is_some()
    }

    /// Answers a query with an object.
    pub(super) fn query(&self, query: Query) -> Result<Value> {
        match self.handle.block_on(self.front.query(query))? {
            Answer::Json(value) => Ok(value),
            Answer::Text { .. } => Err(Error::new(Code::Internal, "a text was answered where an object was expected")),
        }
    }

    /// Answers a query with a text.
    pub(super) fn query_text(&self, query: Query) -> Result<String> {
        match self.handle.block_on(self.front.query(query))? {
            Answer::Text { text, .. } => Ok(text),
            Answer::Json(value) => serde_json::to_string_pretty(&value)
                .map_err(|cause| Error::new(Code::Internal, "an answer cannot be written").because(cause)),
        }
    }

    /// What a field is, and why it is asked.
    pub(super) fn help(&self, key: &str) -> Option<&str> {
        self.help.get(key).and_then(Value::as_str)
    }

    /// Warnings since the last look. The rest of the events is seen in the view.
    pub(super) fn warnings(&mut self) -> Vec<String> {
        use futures_util::FutureExt;
        let mut warnings = Vec::new();
        while let Some(events) = self.front.events().after(self.seen, 256).now_or_never() {
            for event in events {
                self.seen = event.id;
                if let Event::Warning { message } = event.event {
                    warnings.push(message);
                }
            }
        }
        warnings
    }
}

/// What stands above every step.
fn head(view: &View) {
    let at = view.steps.iter().position(|place| place.step == view.step).unwrap_or_default() + 1;
    say::heading(&format!("{} of {}: {}", at, view.steps.len(), title(view.step)));
    let installation = &view.installation;
    let mut parts: Vec<String> = installation.owner.iter().cloned().collect();
    parts.extend(installation.serial.iter().map(|serial| format!("serial {serial}")));
    parts.extend(installation.version.iter().map(|version| format!("version {version}")));
    parts.extend(view.tenant.customer.iter().map(|customer| format!("tenant {customer}")));
    if !parts.is_empty() {
        say::text(&parts.join(" · "));
    }
    for change in &view.frozen {
        say::led("frozen: ", change);
    }
    match (&view.trouble, &view.tenant.trouble) {
        (Some(trouble), _) => say::trouble(trouble),
        // Later steps say it where it matters.
        (None, Some(trouble)) if view.step == Step::Welcome => say::trouble(trouble),
        _ => {}
    }
}

/// The name of a step in the guide.
fn title(step: Step) -> &'static str {
    match step {
        Step::Welcome => "Welcome",
        Step::Recovery => "What to recover",
        Step::Installation => "Installation",
        Step::LogOn => "Log-on",
        Step::Confirm => "Who migrates, and how",
        Step::Checklist => "Checklist",
        Step::Upload => "Upload",
        Step::Complete => "Complete",
    }
}

/// How the process ends when somebody leaves here: as the upload did, or as something that can be gone on with.
fn exit_of(view: &View) -> Exit {
    match &view.data {
        Data::Complete { summary: Some(summary), .. } => {
            summary["exit"].as_u64().and_then(|exit| u8::try_from(exit).ok()).map_or(Exit::Incomplete, Exit::of)
        }
        _ => Exit::Incomplete,
    }
}
