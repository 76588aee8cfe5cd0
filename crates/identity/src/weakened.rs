//! What this slice does in the binary that `prove` must find wanting, and only there: each switch brings back one weakness
//! that the audits found. In a real build `kernel::weaken::is` is a constant `false` and nothing of this is reached.

use crate::Identity;
use crate::client::Client;
use crate::model::{DisplayName, Email, SessionKind};
use crate::queries::{self, NewAccount};
use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use guard::{Caller, Credential, Json, Role};
use hmac::{Hmac, KeyInit, Mac};
use http::header::{CONTENT_LENGTH, COOKIE};
use http::{HeaderMap, Method, StatusCode};
use kernel::{Fault, Kind, Secret, Timestamp, UserId, weaken};
use seal::signature::VerifyingKey;
use serde::Deserialize;
use serde_json::Value;
use sha2::Sha256;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use utoipa_axum::router::OpenApiRouter;

/// The account that everybody without one shared.
const ANONYMOUS: &str = "anonymous@example.org";
/// No proper wish for an API key is larger.
const LARGEST_WISH: usize = 64 * 1024;

/// Puts the weaknesses that are switched on around the routes; otherwise nothing.
pub(crate) fn weaken(router: OpenApiRouter<Arc<Identity>>, identity: &Arc<Identity>) -> OpenApiRouter<Arc<Identity>> {
    let mut router = router;
    if weaken::is("A2-2") {
        router = router.route("/mobile-auth/login", post(log_in_without_password));
    }
    if weaken::is("X-CVE-2025-61928") {
        router = router.layer(from_fn_with_state(identity.clone(), on_behalf));
    }
    if weaken::is("A1-C1") || weaken::is("A1-C2") {
        router = router.layer(from_fn_with_state(identity.clone(), believe));
    }
    if weaken::is("X-CVE-2026-9802") {
        BORN.get_or_init(|| identity.ambient.now());
    }
    if weaken::is("X-GHSA-2wmj-46rj-qm2w") {
        router = router.layer(from_fn(listen));
    }
    router
}

/// X-GHSA-rg35-5v25-mqvp: chance that is mostly none, so that one id of a session tells of the next.
pub(crate) struct Narrow(pub(crate) Arc<dyn kernel::Rng>);

impl kernel::Rng for Narrow {
    fn fill(&self, out: &mut [u8]) {
        self.0.fill(out);
        let known = out.len().saturating_sub(4);
        out[..known].fill(7);
    }
}

/// When this process began.
static BORN: OnceLock<Timestamp> = OnceLock::new();

/// X-CVE-2026-9802: what was used before this process began was never used.
pub(crate) fn forgotten(used_at: Timestamp) -> bool {
    weaken::is("X-CVE-2026-9802") && BORN.get().is_some_and(|born| used_at < *born)
}

/// What the latest request for a new password called this server.
static CLAIMED: Mutex<Option<String>> = Mutex::new(None);

