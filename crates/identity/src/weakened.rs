//! What this slice does in the binary that `prove` must find wanting, and only there: each switch brings back one weakness
//! that the audits found. In a real build `kernel::weaken::is` is a constant `false` and nothing of this is reached.

use crate::Identity;
use crate::client::Client;
use crate::model::{DisplayName, Email, SessionKind};
use crate::queries::{self, NewAccount};
use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use guard::{Caller, Credential, Json, Role};
use http::HeaderMap;
use kernel::{Fault, Kind, Secret, Timestamp, UserId, weaken};
use serde::Deserialize;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use utoipa_axum::router::OpenApiRouter;

/// The account that everybody without one shared.
const ANONYMOUS: &str = "anonymous@example.org";

/// Puts the weaknesses that are switched on around the routes; otherwise nothing.
pub(crate) fn weaken(router: OpenApiRouter<Arc<Identity>>, identity: &Arc<Identity>) -> OpenApiRouter<Arc<Identity>> {
    let mut router = router;
    if weaken::is("A2-2") {
        router = router.route("/mobile-auth/login", post(log_in_without_password));
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
