//! Who calls: the ticket of a request opens one tenant, and nothing else does.
//!
//! A ticket begins with the name of its customer, which chooses the catalogue; the catalogue's card says whether
//! the ticket is one of its own. An unknown customer, a wrong ticket and none at all get the same answer.

use super::problem::Trouble;
use super::shared::{Shared, block};
use crate::tenant::card::is_customer;
use crate::tenant::held::Tenant;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;
use std::sync::Arc;

/// A caller with a valid ticket.
pub(super) struct Caller {
    pub(super) tenant: Arc<Tenant>,
}

impl FromRequest for Caller {
    type Error = Trouble;
    type Future = LocalBoxFuture<'static, Result<Self, Trouble>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let ticket = bearer(request).map(str::to_owned);
        let shared = request.app_data::<web::Data<Shared>>().cloned();
        Box::pin(async move {
            let (Some(ticket), Some(shared)) = (ticket, shared) else { return Err(Trouble::denied()) };
            let Some(customer) = ticket.split_once('.').map(|(customer, _)| customer.to_owned()) else {
                return Err(Trouble::denied());
            };
            if !is_customer(&customer) {
                return Err(Trouble::denied());
            }
            let tenant = match shared.opened(&customer) {
                Some(tenant) => tenant,
                None => block(move || shared.open(&customer)).await?.ok_or_else(Trouble::denied)?,
            };
            if tenant.card().admits(&ticket) {
                return Ok(Self { tenant });
            }
            // It may have been issued a moment ago, by another process.
            let again = tenant.clone();
            let card = block(move || again.refresh()).await?;
            if card.admits(&ticket) { Ok(Self { tenant }) } else { Err(Trouble::denied()) }
        })
    }
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let (scheme, ticket) = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| ticket.trim())
}

impl Caller {
    /// Checks that a path speaks of this tenant's migration.
    pub(super) fn migration(&self, id: &str) -> Result<(), Trouble> {
        let asked = uuid::Uuid::try_parse(id).ok();
        let known = self.tenant.card().run.as_ref().map(|run| run.migration);
        if asked.is_some() && asked == known {
            Ok(())
        } else {
            Err(Trouble::not_found("this tenant knows no such migration").hint("open it first: POST /v1/migrations"))
        }
    }
}
