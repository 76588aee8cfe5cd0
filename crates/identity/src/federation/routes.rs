//! The HTTP surface of federation.

use super::queries;
use super::sign_in::{Callback, Outcome, PATIENCE, Problem};
use crate::client::Client;
use crate::notices::Notice;
use crate::routes::Nothing;
use crate::sessions::BROWSER_LIFE;
use crate::{Identity, cookies};
use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse, Response};
use guard::{Caller, Confirmed, Json, Path, Query};
use http::header::{COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use kernel::{Fault, Secret, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

/// Holds the state of a sign-in that is on its way.
const STATE: &str = "__Host-oidc";
/// Where people go on who have connected an account: what shows it.
const ACCOUNT: &str = "/account/security#connections";

/// The routes, without their state.
pub(crate) fn table() -> OpenApiRouter<Arc<Identity>> {
    OpenApiRouter::new()
        .routes(routes!(start))
        .routes(routes!(callback))
        .routes(routes!(link))
        .routes(routes!(connections))
        .routes(routes!(disconnect))
}

/// `Lax`: coming back is a navigation that another site begins.
fn state_cookie(state: &str, life: Duration) -> HeaderValue {
    let text = format!("{STATE}={state}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={}", life.as_secs());
    // Letters, digits, `_` and `-` only.
    let mut value = HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

fn cookie_of(headers: &HeaderMap) -> Option<Secret<String>> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(name, value)| (name == STATE).then(|| Secret::new(value.to_owned())))
}

fn redirect(target: &str, cookies: Vec<HeaderValue>) -> Response {
    let Ok(location) = HeaderValue::from_str(target) else {
        return guard::Problem::from(Fault::internal("a target is no header")).into_response();
    };
    let cookies: Vec<(HeaderName, HeaderValue)> = cookies.into_iter().map(|cookie| (SET_COOKIE, cookie)).collect();
    (StatusCode::FOUND, [(LOCATION, location)], AppendHeaders(cookies)).into_response()
}

fn problem(problem: Problem) -> Response {
    redirect(&format!("/sign-in?problem={}", problem.code()), vec![state_cookie("", Duration::ZERO)])
}

/// A path of ours, and nothing that a browser would read as another site.
fn own_path(text: &str) -> bool {
    text.len() <= 512
        && text.starts_with('/')
        && !text.starts_with("//")
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

/// Where to go on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Start {
    return_to: Option<String>,
}

/// Sends the browser to another provider, to sign in there.
#[utoipa::path(get, path = "/api/auth/oidc/{provider}/start", operation_id = "oidc_start", tag = "identity",
    extensions(("x-auth" = json!("public"))),
    params(("provider" = String, Path, description = "The provider.", max_length = 32),
        ("return_to" = Option<String>, Query, description = "A path to go on at.", max_length = 512)),
    responses((status = 302, description = "To the provider, or to the sign-in page with `problem`."),
        (status = 404, body = guard::ProblemBody), (status = 422, body = guard::ProblemBody),
        (status = 429, body = guard::ProblemBody), (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn start(
    State(identity): State<Arc<Identity>>,
    Path(id): Path<String>,
    Query(query): Query<Start>,
) -> guard::Result<Response> {
    let provider = identity.federation.by_id(&id).ok_or_else(Fault::not_found)?;
    let return_to = query.return_to.unwrap_or_else(|| "/".to_owned());
    if !own_path(&return_to) && !kernel::weaken::is("X-CVE-2026-67333") {
        return Err(Fault::field("return_to", "invalid", "a path of this server such as /journal").into());
    }
    Ok(match identity.leave_for(provider, return_to, None).await? {
        Some((target, state)) => redirect(&target, vec![state_cookie(state.expose(), PATIENCE)]),
        None => problem(Problem::Unavailable),
    })
}

/// What a provider sends back with the browser. It may add more.
#[derive(Deserialize)]
pub(crate) struct Back {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
}

/// Where a provider sends the browser back to.
#[utoipa::path(get, path = "/api/auth/oidc/{provider}/callback", operation_id = "oidc_callback", tag = "identity",
    extensions(("x-auth" = json!("public"))),
    params(("provider" = String, Path, description = "The provider.", max_length = 32),
        ("code" = Option<String>, Query, description = "What is exchanged.", max_length = 4096),
        ("state" = Option<String>, Query, description = "As it was sent there.", max_length = 64),
        ("iss" = Option<String>, Query, description = "Who answers.", max_length = 512)),
    responses((status = 302, description = "Signed in: to where they wanted to go. Else to the sign-in page, with `problem`."),
        (status = 404, body = guard::ProblemBody), (status = 422, body = guard::ProblemBody),
        (status = 429, body = guard::ProblemBody), (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn callback(
    State(identity): State<Arc<Identity>>,
    Path(id): Path<String>,
    Query(back): Query<Back>,
    client: Client,
    headers: HeaderMap,
) -> guard::Result<Response> {
    let provider = identity.federation.by_id(&id).ok_or_else(Fault::not_found)?;
    let callback =
        Callback { code: back.code, state: back.state.map(Secret::new), cookie: cookie_of(&headers), iss: back.iss };
    let used = state_cookie("", Duration::ZERO);
    Ok(match identity.come_back(provider, callback, &client).await? {
        Outcome::SignedIn { sid, return_to } => {
            let csrf = identity.csrf_for(&sid);
            let begun = [cookies::session(sid.expose(), BROWSER_LIFE), cookies::csrf(&csrf, BROWSER_LIFE)];
            redirect(&return_to, [vec![used], begun.to_vec()].concat())
        }
        // In the fragment, which is sent to nobody.
        Outcome::MoreNeeded(challenge) => redirect(&format!("/sign-in#{}", challenge.expose()), vec![used]),
        Outcome::Connected { return_to } => redirect(&return_to, vec![used]),
        Outcome::Problem(why) => problem(why),
    })
}

/// Where to go.
#[derive(Serialize, ToSchema)]
pub(crate) struct Link {
    /// To be opened in this browser.
    #[schema(max_length = 4096)]
    url: String,
}

/// Begins to connect an account at another provider with this one: answers where to sign in there.
#[utoipa::path(post, path = "/api/auth/oidc/{provider}/link", operation_id = "oidc_link", tag = "identity",
    extensions(("x-auth" = json!("caller"))),
    params(("provider" = String, Path, description = "The provider.", max_length = 32)), request_body = Nothing,
    responses((status = 200, body = Link), (status = 401, body = guard::ProblemBody),
        (status = 404, body = guard::ProblemBody), (status = 422, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn link(
    State(identity): State<Arc<Identity>>,
    Confirmed(caller): Confirmed,
    Path(id): Path<String>,
    Json(Nothing {}): Json<Nothing>,
) -> guard::Result<Response> {
    let provider = identity.federation.by_id(&id).ok_or_else(Fault::not_found)?;
    let Some((url, state)) = identity.leave_for(provider, ACCOUNT.to_owned(), Some(&caller)).await? else {
        let detail = "This provider does not answer. Try again in a moment.";
        return Err(Fault::unavailable("provider_unavailable", detail, Duration::from_secs(10)).into());
    };
    Ok(([(SET_COOKIE, state_cookie(state.expose(), PATIENCE))], Json(Link { url })).into_response())
}

/// An account at another provider.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConnectionView {
    /// Its id here.
    #[schema(value_type = String, format = Uuid, min_length = 36, max_length = 36)]
    id: Uuid,
    /// The provider's id; its issuer when it is not configured any more.
    #[schema(max_length = 512)]
    provider: String,
    /// What people call it.
    #[schema(max_length = 512)]
    name: String,
    /// Since when.
    created_at: Timestamp,
}

/// One's accounts at other providers.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConnectionList {
    /// The newest first.
    #[schema(max_items = 100)]
    items: Vec<ConnectionView>,
    /// Always `null`.
    #[schema(max_length = 32)]
    next_cursor: Option<String>,
}

impl Identity {
    fn names_of(&self, issuer: &str) -> (String, String) {
        let known = self.federation.providers.iter().find(|provider| provider.settings.issuer == issuer);
        known.map_or_else(
            || (issuer.to_owned(), issuer.to_owned()),
            |provider| (provider.settings.id.clone(), provider.settings.name.clone()),
        )
    }
}

/// Lists one's accounts at other providers.
#[utoipa::path(get, path = "/api/auth/connections", operation_id = "connections", tag = "identity",
    extensions(("x-auth" = json!("caller"))),
    responses((status = 200, body = ConnectionList), (status = 401, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn connections(
    State(identity): State<Arc<Identity>>,
    caller: Caller,
) -> guard::Result<Json<ConnectionList>> {
    let rows = queries::list(&mut identity.db.lookup().await?, caller.user_id).await?;
    let view = |row: queries::Connection| {
        let (provider, name) = identity.names_of(&row.issuer);
        ConnectionView { id: row.id, provider, name, created_at: row.created_at }
    };
    Ok(Json(ConnectionList { items: rows.into_iter().map(view).collect(), next_cursor: None }))
}

/// Disconnects an account at another provider: one cannot sign in by it any more.
#[utoipa::path(delete, path = "/api/auth/connections/{id}", operation_id = "disconnect", tag = "identity",
    extensions(("x-auth" = json!("caller"))),
    params(("id" = String, Path, format = Uuid, min_length = 36, max_length = 36, description = "The connection.")),
    responses((status = 204, description = "Done."), (status = 401, body = guard::ProblemBody),
        (status = 404, body = guard::ProblemBody), (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn disconnect(
    State(identity): State<Arc<Identity>>,
    Confirmed(caller): Confirmed,
    client: Client,
    Path(id): Path<Uuid>,
) -> guard::Result<StatusCode> {
    let mut tx = identity.db.begin().await?;
    let gone = queries::delete(&mut tx, id, caller.user_id).await?.ok_or_else(Fault::not_found)?;
    let (_, provider) = identity.names_of(&gone.issuer);
    identity.note(&mut tx, caller.user_id, "provider_disconnected", &client).await?;
    identity.notify(&mut tx, caller.user_id, Notice::ProviderChanged { provider, connected: false }).await?;
    tx.commit().await?;
    identity.federation.recent.retain(|known| known.session.id != id);
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_of_ours_is_gone_on_at() {
        for good in ["/", "/journal", "/recordings/0199?tab=words#top"] {
            assert!(own_path(good), "{good}");
        }
        for bad in
            ["", "journal", "//evil.test", "/\\evil.test", "https://evil.test", "javascript:alert(1)", "/a\r\nb", "/ü"]
        {
            assert!(!own_path(bad), "{bad}");
        }
        assert!(!own_path(&format!("/{}", "a".repeat(512))));
    }
}
