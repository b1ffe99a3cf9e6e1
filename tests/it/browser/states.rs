//! The page where things go wrong: reloads, second windows, a line that breaks, keys that are missing, names that are no names.

use super::hands::Hand;
use super::{Browser, in_browser, serve, world};
use crate::program::{administrator, to_the_checklist, ways};
use crate::world::World;
use serde_json::{Value, json};

/// The page as it stands: heading, and which steps are done.
async fn seen(browser: &Browser) -> Value {
    browser.until("document.querySelector('.line.up')").await;
    browser
        .js("return [document.querySelector('h1').textContent, [...document.querySelectorAll('.steps li')].map((one) => one.className)]")
        .await
}

async fn in_each_step(browser: Browser, world: &World) -> Browser {
    let served = serve(world);
    browser.open(&served.url).await;
    let first = browser.driver.window().await.unwrap();
    for way in ways(&administrator(world)).into_iter().take(5).chain([Value::Null]) {
        let here = seen(&browser).await;
        browser.driver.refresh().await.unwrap();
        assert_eq!(seen(&browser).await, here, "reloaded before {way}");
        // A second window, with the address that was printed.
        let tab = browser.driver.new_tab().await.unwrap();
        browser.driver.switch_to_window(tab).await.unwrap();
        browser.open(&served.url).await;
        assert_eq!(seen(&browser).await, here, "in a second window before {way}");
        if way.is_null() {
            browser.driver.close_window().await.unwrap();
            browser.driver.switch_to_window(first.clone()).await.unwrap();
            break;
        }
        // What is done in one shows in the other.
        let asked = format!(
            "fetch('/api/v1/commands?wait=true', {{ method: 'POST', body: JSON.stringify({way}), headers: {{ 'Content-Type': 'application/json',
             Authorization: 'Bearer ' + sessionStorage.getItem('token') }} }}).then((answer) => answer.json())
             .then(({{ steps }}) => done(steps.findIndex((one) => one.state === 'here')))"
        );
        let at = browser.later(&asked).await;
        assert!(at.is_number(), "{way}: {at}");
        browser
            .until(&format!(
                "[...document.querySelectorAll('.steps li')].findIndex((one) => one.className === 'here') === {at}"
            ))
            .await;
        let there = seen(&browser).await;
        browser.driver.close_window().await.unwrap();
        browser.driver.switch_to_window(first.clone()).await.unwrap();
        browser.until(&format!("document.querySelector('h1').textContent === {}", there[0])).await;
        assert_eq!(seen(&browser).await, there, "in the first window after {way}");
    }
    browser
}

#[test]
fn a_reload_and_a_second_window_are_where_it_was_in_each_step() {
    let world = world("", None);
    in_browser(|browser| in_each_step(browser, &world));
}

async fn guarded(browser: Browser, world: &World) -> Browser {
    let served = serve(world);
    // Without the key, with one of an earlier start, and inside a page of somebody else.
    browser.open(&served.base).await;
    browser.until("document.body.innerText.includes('prints an address that ends with a key')").await;
    let wrong = if served.token.starts_with('0') { "1" } else { "0" }.to_owned() + &served.token[1..];
    browser.open("about:blank").await;
    browser.open(&format!("{}/#{wrong}", served.base)).await;
    browser.until("document.body.innerText.includes('missing or of an earlier start')").await;
    browser.open("about:blank").await;
    browser.open(&served.url).await;
    seen(&browser).await;
    assert_eq!(browser.js("return location.href").await, format!("{}/", served.base), "the key leaves the address");
    // Another origin is answered nothing, whatever it knows.
    let other = serve(world);
    browser.open(&other.url).await;
    seen(&browser).await;
    let asked = format!(
        "fetch('{}/api/v1/view', {{ headers: {{ Authorization: 'Bearer {}' }} }}).then(() => done('read'), () => done('kept away'))",
        served.base, served.token
    );
    assert_eq!(browser.later(&asked).await, "kept away");
    browser
        .js(&format!(
            "const frame = document.createElement('iframe'); frame.src = '{}'; document.body.append(frame)",
            served.base
        ))
        .await;
    // Its own policy keeps it from framing, and the other's from being framed.
    let blocked = "(() => { try { return !document.querySelector('iframe').contentDocument?.querySelector('omt-app'); } catch { return true; } })()";
    browser.until(blocked).await;
    browser.open(&served.url).await;
    seen(&browser).await;
    // Whatever the console says about what was refused on purpose is no error of the page.
    browser.errors().await;
    browser
}

