//! How a step looks and whether everybody can use it: pictures for whoever looks at them, and axe-core in both themes.

use super::Browser;
use base64::Engine;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Where the pictures are.
const SCREENS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/screens");
/// Where `npm install --prefix target/axe axe-core` puts it.
const AXE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/axe/node_modules/axe-core/axe.min.js");
/// Until what was changed is drawn.
const DRAWN: &str = "requestAnimationFrame(() => requestAnimationFrame(() => done(true)))";
/// What is looked for.
const TAGS: &str = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']";

/// What is looked at in each step.
pub(crate) struct Looks {
    pictures: bool,
    axe: Option<String>,
}

impl Looks {
    /// Nothing.
    pub(crate) fn none() -> Self {
        Self { pictures: false, axe: None }
    }

    /// What axe-core finds, if it is here; and pictures, if `OMT_UPDATE_DOCS=1` asks for them.
    pub(crate) fn all() -> Self {
        let file = std::env::var_os("OMT_TEST_AXE").map_or_else(|| AXE.into(), PathBuf::from);
        let axe = std::fs::read_to_string(&file).ok();
        if axe.is_none() {
            assert!(
                std::env::var_os("CI").is_none(),
                "in CI nothing is left out: npm install --prefix target/axe axe-core"
            );
            eprintln!(
                "LEFT OUT: there is no `{}` (OMT_TEST_AXE), so axe-core did not look at the page",
                file.display()
            );
        }
        Self { pictures: std::env::var_os("OMT_UPDATE_DOCS").is_some(), axe }
    }

    /// Looks at a step.
    pub(crate) async fn at(&self, browser: &Browser, step: &str) {
        if self.axe.is_none() && !self.pictures {
            return;
        }
        for (theme, width) in [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)] {
            browser.look(theme, width).await;
            browser.later(DRAWN).await;
            let wide = browser.js("return document.documentElement.scrollWidth - innerWidth").await;
            assert!(wide.as_f64() <= Some(0.0), "{step} at {width} is wider than the window by {wide}");
            if let Some(axe) = self.axe.as_ref().filter(|_| width == 1280 || theme == "light") {
                let found = violations(browser, axe).await;
                assert_eq!(found, json!([]), "{step}, {theme}, {width}");
            }
            if self.pictures {
                picture(browser, &format!("{step}-{theme}-{width}"), theme, width).await;
            }
        }
        browser.look("light", 1280).await;
    }
}

async fn violations(browser: &Browser, axe: &str) -> Value {
    // Through the driver: the page itself may load nothing.
    browser.js(&format!("if (!window.axe) {{ {axe} }} return true")).await;
    browser
        .later(&format!(
            "axe.run(document, {{ runOnly: {TAGS} }}).then((result) => done(result.violations.map((one) => one.id + ' ' + one.impact + ': '
             + one.nodes.slice(0, 4).map((node) => node.target.join(' ') + ' ' + (node.any[0]?.message ?? node.all[0]?.message ?? '')).join(' | '))),
             (error) => done(['axe failed: ' + error]))"
        ))
        .await
}

/// The whole page in a window as high as it is, into `docs/screens`.
async fn picture(browser: &Browser, name: &str, theme: &str, width: u32) {
    let asked = "return Math.max(900, Math.min(document.documentElement.scrollHeight, 1800))";
    let height = browser.js(asked).await.as_u64().expect("a number");
    browser.window(theme, width, height).await;
    browser.later(DRAWN).await;
    let shot = browser.cdp("Page.captureScreenshot", json!({ "format": "webp", "quality": 75 })).await;
    let bytes = base64::prelude::BASE64_STANDARD.decode(shot["data"].as_str().expect("a picture")).expect("base64");
    std::fs::create_dir_all(SCREENS).expect("a folder");
    std::fs::write(PathBuf::from(SCREENS).join(format!("{name}.webp")), bytes).expect("a picture");
}
