//! A pseudo-terminal of 80 by 24 with the program in it: keys that are pressed, and what stands on the screen.
//!
//! A question that waits for an answer begins with `?`, an answered one with `>`. A key that was pressed is waited for on the screen
//! before the next one, so nothing depends on how fast anything is.

use crate::world::World;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Nothing here takes that long unless it hangs.
const WATCHDOG: Duration = Duration::from_mins(3);

/// What a key sends.
const ENTER: &str = "\r";
const ESCAPE: &str = "\u{1b}";
pub(crate) const INTERRUPT: &str = "\u{3}";
const BACKSPACE: &str = "\u{7f}";

/// A terminal with the wizard in it.
pub(crate) struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    bytes: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    /// Everything that was ever written, for what has scrolled away.
    pub(crate) said: String,
    /// It is a terminal as long as this is there.
    _master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    pub(crate) fn start(world: &World) -> Self {
        let pair = native_pty_system()
            .openpty(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 })
            .expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_omt"));
        command.args(["wizard", "-c"]);
        command.arg(&world.sample.config);
        command.cwd(world.folder());
        // What the machine happens to have set must not decide a test.
        command.env_clear();
        for name in ["PATH", "SystemRoot", "TEMP", "TMP", "TMPDIR"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.env("TERM", "xterm-256color");
        for (name, value) in &world.env {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("omt starts");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let keys = pair.master.take_writer().expect("a writer");
        let (to, bytes) = channel();
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            // A terminal whose program has ended cannot be read any more.
            while let Ok(length @ 1..) = reader.read(&mut piece) {
                if to.send(piece[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        let [rows, columns] = [24, 80].map(|number| NonZero::new(number).expect("more than none"));
        let screen = vt100::Parser::new(rows, columns, 0);
        Self { child, keys, bytes, screen, said: String::new(), _master: pair.master }
    }

    /// Takes what was written; false when nothing comes any more.
    fn hear(&mut self, deadline: Instant) -> bool {
        match self.bytes.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(bytes) => {
                self.said.push_str(&String::from_utf8_lossy(&bytes));
                self.screen.process(&bytes);
                true
            }
            Err(_) => false,
        }
    }

    /// Waits until the screen is as wished.
    pub(crate) fn wait(&mut self, what: &str, fits: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + WATCHDOG;
        while !fits(self) {
            assert!(self.hear(deadline), "`{what}` does not come; on the screen:\n{}", self.contents());
        }
    }

    fn contents(&self) -> String {
        self.screen.screen().contents()
    }

    /// Waits until this stands on the screen.
    pub(crate) fn see(&mut self, text: &str) {
        self.wait(text, |terminal| terminal.contents().contains(text));
    }

    /// Waits until this was said, even if it has scrolled away.
    pub(crate) fn heard(&mut self, text: &str) {
        self.wait(text, |terminal| terminal.said.contains(text));
    }

    /// The question that waits for an answer, with what was typed behind it; nothing while it is being drawn, which is when the
    /// cursor is hidden.
    fn question(&self) -> Option<String> {
        if self.screen.screen().hide_cursor() {
            return None;
        }
        let rows = self.screen.screen().rows(0, 80);
        let asked = rows.filter(|row| row.starts_with("? ") && !row.trim_end().ends_with("(back)"));
        Some(asked.last().unwrap_or_default().trim_end().to_owned())
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).and_then(|()| self.keys.flush()).expect("the terminal takes keys");
    }

    /// Waits for a question that begins like this, and has what was typed at its end; gives all of it.
    fn stands(&mut self, question: &str, typed: &str) -> String {
        let begin = format!("? {question}");
        let fits = |asked: &String| asked.starts_with(&begin) && asked.ends_with(typed);
        self.wait(&format!("{begin} {typed}"), |terminal| terminal.question().is_some_and(|asked| fits(&asked)));
        self.question().unwrap_or_default()
    }

    /// Waits for a question.
    pub(crate) fn asked(&mut self, question: &str) {
        self.stands(question, "");
    }

    /// Presses a key and waits until the question as it stands there is not there any more.
    fn press_on(&mut self, key: &str, question: &str) {
        self.press(key);
        let gone = |asked: String| asked != question;
        self.wait(&format!("the end of {question}"), |terminal| terminal.question().is_some_and(gone));
    }

    /// Waits for a question, types an answer and sends it off.
    pub(crate) fn answer(&mut self, question: &str, typed: &str) {
        self.asked(question);
        self.press(typed);
        let asked = self.stands(question, typed);
        self.press_on(ENTER, &asked);
    }

    /// The same with an answer that is not shown.
    pub(crate) fn secret(&mut self, question: &str, typed: &str) {
        self.asked(question);
        self.press(typed);
        let asked = self.stands(question, &"*".repeat(typed.len()));
        self.press_on(ENTER, &asked);
    }

    /// The same, instead of what stands there.
    pub(crate) fn retype(&mut self, question: &str, typed: &str) {
        let bare = format!("? {question}");
        let mut asked = self.stands(question, "");
        while asked != bare {
            self.press_on(BACKSPACE, &asked);
            asked = self.stands(question, "");
        }
        self.answer(question, typed);
    }

    /// Waits for a question and goes back from it.
    pub(crate) fn back(&mut self, question: &str) {
        let asked = self.stands(question, "");
        self.press_on(ESCAPE, &asked);
    }

    /// What the system says to a program whose line was cut.
    #[cfg(unix)]
    pub(crate) fn hang_up(&mut self) {
        self.child.clone_killer().kill().expect("it is told");
    }

    /// Waits for the end; gives the exit status.
    pub(crate) fn end(mut self) -> u32 {
        let deadline = Instant::now() + WATCHDOG;
        while self.hear(deadline) {}
        assert!(Instant::now() < deadline, "it does not end; on the screen:\n{}", self.contents());
        self.child.wait().expect("it was started").exit_code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