#[test]
fn whoever_has_no_key_or_comes_from_elsewhere_sees_nothing() {
    let world = world("", None);
    in_browser(|browser| guarded(browser, &world));
}

async fn troubled(browser: Browser, world: &World) -> Browser {
    let served = serve(world);
    browser.open(&served.url).await;
    browser.element("[data-keep=main]").await;
    // An API that answers an error in each call: said with what to do, and it goes on when that is over.
    browser
        .js(r"const real = window.fetch; window.broken = true;
            const problem = { status: 500, code: 'internal', title: 'nothing works', detail: 'look into the log' };
            window.fetch = (...call) => (window.broken ? Promise.resolve(new Response(JSON.stringify(problem), { status: 500 })) : real(...call));")
        .await;
    Hand::Mouse.press(&browser, "[data-keep=main]").await;
    browser.until("document.querySelector('.notes').innerText.includes('Nothing works')").await;
    browser.until("document.querySelector('.notes').innerText.includes('Look into the log')").await;
    browser.js("window.broken = false").await;
    Hand::Mouse.press(&browser, "[data-keep=main]").await;
    browser.at("Installation").await;
    browser.until("!document.querySelector('.notes').innerText.includes('Nothing works')").await;
    // The program is gone: what was seen stays, and it is said. Another start has another key.
    drop(served);
    browser.until("document.querySelector('.line.down')").await;
    browser.until("document.querySelector('.notes').innerText.includes('does not answer')").await;
    browser.at("Installation").await;
    let served = serve(world);
    browser.open("about:blank").await;
    browser.open(&served.url).await;
    seen(&browser).await;
    browser.at("Installation").await;
    browser.errors().await;
    browser
}

#[test]
fn an_api_that_answers_errors_or_nothing_is_told_and_survived() {
    let world = world("", None);
    in_browser(|browser| troubled(browser, &world));
}

/// Names that are a script, very long, or of letters that are not everywhere.
const NAMES: [&str; 3] =
    ["<img src=x onerror=\"window.hurt=1\"><script>window.hurt=1</script>", "Łukasz Größenwahn-Ødegård", "x"];

async fn named(browser: Browser, world: &World) -> Browser {
    let served = serve(world);
    browser.open(&served.url).await;
    Hand::Mouse.press(&browser, "[data-keep=task-plans]").await;
    browser.until("document.querySelectorAll('.card').length > 0").await;
    for width in [1280, 390] {
        browser.look("light", width).await;
        browser.until("document.body.innerText.includes('onerror')").await;
        let wide = browser.js("return document.documentElement.scrollWidth - innerWidth").await;
        assert!(wide.as_f64() <= Some(0.0), "{width}: wider by {wide}");
    }
    assert_eq!(
        browser.js("return [window.hurt ?? null, document.querySelectorAll('img').length]").await,
        json!([null, 0])
    );
    browser
}

#[test]
fn names_stay_names_whatever_they_are() {
    let world = world("", None);
    let database = rusqlite::Connection::open(world.site().join("crm.db")).unwrap();
    let long = NAMES[2].repeat(200);
    let persons: Vec<i64> = {
        let mut query =
            database.prepare("SELECT person_id FROM associate WHERE person_id > 0 ORDER BY associate_id").unwrap();
        query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).take(12).collect()
    };
    for (at, person) in persons.iter().enumerate() {
        let name = [NAMES[0], NAMES[1], &long][at % 3];
        database
            .execute("UPDATE person SET firstname = ?1 WHERE person_id = ?2", rusqlite::params![name, person])
            .unwrap();
    }
    drop(database);
    to_the_checklist(&world);
    in_browser(|browser| named(browser, &world));
}

async fn many_windows(browser: Browser, world: &World) -> Browser {
    let served = serve(world);
    browser.open(&served.url).await;
    seen(&browser).await;
    let first = browser.driver.window().await.unwrap();
    // More than a browser has lines for one address.
    for _ in 0..8 {
        let tab = browser.driver.new_tab().await.unwrap();
        browser.driver.switch_to_window(tab).await.unwrap();
        browser.open(&served.url).await;
        seen(&browser).await;
    }
    Hand::Mouse.press(&browser, "[data-keep=main]").await;
    browser.at("Installation").await;
    browser.driver.switch_to_window(first).await.unwrap();
    browser.at("Installation").await;
    seen(&browser).await;
    browser
}

#[test]
fn nine_windows_do_not_keep_each_other_waiting() {
    let world = world("", None);
    in_browser(|browser| many_windows(browser, &world));
}
