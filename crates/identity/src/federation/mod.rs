//! Accounts at other providers (OpenID Connect): signing in by them, and their access tokens on the token surface.
//!
//! Somebody at another provider is known by issuer and subject, and by nothing else. An address of mail never leads to an
//! account that is here already: whoever has both connects them while signed in here (CVE-2026-53516).

mod config;
mod provider;
mod queries;
mod routes;
mod sign_in;

pub use config::ProviderSettings;
pub use queries::STATEMENTS;
pub(crate) use routes::table;

use crate::Identity;
use crate::api_keys::Recent;
use crate::model::{SessionView, User};
use crate::tokens::{Jws, SKEW};
use guard::{Caller, Credential};
use kernel::{Ambient, Breaker, Fallback, Fault, Outage, Timestamp, UserId};
use provider::Provider;
use queries::Connected;
use serde::{Deserialize, Deserializer, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// All providers, and who came from them a moment ago.
pub(crate) struct Federation {
    providers: Vec<Provider>,
    recent: Recent<KnownConnection>,
}

/// Somebody whose access token of another provider was taken.
struct KnownConnection {
    caller: Caller,
    user: Arc<User>,
    session: SessionView,
}

/// A provider, for the sign-in page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProviderView {
    /// How it stands in addresses.
    #[schema(max_length = 32)]
    pub id: String,
    /// What people call it.
    #[schema(max_length = 80)]
    pub name: String,
}

/// One audience, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn holds(&self, name: &str) -> bool {
        match self {
            Self::One(one) => one == name,
            Self::Many(many) => many.iter().any(|one| one == name),
        }
    }
}

/// What is asked of an access token of another issuer (RFC 9068). Claims of another type are no claims.
#[derive(Deserialize)]
struct AccessClaims {
    sub: String,
    aud: Audience,
    exp: i64,
    #[serde(default, deserialize_with = "moment")]
    nbf: Option<i64>,
    #[serde(default, deserialize_with = "moment")]
    iat: Option<i64>,
}

/// A claim that may be left out, but when it stands there, `null` included, it is a number: one of another type must not
/// count as left out (CVE-2026-25537).
fn moment<'de, D: Deserializer<'de>>(claim: D) -> Result<Option<i64>, D::Error> {
    if kernel::weaken::is("X-CVE-2026-25537") {
        return Ok(serde_json::Value::deserialize(claim)?.as_i64());
    }
    i64::deserialize(claim).map(Some)
}

fn in_time(exp: i64, begins: &[Option<i64>], now: Timestamp) -> bool {
    let seconds = now.as_micros().div_euclid(1_000_000);
    let skew = i64::try_from(SKEW.as_secs()).unwrap_or(0);
    seconds < exp && begins.iter().flatten().all(|begins| *begins <= seconds + skew)
}

/// What a provider may call somebody: not empty, and not without end.
fn is_subject(text: &str) -> bool {
    (1..=255).contains(&text.len())
}

impl Federation {
    pub(crate) fn new(settings: &[ProviderSettings], ambient: &Ambient) -> Result<Self, Fault> {
        let providers: Result<Vec<_>, _> = settings.iter().cloned().map(|one| Provider::new(one, ambient)).collect();
        Ok(Self { providers: providers.map_err(Fault::internal)?, recent: Recent::default() })
    }

    /// The ways to all providers.
    pub(crate) fn breakers(&self) -> impl Iterator<Item = Arc<Breaker>> {
        self.providers.iter().map(|provider| provider.way.clone())
    }

    /// The provider that people may sign in by under this name.
    fn by_id(&self, id: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.settings.id == id && provider.settings.client_id.is_some())
    }
}

impl Identity {
    /// The providers that people may sign in by.
    pub fn providers(&self) -> Vec<ProviderView> {
        let usable = self.federation.providers.iter().filter(|provider| provider.settings.client_id.is_some());
        usable
            .map(|provider| ProviderView { id: provider.settings.id.clone(), name: provider.settings.name.clone() })
            .collect()
    }

