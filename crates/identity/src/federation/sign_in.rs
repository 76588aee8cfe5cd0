//! Signing in by another provider: there with a state, a nonce and a challenge, and back with a code (OpenID Connect Core
//! 1.0, section 3.1, with PKCE).

use super::provider::{Provider, Trouble};
use super::queries::{self, Attempt, NewAttempt};
use super::{Audience, in_time, is_subject};
use crate::accounts::{Draft, Stored};
use crate::client::Client;
use crate::model::{DisplayName, Email, SessionKind};
use crate::notices::Notice;
use crate::tokens::Jws;
use crate::{Identity, Registration};
use data_encoding::BASE64URL_NOPAD;
use form_urlencoded::Serializer;
use guard::{Caller, Role};
use kernel::{Fault, Secret, UserId};
use seal::{Aad, Purpose, token};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// How long somebody may take at the provider.
pub(super) const PATIENCE: Duration = Duration::from_mins(10);

/// Why somebody who comes back is not let in; the name is what the sign-in page gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    /// Not this browser's sign-in, or one that is over.
    SignInAgain,
    /// The provider, or the person there, said no.
    Refused,
    /// The provider does not answer, or not as it must.
    Unavailable,
    /// The provider does not vouch for an address.
    EmailNotVerified,
    /// There is an account with that address: connect the two while signed in.
    ConnectFirst,
    /// That account there belongs to another account here.
    ConnectedElsewhere,
    /// Nobody may make an account.
    RegistrationClosed,
    /// The account may not be used.
    NotAllowed,
}

impl Problem {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::SignInAgain => "sign_in_again",
            Self::Refused => "provider_refused",
            Self::Unavailable => "provider_unavailable",
            Self::EmailNotVerified => "email_not_verified",
            Self::ConnectFirst => "connect_first",
            Self::ConnectedElsewhere => "connected_elsewhere",
            Self::RegistrationClosed => "registration_closed",
            Self::NotAllowed => "not_allowed",
        }
    }
}

/// How coming back ended.
pub(super) enum Outcome {
    /// A session begins, and they go on there.
    SignedIn { sid: Secret<String>, return_to: String },
    /// A second step is needed.
    MoreNeeded(Secret<String>),
    /// The account is connected.
    Connected { return_to: String },
    /// No.
    Problem(Problem),
}

/// What a callback brings.
pub(super) struct Callback {
    pub(super) code: Option<String>,
    pub(super) state: Option<Secret<String>>,
    /// The state as this browser was given it.
    pub(super) cookie: Option<Secret<String>>,
    pub(super) iss: Option<String>,
}

/// What an ID token says.
#[derive(Deserialize)]
struct IdClaims {
    sub: String,
    aud: Audience,
    exp: i64,
    iat: i64,
    nonce: String,
    azp: Option<String>,
    #[serde(flatten)]
    profile: Profile,
}

/// What a provider tells about somebody.
#[derive(Default, Deserialize)]
struct Profile {
    email: Option<String>,
    /// Only `true` is true, whatever else stands there.
    email_verified: Option<serde_json::Value>,
    name: Option<String>,
}

#[derive(Deserialize)]
struct UserInfo {
    sub: String,
    #[serde(flatten)]
    profile: Profile,
}

fn place(id: Uuid) -> Aad {
    Aad { table: "oidc_attempts", row: id, column: "verifier", user: Uuid::nil() }
}

impl Identity {
    fn redirect_uri(&self, provider: &Provider) -> String {
        format!("{}/api/auth/oidc/{}/callback", self.config.tokens.issuer, provider.settings.id)
    }

