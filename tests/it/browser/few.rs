//! The page where there is almost nobody, and where its line to the server breaks.

use super::hands::Hand;
use super::{Browser, in_browser, serve, world};
use crate::program::{administrator, to_the_checklist};
use crate::world::World;

/// A world in which the wizard stands at the checklist, and of whose accounts only these are left.
fn of_whom_remain(who: &str) -> World {
    let world = world("", None);
    let user = administrator(&world);
    to_the_checklist(&world);
    let database = rusqlite::Connection::open(world.site().join("crm.db")).unwrap();
    let gone = format!("DELETE FROM associate WHERE NOT ({who}) AND ?1 <> ''");
    assert!(database.execute(&gone, [user]).unwrap() > 5);
    world
}

async fn alone(browser: Browser, world: &World) -> Browser {
    let served = serve(world);
    browser.open(&served.url).await;
    Hand::Mouse.press(&browser, "[data-keep=task-plans]").await;
    browser.at("User plans").await;
    for width in [390, 1280] {
        browser.look("light", width).await;
        browser.until("document.querySelectorAll('.card').length === 1").await;
        let wide = browser.js("return document.documentElement.scrollWidth - innerWidth").await;
        assert!(wide.as_f64() <= Some(0.0), "{width}: wider by {wide}");
    }
    // The crown says what it is.
    browser.until("document.querySelector('.card').innerText.toLowerCase().includes('admin')").await;
    // A tenant that nobody could manage is not agreed to.
    browser.until("document.body.innerText.includes('No administrator has a plan')").await;
    browser.until("find('[data-keep=main]').disabled").await;
    Hand::Keys.press(&browser, "=Suggestions").await;
    Hand::Keys.press(&browser, "=Give ").await;
    browser.until("!document.querySelector('dialog')").await;
    Hand::Keys.press(&browser, "[data-keep=main]").await;
    browser.at("Checklist").await;
    browser
}

#[test]
fn one_administrator_alone_is_a_board_with_one_card() {
    let world = of_whom_remain("name = ?1");
    in_browser(|browser| alone(browser, &world));
}

async fn nobody(browser: Browser, world: &World) -> Browser {
    let served = serve(world);
    browser.open(&served.url).await;
    for (task, heading) in [("plans", "User plans"), ("names", "User names")] {
        Hand::Mouse.press(&browser, &format!("[data-keep=task-{task}]")).await;
        browser.at(heading).await;
        browser
            .until(
                "document.querySelector('.note.warn')?.innerText.includes('Nobody in the installation has an account')",
            )
            .await;
        assert_eq!(browser.js("return document.querySelectorAll('.card').length").await, 0);
        Hand::Mouse.press(&browser, "[data-keep=back]").await;
        browser.at("Checklist").await;
    }
    browser
}

#[test]
fn without_any_user_the_page_says_so_and_goes_on() {
    let world = of_whom_remain("1 = 0");
    in_browser(|browser| nobody(browser, &world));
}

/// Lets a test cut the stream of events, and keep it away for as long as it likes.
const CUTTER: &str = r"
    const real = window.fetch;
    window.away = false; window.asked = []; window.lines = [];
    window.fetch = async (where, how = {}) => {
        if (!String(where).includes('/events')) return real(where, how);
        window.asked.push(String(where));
        if (window.away) throw new TypeError('the line is cut');
        const line = new AbortController();
        how.signal?.addEventListener('abort', () => line.abort());
        window.lines.push(line);
        return real(where, { ...how, signal: line.signal }).catch((cause) => { throw new TypeError(cause.message); });
    };
    window.cut = () => { window.away = true; window.lines.forEach((line) => line.abort(new TypeError('the line is cut'))); };";

async fn cut(browser: Browser, world: &World) -> Browser {
    let served = serve(world);
    browser.cdp("Page.addScriptToEvaluateOnNewDocument", serde_json::json!({ "source": CUTTER })).await;
    browser.open(&served.url).await;
    browser.until("document.querySelector('.line.up')").await;
    Hand::Mouse.press(&browser, "[data-keep=main]").await;
    browser.at("Installation").await;
    browser.js("window.cut()").await;
    browser.until("document.querySelector('.line.down')").await;
    // Meanwhile somebody else goes on, and the page tries again and again.
    let asked = browser.js("return window.asked.length").await.as_u64().unwrap();
    let script = "fetch('/api/v1/commands?wait=true', { method: 'POST', body: JSON.stringify({ command: 'use-installation' }), headers: { 'Content-Type': 'application/json',
         Authorization: 'Bearer ' + sessionStorage.getItem('token') } }).then((answer) => done(answer.status))";
    assert_eq!(browser.later(script).await, 200);
    browser.until(&format!("window.asked.length >= {asked} + 3")).await;
    assert_eq!(browser.js("return document.querySelector('.line').className").await, "line down");
    // It is back: what was missed is shown, asked for from the event that was seen last.
    browser.js("window.away = false").await;
    browser.until("document.querySelector('.line.up')").await;
    browser.at("Log on").await;
    assert!(browser.js("return window.asked.at(-1)").await.as_str().unwrap().contains("after="));
    browser
}

#[test]
fn a_line_that_stays_cut_is_shown_and_what_was_missed_comes_when_it_is_back() {
    let world = world("", None);
    in_browser(|browser| cut(browser, &world));
}
