//! Keeps out, for a while, whoever behaves as only an attacker does (A1-H2), and nobody beside them who is signed in.

use crate::context::Context;
use crate::problem::Raised;
use crate::stack::Guard;
use crate::steps::access_log::{Line, ip_prefix};
use crate::steps::rate::is_api;
use crate::threat::{Conduct, Held, Offence, Scoring, is_customary, is_probe};
use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kernel::{Fault, Kind, Timestamp};
use std::net::IpAddr;
use std::time::Duration;

/// A path that only a scanner asks for.
const PROBE: f32 = 10.0;
/// A path that leads nowhere: a typing error, an old link, or another scanner.
const ASTRAY: f32 = 1.0;
/// Bytes that are no request, or no body of any kind.
const MALFORMED: f32 = 2.0;
/// A wrong password or code, and one that is tried although the limit is spent.
const GUESS: f32 = 1.0;

/// Refusals of what nobody can read. What a mistake of a program or a bad connection brings about is not among them.
const UNREADABLE: &[&str] =
    &["malformed_json", "nested_too_deep", "url_too_long", "headers_too_large", "bad_request", "body_too_slow"];

/// Where one signs in; also whoever sits beside a scanner must be able to.
fn is_sign_in(path: &str) -> bool {
    ["/api/auth/", "/auth/", "/api/setup"].iter().any(|door| path.starts_with(door))
}

/// What an address that is kept out may do all the same: see pages, be asked for its health; and sign in, unless passwords
/// are what was tried from there.
fn passes(held: Held, request: &Request) -> bool {
    let path = request.uri().path();
    let leads_somewhere = request.extensions().get::<MatchedPath>().is_some();
    leads_somewhere && (!is_api(path) || (is_sign_in(path) && !held.guessing))
}

/// 429 for an address that is kept out, unless it is somebody who is signed in.
pub(crate) fn check<'a>(
    guard: &'a Guard,
    context: &'a Context,
    request: &'a mut Request,
) -> Option<BoxFuture<'a, Result<(), Fault>>> {
    let held = guard.threats.held(context.ip, context.begun).filter(|held| !passes(*held, request))?;
    Some(refuse_strangers(context, held).boxed())
}

async fn refuse_strangers(context: &Context, held: Held) -> Result<(), Fault> {
    if is_known(context).await? && !kernel::weaken::is("A1-H2.neighbour") {
        return Ok(());
    }
    // Rounded up: a client that waits as told must then be let in.
    let wait = Duration::from_secs(held.wait.as_secs() + 1);
    let detail = format!("Too much from this address was not meant well. Try again in {} s.", wait.as_secs());
    Err(Fault::new(Kind::TooMany, "quarantined", detail).retry_after(wait))
}

/// Whether the request comes from somebody who is signed in.
async fn is_known(context: &Context) -> Result<bool, Fault> {
    if context.user.get().is_some() {
        return Ok(true);
    }
    let Some(presented) = &context.presented else { return Ok(false) };
    Ok(context.guard.identities.resolve(presented, &context.sender).await?.is_some())
}

/// What an answer says about whoever asked.
pub(crate) fn offence(context: &Context, line: &Line, response: &Response) -> Option<Offence> {
    let Raised(fault) = response.extensions().get::<Raised>()?;
    let probing = |points| Some(Offence { conduct: Conduct::Probing, points });
    let guessing = Some(Offence { conduct: Conduct::Guessing, points: GUESS });
    match fault.code() {
        "not_found" if !line.is_matched() && is_customary(line.path()) => None,
        "not_found" if !line.is_matched() => probing(if is_probe(line.path()) { PROBE } else { ASTRAY }),
        "invalid_credentials" | "invalid_code" => guessing,
        "too_many_requests" if context.refused_by.get().is_some_and(|limit| limit.class == "sign-in") => guessing,
        code if UNREADABLE.contains(&code) => probing(MALFORMED),
        _ => None,
    }
}

/// Adds to the score of whoever asked.
pub(crate) async fn note(guard: &Guard, context: &Context, offence: Offence) {
    // Whoever is signed in can be asked about it; their neighbours need not suffer. When that cannot be found out just
    // now, nobody is accused.
    if is_known(context).await.unwrap_or(true) {
        return;
    }
    score(guard, context.ip, offence, guard.ambient.now());
}

/// Adds to the score of an address, and tells when that is too high.
fn score(guard: &Guard, ip: IpAddr, offence: Offence, now: Timestamp) {
    if kernel::weaken::is("A1-H2.scanner") {
        return;
    }
    if let Some(term) = guard.threats.add(ip, offence, now) {
        tracing::warn!(
            event = "quarantined",
            ip_prefix = ip_prefix(ip),
            conduct = offence.conduct.name(),
            seconds = term.as_secs(),
            enforced = guard.threats.scoring() == Scoring::Quarantine,
            "an address behaves as only an attacker does"
        );
    }
}

/// Bytes came that are no request. Behind a trusted proxy nobody can say from whom.
pub(crate) fn malformed(guard: &Guard, peer: IpAddr) {
    let peer = peer.to_canonical();
    if !guard.config.trusted_proxies.iter().any(|net| net.contains(&peer)) {
        score(guard, peer, Offence { conduct: Conduct::Probing, points: MALFORMED }, guard.ambient.now());
    }
}