    /// Where to send a browser, and the state it has to come back with.
    pub(super) async fn leave_for(
        &self,
        provider: &Provider,
        return_to: String,
        link: Option<&Caller>,
    ) -> Result<Option<(String, Secret<String>)>, Fault> {
        let now = self.ambient.now();
        let metadata = match provider.metadata(now).await {
            Ok(metadata) => metadata,
            Err(trouble) => {
                warn(provider, &trouble);
                return Ok(None);
            }
        };
        let (state, hash) = token::mint(Purpose::State, &*self.ambient.rng);
        let random = || BASE64URL_NOPAD.encode(&self.ambient.bytes::<32>());
        let (id, nonce, verifier) = (self.ambient.uuid(), random(), Secret::new(random()));
        let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(verifier.expose()));
        let attempt = NewAttempt {
            hash,
            id,
            provider: provider.settings.id.clone(),
            nonce: nonce.clone(),
            verifier: self.token_key.seal(&place(id), verifier.expose().as_bytes(), &*self.ambient.rng),
            return_to,
            user_id: link.map(|caller| caller.user_id),
            session_id: link.map(|caller| caller.session_id),
            at: now,
            expires_at: now.plus(PATIENCE),
        };
        let mut tx = self.db.begin().await?;
        queries::begin(&mut tx, attempt).await?;
        tx.commit().await?;
        let mut query = Serializer::new(String::new());
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", provider.settings.client_id.as_deref().unwrap_or(""))
            .append_pair("redirect_uri", &self.redirect_uri(provider))
            .append_pair("scope", "openid email profile")
            .append_pair("state", state.expose())
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        let joint = if metadata.authorization_endpoint.contains('?') { '&' } else { '?' };
        Ok(Some((format!("{}{joint}{}", metadata.authorization_endpoint, query.finish()), state)))
    }

    /// Somebody comes back.
    pub(super) async fn come_back(
        self: &Arc<Self>,
        provider: &Provider,
        callback: Callback,
        client: &Client,
    ) -> Result<Outcome, Fault> {
        let now = self.ambient.now();
        let hash = |text: &Option<Secret<String>>| token::parse(Purpose::State, text.as_ref()?.expose());
        // The state in the address and the one in the browser: an answer to somebody else's sign-in is none to this one.
        let (Some(sent), Some(kept)) = (hash(&callback.state), hash(&callback.cookie)) else {
            return Ok(Outcome::Problem(Problem::SignInAgain));
        };
        if sent != kept {
            return Ok(Outcome::Problem(Problem::SignInAgain));
        }
        let mut tx = self.db.begin().await?;
        let attempt = queries::take(&mut tx, &sent).await?;
        tx.commit().await?;
        let attempt = attempt.filter(|found| found.provider == provider.settings.id && now < found.expires_at);
        let Some(attempt) = attempt else { return Ok(Outcome::Problem(Problem::SignInAgain)) };
        // Another provider's answer must not be taken to this one (RFC 9207).
        if callback.iss.is_some_and(|iss| iss != provider.settings.issuer) {
            return Ok(Outcome::Problem(Problem::Refused));
        }
        let Some(code) = callback.code else { return Ok(Outcome::Problem(Problem::Refused)) };
        let verifier = self.token_key.open(&place(attempt.id), &attempt.verifier)?;
        let verifier = std::str::from_utf8(&verifier).map_err(Fault::internal)?;
        match self.who(provider, &code, verifier, &attempt.nonce).await {
            Ok(Some((subject, profile))) => self.let_in(provider, &attempt, &subject, profile, client).await,
            Ok(None) => Ok(Outcome::Problem(Problem::Refused)),
            Err(trouble) => {
                warn(provider, &trouble);
                Ok(Outcome::Problem(Problem::Unavailable))
            }
        }
    }

    /// Who a code stands for; `None` when the ID token is not what it must be.
    async fn who(
        &self,
        provider: &Provider,
        code: &str,
        verifier: &str,
        nonce: &str,
    ) -> Result<Option<(String, Profile)>, Trouble> {
        let now = self.ambient.now();
        let client_id = provider.settings.client_id.as_deref().unwrap_or("");
        let tokens = provider.exchange(code, verifier, &self.redirect_uri(provider), now).await?;
        let Some(jws) = Jws::parse(&tokens.id_token) else { return Ok(None) };
        let Some(claims) = provider.verify::<IdClaims>(&jws, now).await? else { return Ok(None) };
        let for_us = claims.aud.holds(client_id)
            && claims.azp.as_deref().is_none_or(|azp| azp == client_id)
            // Several audiences need one that it was issued to.
            && (matches!(&claims.aud, Audience::One(_)) || claims.azp.is_some() || matches!(&claims.aud, Audience::Many(many) if many.len() == 1));
        let fits = for_us && claims.nonce == nonce && in_time(claims.exp, &[Some(claims.iat)], now);
        if !fits || !is_subject(&claims.sub) {
            return Ok(None);
        }
        let mut profile = claims.profile;
        if profile.email.is_none()
            && let Some(token) = &tokens.access_token
            && let Some(info) = provider.user_info::<UserInfo>(token, now).await?
        {
            // What it says of somebody else is not for us (section 5.3.2).
            if info.sub != claims.sub {
                return Ok(None);
            }
            profile = info.profile;
        }
        Ok(Some((claims.sub, profile)))
    }

    async fn let_in(
        self: &Arc<Self>,
        provider: &Provider,
        attempt: &Attempt,
        subject: &str,
        profile: Profile,
        client: &Client,
    ) -> Result<Outcome, Fault> {
        let issuer = &provider.settings.issuer;
        let known = queries::by_subject(&mut self.db.lookup().await?, issuer, subject).await?;
        if let Some(user) = attempt.user_id {
            return self.connect(provider, attempt, user, subject, client).await;
        }
        let user = match known {
            Some(known) if known.status == "active" => known.user_id,
            Some(_) => return Ok(Outcome::Problem(Problem::NotAllowed)),
            None => match self.make_connected_account(provider, subject, profile).await? {
                Ok(user) => user,
                Err(problem) => return Ok(Outcome::Problem(problem)),
            },
        };
        if self.needs_second_factor(user).await? {
            return Ok(Outcome::MoreNeeded(self.begin_challenge(user, SessionKind::Browser).await?));
        }
        let begun = self.begin_session(user, SessionKind::Browser, client).await?;
        Ok(match begun {
            Some(sid) => Outcome::SignedIn { sid, return_to: attempt.return_to.clone() },
            None => Outcome::Problem(Problem::NotAllowed),
        })
    }

    /// Connects the account there with the one here, if whoever comes back is still signed in here as the one who left.
    async fn connect(
        self: &Arc<Self>,
        provider: &Provider,
        attempt: &Attempt,
        user: UserId,
        subject: &str,
        client: &Client,
    ) -> Result<Outcome, Fault> {
        let hash = client.sid.as_ref().and_then(|sid| token::parse(Purpose::Session, sid.expose()));
        let known = match hash {
            Some(hash) => self.session_of(&hash).await?,
            None => None,
        };
        if known.is_none_or(|known| known.caller.user_id != user) {
            return Ok(Outcome::Problem(Problem::SignInAgain));
        }
        let (id, now, issuer) = (self.ambient.uuid(), self.ambient.now(), &provider.settings.issuer);
        let mut tx = self.db.begin().await?;
        if queries::insert(&mut tx, id, user, issuer, subject, now).await? {
            self.note(&mut tx, user, "provider_connected", client).await?;
            let notice = Notice::ProviderChanged { provider: provider.settings.name.clone(), connected: true };
            self.notify(&mut tx, user, notice).await?;
            tx.commit().await?;
        } else {
            let theirs = queries::by_subject(&mut tx, issuer, subject).await?;
            tx.rollback().await?;
            if theirs.is_none_or(|theirs| theirs.user_id != user) {
                return Ok(Outcome::Problem(Problem::ConnectedElsewhere));
            }
        }
        Ok(Outcome::Connected { return_to: attempt.return_to.clone() })
    }

    /// An account for somebody who has none, with the address that their provider vouches for.
    async fn make_connected_account(
        &self,
        provider: &Provider,
        subject: &str,
        profile: Profile,
    ) -> Result<Result<UserId, Problem>, Fault> {
        if self.config.registration != Registration::Open {
            return Ok(Err(Problem::RegistrationClosed));
        }
        let vouched = profile.email_verified == Some(serde_json::Value::Bool(true));
        let Some(email) = profile.email.filter(|_| vouched).and_then(|email| Email::parse(&email).ok()) else {
            return Ok(Err(Problem::EmailNotVerified));
        };
        if let Some(here) = crate::queries::find_user(&mut self.db.lookup().await?, email.folded()).await? {
            if kernel::weaken::is("X-CVE-2026-53516") {
                return Ok(Ok(here.id));
            }
            return Ok(Err(Problem::ConnectFirst));
        }
        let name = profile.name.and_then(|name| DisplayName::parse(&name).ok());
        let display_name = name.unwrap_or_else(|| DisplayName::of(&email));
        // Nobody knows this password, so nobody signs in with it; it can be set by mail.
        let password = Secret::new(BASE64URL_NOPAD.encode(&self.ambient.bytes::<48>()));
        let draft = Draft { email, display_name, password };
        let Stored::Made(user) = self.store_account(draft, Role::Member).await? else {
            return Ok(Err(Problem::ConnectFirst));
        };
        let (id, now) = (self.ambient.uuid(), self.ambient.now());
        let mut tx = self.db.begin().await?;
        let connected = queries::insert(&mut tx, id, user.id, &provider.settings.issuer, subject, now).await?;
        tx.commit().await?;
        if !connected {
            // They came back twice at once, and the other one was first.
            self.remove_user(user.id).await?;
            return Ok(Err(Problem::SignInAgain));
        }
        Ok(Ok(user.id))
    }
}

fn warn(provider: &Provider, trouble: &Trouble) {
    tracing::warn!(provider = provider.settings.id, %trouble, "a provider could not be spoken with");
}
