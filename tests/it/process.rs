//! Commands as processes: under way, at their end, and tenants that serve.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Nothing in these tests takes that long unless it hangs.
const WATCHDOG: Duration = Duration::from_mins(5);

/// How a command ended, and what it said.
pub(crate) struct Output {
    /// The exit status; -1 when it was killed.
    pub exit: i32,
    /// Everything on stdout.
    pub stdout: String,
    /// Everything on stderr.
    pub stderr: String,
}

impl Output {
    /// Of a command that somebody else has started.
    pub(crate) fn of(output: &std::process::Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { exit: output.status.code().unwrap_or(-1), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// The JSON lines on stdout.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The last of them.
    pub(crate) fn last(&self) -> Value {
        self.events().pop().unwrap_or_else(|| panic!("no JSON on stdout; stderr: {}", self.stderr))
    }

    /// The last object of a run, which must have ended like that.
    pub(crate) fn finished(&self, exit: i32) -> Value {
        let last = self.last();
        assert_eq!(self.exit, exit, "{last:#}\n{}", self.stderr);
        assert_eq!((&last["event"], &last["exit"]), (&"finished".into(), &exit.into()), "{last:#}");
        last
    }

    /// An error before anything began: exit status, code, and that it says what to do next.
    pub(crate) fn failed(&self, exit: i32, code: &str) {
        let last = self.last();
        assert_eq!(self.exit, exit, "{last:#}\n{}", self.stderr);
        assert_eq!(last["error"]["code"], code, "{last:#}");
        assert!(last["error"]["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{last:#}");
        assert!(self.stderr.contains(&format!("[{code}]")) && self.stderr.contains("hint: "), "{}", self.stderr);
    }
}

/// A command under way.
pub(crate) struct Running {
    /// Shared, so that a proxy can kill it at the right moment.
    pub child: Arc<Mutex<Child>>,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
    lines: Receiver<String>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("omt starts");
        let stdout = drain(child.stdout.take().expect("piped"));
        let (heard, lines) = channel();
        let stderr = drain(Heard(child.stderr.take().expect("piped"), heard));
        Self { child: Arc::new(Mutex::new(child)), stdout, stderr, lines }
    }

    /// Waits until stderr has said this.
    pub(crate) fn hear(&self, text: &str) {
        let mut heard = String::new();
        while !heard.contains(text) {
            heard += &self.lines.recv_timeout(WATCHDOG).unwrap_or_else(|_| panic!("it only said: {heard}"));
        }
    }

    /// Waits for the end. What hangs is killed, and the test fails.
    pub(crate) fn finish(self) -> Output {
        let mut outputs = [&self.stdout, &self.stderr].map(|end| {
            end.recv_timeout(WATCHDOG).unwrap_or_else(|_| {
                let _ = self.child.lock().expect("nobody panicked").kill();
                panic!("the command hangs; stderr so far: {:?}", self.stderr.recv_timeout(WATCHDOG));
            })
        });
        let status = self.child.lock().expect("nobody panicked").wait().expect("it was started");
        let [stdout, stderr] = &mut outputs;
        Output { exit: status.code().unwrap_or(-1), stdout: std::mem::take(stdout), stderr: std::mem::take(stderr) }
    }
}

/// Hands on what it reads, piece by piece as it comes.
struct Heard<R>(R, Sender<String>);

impl<R: Read> Read for Heard<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let length = self.0.read(into)?;
        // Most tests do not listen.
        let _ = self.1.send(String::from_utf8_lossy(&into[..length]).into_owned());
        Ok(length)
    }
}

/// Reads to the end on a thread of its own: nobody may wait for a full pipe.
fn drain(mut from: impl Read + Send + 'static) -> Receiver<String> {
    let (to, all) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        let _ = to.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    all
}

/// A tenant that serves until it is dropped.
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub url: String,
    /// What it said on stderr, when it has ended.
    stderr: Receiver<String>,
}

impl Server {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("omt starts");
        let stderr = drain(child.stderr.take().expect("piped"));
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        let (to, first) = channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let _ = stdout.read_line(&mut line);
            let _ = to.send(line);
        });
        let line = first.recv_timeout(WATCHDOG).unwrap_or_default();
        let Some(url) = line.trim().strip_prefix("listening on ") else {
            let _ = child.kill();
            let _ = child.wait();
            panic!("the tenant does not listen: {line} {:?}", stderr.recv());
        };
        Self { url: url.to_owned(), child, stderr }
    }

    /// Kills it; gives what it had said on stderr.
    pub(crate) fn kill(mut self) -> String {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.stderr.recv_timeout(WATCHDOG).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
