//! The page in a real browser: Chromium, driven by `chromedriver`, in front of a real `omt serve`.
//!
//! Where one of the two is missing these tests say loudly what they left out; in CI that is a failure. Nothing waits for time
//! to pass: [`Browser::until`] goes on when the page shows something, and the watchdog only ends what hangs.

mod board;
mod chromium;
mod few;
mod hands;
mod journey;
mod looks;
mod states;
mod upload;

pub(crate) use chromium::Browser;

use crate::world::{Wish, World};
use serde_json::Value;
use std::future::Future;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// `omt serve` for a world.
pub(crate) struct Served {
    child: Child,
    /// The address with the key.
    pub url: String,
    /// The address without it.
    pub base: String,
    /// The key.
    pub token: String,
}

impl Served {
    fn start(mut command: Command) -> Self {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("omt starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("it says where it is");
        let said: Value = serde_json::from_str(&line).expect("JSON");
        let text = |name: &str| said[name].as_str().expect("it is said").to_owned();
        Self { child, url: text("url"), base: format!("http://{}", text("address")), token: text("token") }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The wizard of a world, served.
pub(crate) fn serve(world: &World) -> Served {
    Served::start(world.ready(&["serve", "--json"]))
}

/// A world for a browser, whose tenant sells enough of each plan.
pub(crate) fn world(faults: &'static str, users: Option<u32>) -> World {
    let world = World::with(Wish { faults, users, documents: 60, ..Wish::default() });
    world.order(&["SalesPREM", "ServicePREM", "SalesPREM-ServicePREM"], 40);
    world
}

/// Runs a test on a runtime, in a browser that ends with it. The console must have stayed without errors.
pub(crate) fn in_browser<F: Future<Output = Browser>>(test: impl FnOnce(Browser) -> F) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let Some(browser) = Browser::start().await else { return };
        let browser = test(browser).await;
        let errors = browser.errors().await;
        assert!(errors.is_empty(), "the console: {errors:#?}");
    });
}
