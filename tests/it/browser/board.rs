//! The plan board and the names with ten thousand users: only what is seen is in the page, and everything works that works with ten.

use super::hands::{Hand, key};
use super::{Browser, in_browser, serve, world};
use crate::world::World;
use thirtyfour::prelude::*;

/// So many users.
const USERS: u32 = 10_000;
/// More cards than any window shows, and far fewer than there are.
const SEEN: u64 = 400;

/// A world in which the wizard stands at the checklist.
fn at_the_checklist(users: Option<u32>) -> World {
    let world = world("", users);
    world.order(&["SalesPREM", "ServicePREM", "SalesPREM-ServicePREM"], 6000);
    crate::program::to_the_checklist(&world);
    world
}

/// How many users hold a plan, as the server counts them.
async fn planned(browser: &Browser) -> u64 {
    let script = "fetch('/api/v1/plans', { headers: { Authorization: 'Bearer ' + sessionStorage.getItem('token') } })
        .then((answer) => answer.json()).then(({ plans }) => done(plans.reduce((sum, plan) => sum + plan.used, 0)))";
    browser.later(script).await.as_u64().expect("a number")
}

/// Waits until the server counts so many.
async fn until_planned(browser: &Browser, number: u64) {
    let shown = format!(
        "[...document.querySelectorAll('.plan-column:not([data-column=\"\"]) h2')].reduce((sum, one) =>
         sum + Number(one.textContent.match(/\\(([\\d,]+)/)[1].replaceAll(',', '')), 0) === {number}"
    );
    browser.until(&shown).await;
    assert_eq!(planned(browser).await, number);
}

