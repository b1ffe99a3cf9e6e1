//! One headless Chromium, with what tests ask of it.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use thirtyfour::LoggingPrefsLogLevel;
use thirtyfour::prelude::*;

/// Nothing takes that long unless it hangs.
const WATCHDOG: Duration = Duration::from_mins(2);

/// What is found at a target: `=Text` is the first button that can be seen and begins so, everything else a selector.
const FIND: &str = r"const find = (target) => target[0] !== '=' ? document.querySelector(target)
  : [...document.querySelectorAll('button, [role=menuitem]')].find((one) => one.textContent.startsWith(target.slice(1)) && one.checkVisibility());";

/// A browser with one window, and the driver that it hangs on. Fields end in this order.
pub(crate) struct Browser {
    pub driver: WebDriver,
    _driving: Driving,
    _profile: TempDir,
}

/// The process of `chromedriver`.
struct Driving(Child);

/// It takes a free port of IPv4 and then the same of IPv6, which somebody else may have: then it ends, and is started again.
const TRIES: usize = 10;

impl Driving {
    /// Starts it; gives its port. Nothing if it has ended before it had one.
    fn start(program: &Path) -> Option<(Self, u16)> {
        let mut command = Command::new(program);
        command.args(["--port=0"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("ChromeDriver starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let driving = Self(child);
        let port = |line: String| line.split("successfully on port ").nth(1)?.trim_end_matches('.').parse::<u16>().ok();
        let port = lines.by_ref().map_while(Result::ok).find_map(port)?;
        // Nobody may wait for a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Some((driving, port))
    }
}

impl Drop for Driving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A program from a variable, or by one of its names.
fn program(variable: &str, names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let named =
        |folder: PathBuf| names.iter().map(move |name| folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)));
    let found = std::env::var_os(variable)
        .map(PathBuf::from)
        .into_iter()
        .chain(std::env::split_paths(&path).flat_map(named))
        .find(|program| program.is_file());
    if found.is_none() {
        assert!(
            std::env::var_os("CI").is_none(),
            "in CI nothing is left out: apt-get install chromium chromium-driver"
        );
        eprintln!("LEFT OUT: there is no `{}` ({variable}), so the page was not opened in a browser", names[0]);
    }
    found
}

impl Browser {
    /// A fresh one; nothing where there is none on this machine.
    pub(crate) async fn start() -> Option<Self> {
        let chromium = program("OMT_TEST_CHROMIUM", &["chromium", "google-chrome", "chromium-browser"])?;
        let driver = program("OMT_TEST_CHROMEDRIVER", &["chromedriver"])?;
        let (driving, port) = (0..TRIES).find_map(|_| Driving::start(&driver)).expect("ChromeDriver says its port");
        let profile = tempfile::tempdir().expect("a temporary folder");
        let mut wanted = DesiredCapabilities::chrome();
        wanted.set_binary(chromium.to_str().expect("UTF-8")).expect("a path");
        let folder = format!("--user-data-dir={}", profile.path().display());
        for argument in
            ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--lang=en", &folder]
        {
            wanted.add_arg(argument).expect("an argument");
        }
        wanted.set_browser_log_level(LoggingPrefsLogLevel::All).expect("a level");
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), wanted).await.expect("Chromium starts");
        driver.set_script_timeout(WATCHDOG).await.expect("it listens");
        let browser = Self { driver, _driving: driving, _profile: profile };
        browser.look("light", 1280).await;
        Some(browser)
    }

    pub(crate) async fn open(&self, url: &str) {
        self.driver.goto(url).await.expect("the page opens");
    }

    /// What a script gives: the body of a function with `find`.
    pub(crate) async fn js(&self, script: &str) -> Value {
        let all = format!("{FIND} {script}");
        let given = self.driver.execute(all.as_str(), Vec::new()).await;
        given.unwrap_or_else(|error| panic!("`{script}`: {error}")).json().clone()
    }

    /// The same for a script that calls `done`.
    pub(crate) async fn later(&self, script: &str) -> Value {
        let all = format!("{FIND} const done = arguments[arguments.length - 1]; {script}");
        let given = self.driver.execute_async(all.as_str(), Vec::new()).await;
        given.unwrap_or_else(|error| panic!("`{script}`: {error}")).json().clone()
    }

    /// Waits until an expression holds.
    pub(crate) async fn until(&self, condition: &str) {
        let asked = format!(
            "const again = () => {{ let held; try {{ held = Boolean({condition}); }} catch {{ held = false; }}
             if (held) done(true); else if (performance.now() > limit) done(false); else setTimeout(again, 15); }};
             const limit = performance.now() + 60000; again();"
        );
        if self.later(&asked).await != json!(true) {
            let seen = self.js("return document.body.innerText").await;
            panic!(
                "the page does not come to `{condition}`; it shows: {}",
                seen.as_str().unwrap_or_default().replace('\n', " / ")
            );
        }
    }

    /// Waits until the heading begins like this, and everything below it is there.
    pub(crate) async fn at(&self, heading: &str) {
        self.until(&format!("document.querySelector('h1')?.textContent.startsWith({})", json!(heading))).await;
    }

    /// The element at a target, once it can be used.
    pub(crate) async fn element(&self, target: &str) -> WebElement {
        let target = json!(target);
        self.until(&format!("find({target})?.checkVisibility() && !find({target}).disabled")).await;
        let script = format!("{FIND} return find({target})");
        self.driver.execute(script.as_str(), Vec::new()).await.expect("it runs").element().expect("an element")
    }

    /// A command of the browser's own protocol.
    pub(crate) async fn cdp(&self, command: &str, parameters: Value) -> Value {
        self.driver.cdp().send_raw(command, parameters).await.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// In which light, and how wide.
    pub(crate) async fn look(&self, theme: &str, width: u32) {
        self.window(theme, width, 900).await;
    }

    /// The same, and how high.
    pub(crate) async fn window(&self, theme: &str, width: u32, height: u64) {
        let features = json!([
            { "name": "prefers-color-scheme", "value": theme }, { "name": "prefers-reduced-motion", "value": "reduce" }
        ]);
        self.cdp("Emulation.setEmulatedMedia", json!({ "features": features })).await;
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.cdp("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// What the console said that is an error, but for the answers of the server that a test has provoked.
    pub(crate) async fn errors(&self) -> Vec<String> {
        let log = self.driver.browser_log().await.expect("the log of the browser");
        log.into_iter()
            .filter(|entry| format!("{:?}", entry.level).to_uppercase().contains("SEVERE"))
            .map(|entry| entry.message)
            .filter(|message| !message.contains("Failed to load resource"))
            .collect()
    }
}
