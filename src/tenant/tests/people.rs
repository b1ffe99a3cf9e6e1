//! Users, plans and user names at the tenant.

use super::*;
use crate::tenant::rebuild;

fn holder(user: i64, name: &str, plan: &str) -> PlanHolder {
    PlanHolder {
        user,
        login: format!("U{user}"),
        name: format!("User {user}"),
        kind: UserKind::Employee,
        administrator: user == 1,
        plan: plan.into(),
        user_name: name.into(),
    }
}

fn list(names: &[&str]) -> People {
    let users = names.iter().zip(1..).map(|(name, user)| holder(user, name, "SalesPREM")).collect();
    People { users, ..People::default() }
}

fn put(tenant: &Running, people: &People) -> RequestBuilder {
    tenant.of(Method::PUT, "/people").json(people)
}

async fn refused(request: RequestBuilder) -> Vec<(Option<i64>, String)> {
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::CONFLICT);
    let problem: Problem = response.json().await.unwrap();
    assert_eq!(problem.code, "tenant.refused");
    problem.conflicts.into_iter().map(|conflict| (conflict.user, conflict.kind)).collect()
}

fn stored(world: &World) -> usize {
    std::fs::read_dir(world.path().join(&world.customer).join("people")).map_or(0, Iterator::count)
}

#[test]
fn people_are_kept_replaced_and_given_back() {
    let world = World::new();
    let mut tenant = world.serve();
    run(async {
        tenant.open(Mode::Test).await;
        assert_eq!(bad(tenant.of(Method::GET, "/people")).await.0, 404);
        let first = list(&["a@x.no", "b@x.no"]);
        for _ in 0..2 {
            let taken: PeopleTaken = good(put(&tenant, &first)).await;
            assert_eq!(taken, PeopleTaken { users: 2, replaced: false });
        }
        // Another rehearsal brings others.
        tenant.open(Mode::Test).await;
        let second = list(&["a@x.no"]);
        assert_eq!(good::<PeopleTaken>(put(&tenant, &second)).await, PeopleTaken { users: 1, replaced: true });
        assert_eq!(good::<People>(tenant.of(Method::GET, "/people")).await, second);
        assert_eq!(stored(&world), 1);
    });
    tenant.stop();
}

#[test]
fn each_conflict_is_listed_and_nothing_is_taken() {
    let world = World::new();
    invite(
        &world.place(),
        Invitation { taken_names: vec!["Boss@x.no".into()], ..invitation("Fjord AS", world.limits) },
    )
    .unwrap();
    let mut tenant = world.serve();
    run(async {
        tenant.open(Mode::Test).await;
        let good_one = list(&["a@x.no"]);
        good::<PeopleTaken>(put(&tenant, &good_one)).await;
        let mut bad_one = list(&["A@x.no", "a@X.no ", "no name", "boss@x.no", ""]);
        bad_one.users.push(holder(6, "f@x.no", "Gold"));
        bad_one.users.push(holder(6, "g@x.no", "SalesPREM"));
        bad_one.users.push(PlanHolder { kind: UserKind::External, ..holder(7, "h@x.no", "SalesPREM") });
        bad_one.notifications.summary = Some("nobody".into());
        bad_one.users[0].administrator = false;
        let kinds: Vec<(Option<i64>, &str)> = vec![
            (Some(6), "duplicate-user"),
            (Some(1), "duplicate-name"),
            (Some(2), "duplicate-name"),
            (Some(3), "invalid-name"),
            (Some(4), "taken-name"),
            (Some(5), "no-name"),
            (Some(6), "unknown-plan"),
            (Some(7), "cannot-hold"),
            (None, "no-administrator"),
            (None, "invalid-summary"),
        ];
        let found = refused(put(&tenant, &bad_one)).await;
        assert_eq!(found.iter().map(|(user, kind)| (*user, kind.as_str())).collect::<Vec<_>>(), kinds);
        let names: Vec<String> = (0..21).map(|number| format!("n{number}@x.no")).collect();
        let many = list(&names.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(refused(put(&tenant, &many)).await, [(None, "too-many".to_owned())]);
        assert_eq!(good::<People>(tenant.of(Method::GET, "/people")).await, good_one);
        assert_eq!(bad(tenant.of(Method::PUT, "/people").body("{\"users\":7}")).await.0, 400);
        assert_eq!(bad(tenant.of(Method::POST, "/people").body("{}")).await.0, 405);
    });
    tenant.stop();
}

#[test]
fn a_list_of_nobody_takes_everything_back() {
    let world = World::new();
    let mut tenant = world.serve();
    run(async {
        tenant.open(Mode::Test).await;
        good::<PeopleTaken>(put(&tenant, &list(&["a@x.no"]))).await;
        let taken: PeopleTaken = good(put(&tenant, &list(&[]))).await;
        assert_eq!(taken, PeopleTaken { users: 0, replaced: true });
    });
    tenant.stop();
}

#[test]
fn people_survive_a_lost_catalogue() {
    let world = World::new();
    let mut tenant = world.serve();
    let people = list(&["a@x.no", "bücher@bücher.de"]);
    run(async {
        tenant.open(Mode::Test).await;
        good::<PeopleTaken>(put(&tenant, &people)).await;
    });
    let migration = tenant.migration;
    tenant.stop();
    let place = world.place();
    std::fs::remove_file(place.catalogue_of(&world.customer)).unwrap();
    rebuild(&place, &world.customer, |_| {}).unwrap();
    let mut tenant = world.serve();
    tenant.migration = migration;
    run(async {
        assert_eq!(good::<People>(tenant.of(Method::GET, "/people")).await, people);
    });
    tenant.stop();
}

#[test]
fn a_running_tenant_keeps_its_people() {
    let world = World::new();
    let mut tenant = world.serve();
    run(async {
        tenant.open(Mode::Live).await;
        let people = list(&["a@x.no"]);
        good::<PeopleTaken>(put(&tenant, &people)).await;
        assert_eq!(tenant.commit(0, 0).await.unwrap().state, TenantState::Running);
        good::<PeopleTaken>(put(&tenant, &people)).await;
        assert_eq!(bad(put(&tenant, &list(&["b@x.no"]))).await, (409, "tenant.refused".into()));
        assert_eq!(good::<People>(tenant.of(Method::GET, "/people")).await, people);
    });
    tenant.stop();
}

#[test]
fn a_list_that_was_damaged_in_the_store_is_not_given_out() {
    let world = World::new();
    let mut tenant = world.serve();
    run(async {
        tenant.open(Mode::Test).await;
        good::<PeopleTaken>(put(&tenant, &list(&["a@x.no"]))).await;
        let folder = world.path().join(&world.customer).join("people");
        let file = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
        std::fs::write(file, "{\"users\":[]}").unwrap();
        assert_eq!(bad(tenant.of(Method::GET, "/people")).await.0, 503);
    });
    tenant.stop();
}
