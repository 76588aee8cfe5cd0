//! `POST /api/auth/signup` and, for clients that are no browser, `POST /auth/register`: a stranger wants an account.

use crate::accounts::Draft;
use crate::errands::{Errand, Pending};
use crate::invitations::invite_required;
use crate::model::{LocaleTag, TimeZone};
use crate::{Identity, Registration, account_queries};
use axum::extract::State;
use guard::{Class, Json, Limits, Role};
use http::StatusCode;
use kernel::{Fault, Kind, Secret};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Who wants an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignupRequest {
    /// The address to sign in with.
    #[schema(max_length = 254)]
    email: String,
    /// At least 15 characters; or 10 with lower case, upper case, a digit and a sign.
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 128)]
    password: Secret<String>,
    /// What to be called; the part of the address before the `@` when nothing is said.
    #[schema(min_length = 1, max_length = 80)]
    display_name: Option<String>,
    /// The language to be written to in, such as `de`; English when nothing is said.
    #[schema(max_length = 35)]
    locale: Option<String>,
    /// The zone the days are counted in, such as `Europe/Berlin`; UTC when nothing is said.
    #[schema(max_length = 64)]
    time_zone: Option<String>,
    /// The token of an invitation.
    #[schema(value_type = Option<String>, max_length = 64)]
    invite: Option<Secret<String>>,
}

struct Closed;

impl From<Closed> for Fault {
    fn from(_: Closed) -> Self {
        Self::new(Kind::Forbidden, "registration_closed", "Accounts are made by whoever runs this server. Ask them.")
    }
}

/// The same for everybody, whether or not anybody has the address.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MessageAnswer {
    /// What happens next.
    #[schema(max_length = 100)]
    pub(super) message: &'static str,
}

const MESSAGE: &str = "If this email is available, a confirmation will be sent";

/// Asks for an account. If the address is free, a letter with a link goes there, and the account is made when that link is
/// used; if it is not, a letter tells its owner. The answer is the same. Where registration is by invitation, or the server
/// has no mail, it takes an invitation.
#[utoipa::path(post, path = "/api/auth/signup", operation_id = "sign_up", tag = "identity",
    extensions(("x-auth" = json!("public"))), request_body = SignupRequest,
    responses(
        (status = 202, body = MessageAnswer),
        (status = 403, body = guard::ProblemBody, description = "`registration_closed`, `invite_required`"),
        (status = 410, body = guard::ProblemBody, description = "`link_void`: the invitation was used or is over"),
        (status = 422, body = guard::ProblemBody),
        (status = 429, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(identity): State<Arc<Identity>>,
    limits: Limits,
    Json(request): Json<SignupRequest>,
) -> guard::Result<(StatusCode, Json<MessageAnswer>)> {
    sign_up(&identity, &limits, request).await
}

/// The same for clients that are no browser.
#[utoipa::path(post, path = "/auth/register", operation_id = "token_sign_up", tag = "identity",
    extensions(("x-auth" = json!("public"))), request_body = SignupRequest,
    responses(
        (status = 202, body = MessageAnswer),
        (status = 403, body = guard::ProblemBody, description = "`registration_closed`, `invite_required`"),
        (status = 410, body = guard::ProblemBody, description = "`link_void`: the invitation was used or is over"),
        (status = 422, body = guard::ProblemBody),
        (status = 429, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn register(
    State(identity): State<Arc<Identity>>,
    limits: Limits,
    Json(request): Json<SignupRequest>,
) -> guard::Result<(StatusCode, Json<MessageAnswer>)> {
    sign_up(&identity, &limits, request).await
}

async fn sign_up(
    identity: &Identity,
    limits: &Limits,
    request: SignupRequest,
) -> guard::Result<(StatusCode, Json<MessageAnswer>)> {
    let SignupRequest { email, password, display_name, locale, time_zone, invite } = request;
    if identity.config.registration == Registration::Closed {
        return Err(Closed.into());
    }
    limits.by_address(Class::SignUp).await?;
    let mut faults = Vec::new();
    let locale = locale.as_deref().map(LocaleTag::parse).transpose().map_err(|fault| faults.push(fault)).ok().flatten();
    let zone = time_zone.as_deref().map(TimeZone::parse).transpose().map_err(|fault| faults.push(fault)).ok().flatten();
    let draft = match Draft::new(identity.config.password_mode, &email, display_name.as_deref(), password) {
        Ok(draft) if faults.is_empty() => draft,
        Ok(_) => return Err(Fault::invalid(faults).into()),
        Err(fault) => return Err(Fault::invalid(fault.fields().iter().cloned().chain(faults).collect()).into()),
    };
    let invitation = match &invite {
        Some(text) => Some(identity.invitation_of(text, &draft.email).await?),
        None if identity.config.registration == Registration::Invite || !identity.has_mail() => {
            let detail = "Accounts are made by invitation here. Ask whoever runs this server for one.";
            return Err(invite_required(detail).into());
        }
        None => None,
    };
    limits.by_key(Class::Letters, &identity.subject(draft.email.folded())).await?;
    if kernel::weaken::is("A1-H4") && identity.find_user(&email).await?.is_some() {
        return Err(Fault::new(Kind::Conflict, "taken", "This address has an account.").into());
    }
    let password_phc = identity.pool.hash(draft.password, identity.ambient.rng.clone()).await.map_err(Fault::from)?;
    let pending = Pending {
        email: draft.email.written().to_owned(),
        display_name: draft.display_name.as_str().to_owned(),
        password_phc,
        locale: locale.map_or_else(|| "en".to_owned(), |locale| locale.0),
        time_zone: zone.map_or_else(|| "UTC".to_owned(), |zone| zone.0),
        role: invitation.as_ref().map_or(Role::Member, account_queries::role),
        invitation: invitation.as_ref().map(|row| row.id),
    };
    let now = identity.ambient.now();
    let mut tx = identity.db.begin().await?;
    if let Some(row) = &invitation
        && !account_queries::use_invitation(&mut tx, row.id, now).await?
    {
        return Err(crate::links::void().into());
    }
    identity.send_on_errand(&mut tx, &Errand::SignUp(pending), identity.soon()).await?;
    tx.commit().await?;
    Ok((StatusCode::ACCEPTED, Json(MessageAnswer { message: MESSAGE })))
}
