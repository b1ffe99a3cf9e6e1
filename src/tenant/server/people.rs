//! Users, plans and user names.

use super::body;
use super::problem::Trouble;
use super::shared::{Shared, block};
use super::ticket::Caller;
use crate::tenant::protocol::{People, PeopleTaken, Problem};
use actix_web::{HttpRequest, HttpResponse, web};

/// Takes who holds a plan, in the place of what was said before.
#[utoipa::path(
    put, path = "/v1/migrations/{migration}/people", tag = "people", security(("ticket" = [])),
    params(("migration" = String, Path)), request_body = People,
    responses(
        (status = 200, body = PeopleTaken),
        (status = 409, body = Problem, description = "`conflicts` lists each thing that does not fit"),
        (status = "4XX", body = Problem)
    )
)]
pub(super) async fn put(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Trouble> {
    caller.migration(&path)?;
    let (people, memory) = body::json::<People>(&shared, &request, payload).await?;
    let taken = block(move || {
        let _memory = memory;
        caller.tenant.put_people(&people)
    })
    .await?;
    taken.map(|taken| HttpResponse::Ok().json(taken)).map_err(|conflicts| {
        let title = match conflicts.len() {
            1 => "a conflict in users and plans".to_owned(),
            count => format!("{count} conflicts in users and plans"),
        };
        Trouble::conflicts(title, conflicts)
            .hint("`omt users list` shows them; change plans and user names, then run again")
    })
}

/// Gives back who holds a plan.
#[utoipa::path(
    get, path = "/v1/migrations/{migration}/people", tag = "people", security(("ticket" = [])),
    params(("migration" = String, Path)),
    responses((status = 200, body = People), (status = "4XX", body = Problem))
)]
pub(super) async fn get(caller: Caller, path: web::Path<String>) -> Result<HttpResponse, Trouble> {
    caller.migration(&path)?;
    let people = block(move || caller.tenant.people()).await?;
    people.map(|people| HttpResponse::Ok().json(people)).ok_or_else(|| Trouble::not_found("no people were put yet"))
}
