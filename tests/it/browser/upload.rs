//! An upload under way, so slow that it can be looked at: pause, another window, a limit that holds at once.

use super::hands::Hand;
use super::looks::Looks;
use super::{Browser, in_browser, serve, world};
use crate::program::{Program, administrator, ways};
use crate::world::World;

async fn under_way(browser: Browser, world: &World) -> Browser {
    let hand = Hand::Mouse;
    let served = serve(world);
    browser.open(&served.url).await;
    browser.at("Checklist").await;
    hand.press(&browser, "[data-keep=main]").await;
    browser.until("document.querySelector('[data-keep=pause]')").await;
    browser.until("document.querySelectorAll('.lane').length === 7").await;
    Looks::all().at(&browser, "upload-running").await;
    hand.press(&browser, "[data-keep=pause]").await;
    browser.until("document.querySelector('[data-keep=resume]')").await;
    // Closed and opened again, it is as it was left.
    browser.driver.refresh().await.unwrap();
    browser.until("document.querySelector('[data-keep=resume]')").await;
    assert_ne!(browser.js("return document.querySelector('h1').textContent").await, "Complete");
    // A limit that is none is refused at its field; one that is holds at once.
    hand.fill(&browser, "#limit-rate", "fast").await;
    hand.press(&browser, "=Set").await;
    browser.until("document.querySelector('#limit-rate').getAttribute('aria-invalid') === 'true'").await;
    hand.fill(&browser, "#limit-rate", "unlimited").await;
    hand.press(&browser, "=Set").await;
    browser.until("document.body.innerText.includes('There is no limit now')").await;
    hand.press(&browser, "[data-keep=resume]").await;
    browser.at("Complete").await;
    browser
}

#[test]
fn an_upload_is_paused_limited_and_goes_on() {
    let mut world = world("", None);
    world.set("OMT_PACE_LIMIT", "4096 B/s");
    let mut program = Program::start(&world);
    for way in ways(&administrator(&world)) {
        program.command(way);
    }
    assert_eq!(program.close(), 0);
    in_browser(|browser| under_way(browser, &world));
    assert_eq!(world.report()["totals"]["pending"]["items"].as_u64().unwrap_or(0), 0);
}