    /// Whom an access token of another issuer belongs to, if that issuer is configured, it was made for us, and its owner
    /// has connected that account with one here.
    pub(crate) async fn federated_caller(&self, jws: &Jws<'_>) -> Result<Option<Caller>, Fault> {
        let now = self.ambient.now();
        let found = self.federation.providers.iter().find_map(|provider| {
            let audience = provider.settings.audience.as_deref()?;
            (jws.issuer() == Some(&provider.settings.issuer)).then_some((provider, audience))
        });
        let Some((provider, audience)) = found else { return Ok(None) };
        if !matches!(jws.typ(), None | Some("at+jwt" | "application/at+jwt" | "JWT")) {
            return Ok(None);
        }
        let claims: AccessClaims = match provider.verify(jws, now).await {
            Ok(Some(claims)) => claims,
            Ok(None) => return Ok(None),
            Err(trouble) => {
                if !matches!(trouble, Outage::Open { .. }) {
                    tracing::warn!(provider = provider.settings.id, %trouble, "the keys of a provider could not be read");
                }
                let instead = Fallback::new("sign_in_here", "Sign in with an account of this server.");
                let detail = "The issuer of this token does not answer.";
                return Err(trouble.into_fault("provider_unavailable", detail, instead));
            }
        };
        let fits = claims.aud.holds(audience) && in_time(claims.exp, &[claims.nbf, claims.iat], now);
        if !fits || !is_subject(&claims.sub) {
            return Ok(None);
        }
        let name = format!("{}\n{}", provider.settings.issuer, claims.sub);
        if let Some(known) = self.federation.recent.get(&name, now) {
            return Ok(Some(known.caller.clone()));
        }
        let before = self.federation.recent.before();
        let row = queries::by_subject(&mut self.db.lookup().await?, &provider.settings.issuer, &claims.sub).await?;
        let Some(row) = row.filter(|row| row.status == "active") else { return Ok(None) };
        let known = Arc::new(known(row, claims.exp));
        self.federation.recent.put(before, (&name, known.session.id), known.clone(), now);
        Ok(Some(known.caller.clone()))
    }

    /// Forgets what is remembered of somebody's accounts at other providers.
    pub(crate) fn forget_connections_of(&self, user: UserId) {
        self.federation.recent.retain(|known| known.caller.user_id != user);
    }

    /// Who a caller is that came by another issuer's token.
    pub(crate) fn federated_presence(&self, caller: &Caller, now: Timestamp) -> Option<(Arc<User>, SessionView)> {
        let known = self.federation.recent.by_id(caller.session_id, now)?;
        Some((known.user.clone(), known.session))
    }

    /// Deletes sign-ins that nobody came back from.
    pub(crate) async fn sweep_attempts(&self) -> store::Result<u64> {
        let mut tx = self.db.begin().await?;
        let deleted = queries::sweep(&mut tx, self.ambient.now(), 5_000).await?;
        tx.commit().await?;
        Ok(deleted)
    }
}

fn known(row: Connected, exp: i64) -> KnownConnection {
    KnownConnection {
        caller: Caller {
            user_id: row.user_id,
            role: row.role.0,
            // There is no session of ours: what the token hangs on is the connection.
            session_id: row.id,
            credential: Credential::Token,
            second_factor: false,
            // What they have proven there, and when, we do not know.
            confirmed_at: None,
            scopes: None,
            memo: None,
        },
        session: SessionView {
            id: row.id,
            created_at: row.since,
            expires_at: Timestamp::from_micros(exp.saturating_mul(1_000_000)),
            confirmed_until: None,
        },
        user: Arc::new(User {
            id: row.user_id,
            email: row.email,
            display_name: row.display_name,
            role: row.role.0,
            locale: row.locale,
            time_zone: row.time_zone,
            created_at: row.created_at,
            second_factor: row.second_factor,
        }),
    }
}