/// Drags the card at `from` onto the column of a plan; gives the longest task meanwhile, in milliseconds.
async fn drag(browser: &Browser, from: &str, plan: &str) -> f64 {
    browser
        .js("window.longest = 0; window.observer = new PerformanceObserver((list) => list.getEntries().forEach((one) => { longest = Math.max(longest, one.duration); }));
             observer.observe({ entryTypes: ['longtask'] })")
        .await;
    let (card, column) = (browser.element(from).await, browser.element(&format!("[data-column={plan}]")).await);
    let hand = browser.driver.action_chain().move_to_element_center(&card).click_and_hold();
    hand.move_by_offset(30, 10)
        .move_by_offset(40, 20)
        .move_to_element_center(&column)
        .release()
        .perform()
        .await
        .unwrap();
    browser.js("observer.disconnect(); return longest").await.as_f64().expect("a number")
}

async fn with_ten_thousand(browser: Browser, world: &World) -> Browser {
    let served = serve(world);
    browser.open(&served.url).await;
    let paint = browser
        .later("new PerformanceObserver((list) => done(list.getEntries()[0].startTime)).observe({ type: 'paint', buffered: true })")
        .await;
    browser.at("Checklist").await;
    Hand::Mouse.press(&browser, "[data-keep=task-plans]").await;
    browser.until("document.querySelectorAll('.card').length > 0").await;
    let cards = browser.js("return document.querySelectorAll('.card').length").await;
    assert!(cards.as_u64() < Some(SEEN), "{cards} cards are in the page");

    // The filter, typed letter by letter as people do.
    Hand::Mouse.press(&browser, "#plans-filter").await;
    browser
        .js("window.took = []; const input = find('#plans-filter'); input.addEventListener('input', () => { window.begun = performance.now(); }, true);
             input.addEventListener('input', () => window.took.push(performance.now() - window.begun))")
        .await;
    key(&browser, "group:sales").await;
    browser.until("document.querySelector('.people-bar .num').textContent.includes(' of ')").await;
    let filtered = browser.js("return window.took").await;
    key(&browser, Key::Escape + "").await;
    browser.until("!document.querySelector('.people-bar .num').textContent.includes(' of ')").await;

    // One with the mouse, several at once, back again.
    assert_eq!(planned(&browser).await, 0);
    let first = drag(&browser, "[data-column=\"\"] .card", "SalesPREM").await;
    until_planned(&browser, 1).await;
    Hand::Mouse.press(&browser, "[data-column=\"\"] .card").await;
    key(&browser, "").await;
    let all = browser.driver.action_chain().key_down(Key::Control).send_keys("a").key_up(Key::Control);
    all.perform().await.unwrap();
    browser.until("document.querySelector('.people-picked strong').textContent.startsWith('9,') || document.querySelector('.people-picked strong').textContent.startsWith('8,')").await;
    Hand::Mouse.press(&browser, "=Select nothing").await;
    let several =
        browser.driver.action_chain().key_down(Key::Shift).send_keys(Key::Down + Key::Down).key_up(Key::Shift);
    Hand::Mouse.press(&browser, "[data-column=\"\"] .card").await;
    several.perform().await.unwrap();
    browser.until("document.querySelector('.people-picked strong').textContent.startsWith('3 ')").await;
    let second = drag(&browser, "[data-column=\"\"] .card[aria-selected=true]", "ServicePREM").await;
    until_planned(&browser, 4).await;
    Hand::Mouse.press(&browser, "=Undo").await;
    until_planned(&browser, 1).await;
    Hand::Mouse.press(&browser, "=Remove all").await;
    Hand::Mouse.press(&browser, "dialog .danger").await;
    until_planned(&browser, 0).await;
    eprintln!(
        "measured: first paint {paint} ms; filter over {USERS} users, each letter: {filtered} ms; longest task while dragging: {first} and {second} ms (0: none over 50 ms)"
    );
    browser
}

#[test]
fn ten_thousand_users_are_filtered_dragged_and_taken_back() {
    let world = at_the_checklist(Some(USERS));
    in_browser(|browser| with_ten_thousand(browser, &world));
}

async fn table(browser: Browser, world: &World) -> Browser {
    let served = serve(world);
    browser.open(&served.url).await;
    Hand::Mouse.press(&browser, "[data-keep=task-plans]").await;
    browser.until("document.querySelectorAll('.card').length > 0").await;
    // What would be saved is caught on its way.
    browser.js("window.saved = null; const make = URL.createObjectURL; URL.createObjectURL = (blob) => { blob.text().then((text) => { window.saved = text; }); return make(blob); }").await;
    Hand::Mouse.press(&browser, "=Table").await;
    Hand::Mouse.press(&browser, "=Export as CSV").await;
    browser.until("window.saved").await;
    let csv =
        browser.js("return window.saved").await.as_str().expect("a text").trim_start_matches('\u{feff}').to_owned();
    let mut rows: Vec<csv::StringRecord> =
        csv::Reader::from_reader(csv.as_bytes()).into_records().map(Result::unwrap).collect();
    let head = csv::Reader::from_reader(csv.as_bytes()).headers().unwrap().clone();
    let place = |name: &str| head.iter().position(|own| own == name).unwrap_or_else(|| panic!("{head:?}"));
    let file = world.folder().join("users.csv");
    let write = |rows: &[csv::StringRecord]| {
        let mut to = csv::Writer::from_path(&file).unwrap();
        to.write_record(&head).unwrap();
        for row in rows {
            to.write_record(row).unwrap();
        }
        to.flush().unwrap();
    };
    let admin = crate::program::administrator(world);
    let at = rows.iter().position(|row| row.get(place("login")) == Some(admin.as_str())).expect("the administrator");
    let with = |row: &csv::StringRecord, value: &str| {
        row.iter()
            .enumerate()
            .map(|(here, own)| if here == place("plan") { value } else { own })
            .collect::<csv::StringRecord>()
    };
    // One row that cannot be: nothing of it is taken, and the line is named.
    let good = rows[at].clone();
    rows[at] = with(&good, "Gold");
    write(&rows);
    Hand::Mouse.press(&browser, "=Table").await;
    Hand::Mouse.press(&browser, "=Import from CSV").await;
    browser.element("#users-file").await.send_keys(file.to_str().unwrap()).await.unwrap();
    browser.until("document.querySelector('dialog .note.bad')?.innerText.includes('Gold') || document.querySelector('dialog .faults')?.innerText.includes('Gold')").await;
    rows[at] = with(&good, "SalesPREM");
    write(&rows);
    browser.element("#users-file").await.send_keys(file.to_str().unwrap()).await.unwrap();
    browser.until("!document.querySelector('dialog')").await;
    until_planned(&browser, 1).await;
    browser
}

#[test]
fn the_table_of_users_goes_out_and_comes_in() {
    let world = at_the_checklist(None);
    in_browser(|browser| table(browser, &world));
}
