//! "Signed in" and "may administer" as arguments.

use super::context;
use crate::area;
use crate::caller::{Asked, Caller, Credential, Role};
use crate::context::Context;
use crate::limiter::Class;
use crate::problem::Problem;
use crate::steps::digest;
use crate::steps::rate::count_anonymous;
use axum::extract::{FromRequestParts, MatchedPath};
use http::header;
use http::request::Parts;
use kernel::{Fault, Kind};
use std::time::Duration;
use uuid::Uuid;

fn nobody() -> Fault {
    Fault::new(Kind::Unauthenticated, "authentication_required", "Sign in first.")
}

/// 403 for whoever runs the server and has shown a password alone.
pub fn second_factor_required() -> Fault {
    let detail = "Whoever runs this needs a second factor: set one up, then confirm with it.";
    Fault::new(Kind::Forbidden, "second_factor_required", detail)
}

fn asked<'a>(context: &'a Context, parts: &'a Parts) -> Asked<'a> {
    let length = parts.headers.get(header::CONTENT_LENGTH);
    Asked {
        ip: context.ip,
        method: &parts.method,
        // Never by `Host`, which the sender writes (A1-L5).
        origin: &context.guard.config.public_origin,
        path_and_query: parts.uri.path_and_query().map_or("/", |target| target.as_str()),
        headers: &parts.headers,
        has_body: length.is_some_and(|length| length != "0") || parts.headers.contains_key(header::TRANSFER_ENCODING),
        digest: digest::announced(&parts.headers),
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // The weakened build lets a handler's caller be another than whoever was recognised.
        if kernel::weaken::COMPILED_IN
            && let Some(known) = parts.extensions.get::<Self>()
        {
            return Ok(known.clone());
        }
        let context = context(parts)?;
        if let Some(known) = context.caller.get() {
            return Ok(known.clone());
        }
        let Some(presented) = &context.presented else {
            return Err(nobody().into());
        };
        let identities = &context.guard.identities;
        let known = match identities.resolve_at_once(presented, &context.sender) {
            Some(caller) => Some(caller),
            None => identities.resolve(presented, &context.sender).await?,
        };
        let Some(caller) = known else {
            // A guessed credential must not be a way around the budget of callers that have none.
            count_anonymous(context).await?;
            return Err(nobody().into());
        };
        if let Some(scopes) = &caller.scopes {
            let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
            area::check(context.guard.config.areas, route, &parts.method, scopes)?;
        }
        if caller.credential == Credential::ApiKey {
            let admission = identities.admit(&caller, &asked(context, parts)).await?;
            if let Some(rate) = admission.per_minute {
                let (snapshot, verdict) = context.guard.limiter.take_rate(&caller.session_id.to_string(), rate).await;
                context.told(snapshot, verdict)?;
            }
        }
        let mut key = Uuid::encode_buffer();
        let key = caller.user_id.uuid().as_hyphenated().encode_lower(&mut key);
        let (snapshot, verdict) = context.guard.limiter.take(Class::SignedIn, key).await;
        // Set once a request: the extractor runs once, the value is kept below.
        let _ = context.user.set(caller.user_id);
        if let Some(snapshot) = snapshot {
            let _ = context.limit.set(snapshot);
        }
        verdict?;
        let _ = context.caller.set(caller.clone());
        Ok(caller)
    }
}

/// Somebody who has proven within the last ten minutes who they are. As a handler's argument it is the rule "confirm
/// first": 401 `step_up_required` for others, which a client mends by `POST /api/auth/step-up` and by trying again. An API
/// key cannot confirm anything.
#[derive(Debug, Clone)]
pub struct Confirmed(pub Caller);

impl Confirmed {
    /// How long a proof counts (A2-1; NIST SP 800-63B-4 calls it reauthentication).
    pub const LASTS: Duration = Duration::from_mins(10);
}

impl<S: Sync> FromRequestParts<S> for Confirmed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let now = context(parts)?.begun;
        // A clock that was set back must not make an old proof a new one.
        if caller.confirmed_at.is_some_and(|at| at <= now && now.since(at) < Self::LASTS) {
            return Ok(Self(caller));
        }
        Err(Fault::new(Kind::Unauthenticated, "step_up_required", "Confirm that it is you, then try again.").into())
    }
}

/// Somebody who may administer. As a handler's argument it is the rule "administrators only": 403 for others, and 403
/// `second_factor_required` for an administrator whose session has shown a password alone.
#[derive(Debug, Clone)]
pub struct Admin(pub Caller);

impl<S: Sync> FromRequestParts<S> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let open = kernel::weaken::is("A1-M5.lookup") || kernel::weaken::is("O-15");
        if caller.role >= Role::Admin || open {
            if caller.second_factor || open {
                return Ok(Self(caller));
            }
            return Err(second_factor_required().into());
        }
        Err(Fault::new(Kind::Forbidden, "administrators_only", "Only administrators may do this.").into())
    }
}

/// Somebody who may see figures: an administrator or a monitor with a second factor, or a program with an API key of the
/// scope `monitoring:read` that one of them made. 403 `monitoring_only` for others, whatever their key says (A1-H1).
#[derive(Debug, Clone)]
pub struct Monitor(pub Caller);

impl<S: Sync> FromRequestParts<S> for Monitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        if caller.role < Role::Monitor && !kernel::weaken::is("A1-H1.key") {
            let detail = "Only administrators and those who monitor may see this.";
            return Err(Fault::new(Kind::Forbidden, "monitoring_only", detail).into());
        }
        // What a key may reach was judged when its caller was recognised.
        if caller.credential == Credential::ApiKey || caller.second_factor {
            return Ok(Self(caller));
        }
        Err(second_factor_required().into())
    }
}
