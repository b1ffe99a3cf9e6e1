//! Two ways to use the page: with a mouse, and with keys alone.

use super::Browser;
use serde_json::json;
use thirtyfour::prelude::*;

/// The most tabs to anywhere on a page.
const TABS: usize = 400;

/// What somebody uses the page with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hand {
    /// A mouse, and keys only in fields.
    Mouse,
    /// Keys alone.
    Keys,
}

impl Hand {
    /// Presses a button.
    pub(crate) async fn press(self, browser: &Browser, target: &str) {
        match self {
            Self::Mouse => click(browser, target).await,
            Self::Keys => {
                browser.element(target).await;
                self.go_to(browser, target).await;
                key(browser, Key::Enter + "").await;
            }
        }
    }

    /// Chooses one of several, or ticks a box.
    pub(crate) async fn choose(self, browser: &Browser, target: &str) {
        match self {
            Self::Mouse => click(browser, target).await,
            Self::Keys => {
                let element = browser.element(target).await;
                // Tab comes to the group; arrows go inside it.
                let group = format!("input[name={}]", json!(element.attr("name").await.unwrap().unwrap()));
                self.go_to(browser, &group).await;
                key(browser, " ").await;
                for _ in 0..10 {
                    if browser.js(&format!("return find({}).checked", json!(target))).await == json!(true) {
                        return;
                    }
                    key(browser, Key::Down + "").await;
                }
                panic!("no key chooses {target}");
            }
        }
    }

    /// Types into a field, in the place of what stands there.
    pub(crate) async fn fill(self, browser: &Browser, target: &str, text: &str) {
        match self {
            Self::Mouse => click(browser, target).await,
            Self::Keys => {
                browser.element(target).await;
                self.go_to(browser, target).await;
            }
        }
        let all = browser.driver.action_chain().key_down(Key::Control).send_keys("a").key_up(Key::Control);
        all.send_keys(text).perform().await.expect("keys");
    }

    /// Tabs until the focus is there.
    async fn go_to(self, browser: &Browser, target: &str) {
        let asked = format!(
            "const active = document.activeElement, there = find({}); return active === there || active.matches({})",
            json!(target),
            if target.starts_with('=') { json!("no-such") } else { json!(target) },
        );
        for _ in 0..TABS {
            if browser.js(&asked).await == json!(true) {
                return;
            }
            key(browser, Key::Tab + "").await;
        }
        panic!("no key leads to {target}");
    }
}

/// Scrolls to something and clicks it. What is drawn again at that moment is looked for again, as eyes do.
async fn click(browser: &Browser, target: &str) {
    for _ in 0..20 {
        let element = browser.element(target).await;
        browser.js(&format!("find({})?.scrollIntoView({{ block: 'nearest' }})", json!(target))).await;
        match element.click().await {
            Ok(()) => return,
            Err(error) if error.to_string().contains("stale") => {}
            Err(error) => panic!("{target}: {error}"),
        }
    }
    panic!("{target} does not hold still");
}

/// Presses keys one after the other, where the focus is.
pub(crate) async fn key(browser: &Browser, keys: impl Into<TypingData>) {
    browser.driver.action_chain().send_keys(keys).perform().await.expect("keys");
}