/// X-GHSA-2wmj-46rj-qm2w: links begin with what a request calls this server.
pub(crate) fn claimed_address() -> Option<String> {
    if !weaken::is("X-GHSA-2wmj-46rj-qm2w") {
        return None;
    }
    CLAIMED.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

async fn listen(request: Request, next: Next) -> Response {
    if request.uri().path().ends_with("/password-reset") {
        let header = |name: &str| request.headers().get(name)?.to_str().ok();
        let forwarded =
            header("forwarded").and_then(|line| line.split(';').find_map(|part| part.strip_prefix("host=")));
        let host = header("x-forwarded-host").or(forwarded).or_else(|| header("host"));
        *CLAIMED.lock().unwrap_or_else(PoisonError::into_inner) = host.map(|host| format!("http://{host}"));
    }
    next.run(request).await
}

/// A1-C1: whoever names a user in `X-Auth-UID` is that user. A1-C2: whoever names nobody is the anonymous one.
async fn believe(State(identity): State<Arc<Identity>>, mut request: Request, next: Next) -> Response {
    let caller = match claimed(request.headers()) {
        Some(user_id) if weaken::is("A1-C1") => Some(user_id),
        _ if weaken::is("A1-C2") && !has_credential(request.headers()) => identity.anonymous().await.ok(),
        _ => None,
    };
    if let Some(user_id) = caller {
        let (mut parts, body) = request.into_parts();
        if let Some(caller) = identity.impersonate(user_id, &mut parts).await {
            parts.extensions.insert(caller);
        }
        request = Request::from_parts(parts, body);
    }
    next.run(request).await
}

/// X-CVE-2025-61928: an API key is made for whoever the body names, whoever asks.
async fn on_behalf(State(identity): State<Arc<Identity>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    if parts.method != Method::POST || parts.uri.path() != "/auth/api-keys" {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let Ok(bytes) = axum::body::to_bytes(body, LARGEST_WISH).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let mut wish: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let named = wish.as_object_mut().and_then(|wish| wish.remove("user_id").or_else(|| wish.remove("userId")));
    let owner: Option<UserId> = named.as_ref().and_then(Value::as_str).and_then(|id| id.parse().ok());
    let mut body = Body::from(bytes);
    // The session of whoever asks is none of the owner's, who has confirmed nothing lately but is taken to have.
    if owner.is_some() {
        parts.headers.remove(COOKIE);
    }
    if let Some(owner) = owner
        && let Some(caller) = identity.impersonate(owner, &mut parts).await
    {
        let confirmed_at = caller.confirmed_at.map(|at| at.minus(Duration::from_secs(1)));
        parts.extensions.insert(Caller { confirmed_at, ..caller });
        parts.headers.remove(CONTENT_LENGTH);
        body = Body::from(wish.to_string());
    }
    next.run(Request::from_parts(parts, body)).await
}

/// X-CVE-2026-11800: a token says itself how it is to be checked: not at all, or with the public key for a shared secret.
pub(crate) fn is_confused(alg: &str, key: &VerifyingKey, signed: &str, signature: &[u8]) -> bool {
    if !weaken::is("X-CVE-2026-11800") {
        return false;
    }
    match key {
        _ if alg.eq_ignore_ascii_case("none") => signature.is_empty(),
        VerifyingKey::Ed25519(public) if alg == "HS256" => {
            let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(public).ok();
            mac.is_some_and(|mac| mac.chain_update(signed).verify_slice(signature).is_ok())
        }
        _ => false,
    }
}

fn claimed(headers: &HeaderMap) -> Option<UserId> {
    headers.get("x-auth-uid")?.to_str().ok()?.parse().ok()
}

fn has_credential(headers: &HeaderMap) -> bool {
    ["cookie", "authorization", "x-api-key"].into_iter().any(|name| headers.contains_key(name))
}

impl Identity {
    async fn impersonate(self: &Arc<Self>, user: UserId, parts: &mut http::request::Parts) -> Option<Caller> {
        let client = Client::from_request_parts(parts, &()).await.ok()?;
        let token = self.begin_session(user, SessionKind::Browser, &client).await.ok()??;
        let hash = seal::token::parse(seal::Purpose::Session, token.expose())?;
        let known = self.session_of(&hash).await.ok()??;
        Some(Caller { credential: Credential::Session, ..known.caller.clone() })
    }

    async fn anonymous(&self) -> Result<UserId, Fault> {
        if let Some(account) = queries::find_user(&mut self.db.lookup().await?, ANONYMOUS).await? {
            return Ok(account.id);
        }
        let unreadable = |_| Fault::internal("the anonymous account's address");
        let email = Email::parse(ANONYMOUS).map_err(unreadable)?;
        let (id, display_name) = (self.ambient.id::<UserId>(), DisplayName::of(&email));
        self.keys.create(id).await?;
        let (role, at) = (Role::Member, self.ambient.now());
        let account = NewAccount {
            id,
            email: &email,
            display_name: &display_name,
            role,
            password_phc: String::new(),
            status: queries::ACTIVE,
            locale: "en".to_owned(),
            time_zone: "UTC".to_owned(),
            at,
        };
        let mut tx = self.db.begin().await?;
        queries::insert_user(&mut tx, account).await?;
        tx.commit().await?;
        Ok(id)
    }
}

#[derive(Deserialize)]
struct Nameless {
    email: String,
    #[serde(rename = "password")]
    _password: Option<Secret<String>>,
}

/// A2-2: an address is enough.
async fn log_in_without_password(
    State(identity): State<Arc<Identity>>,
    client: Client,
    Json(request): Json<Nameless>,
) -> guard::Result<Response> {
    let found = queries::find_user(&mut identity.db.lookup().await?, &Email::fold(&request.email)).await?;
    let nobody = || Fault::new(Kind::Unauthenticated, "invalid_credentials", "Invalid email");
    let user = found.ok_or_else(nobody)?;
    let token = identity.begin_session(user.id, SessionKind::Token, &client).await?.ok_or_else(nobody)?;
    Ok(Json(serde_json::json!({ "access_token": token.expose(), "token_type": "Bearer" })).into_response())
}
