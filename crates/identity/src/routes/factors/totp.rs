//! `/api/auth/2fa`: the authenticator app and the backup codes.

use super::sessions::Nothing;
use super::{raised, shown};
use crate::Identity;
use crate::client::Client;
use crate::factors::queries;
use crate::factors::step_up::in_person;
use axum::extract::State;
use axum::response::Response;
use guard::{Caller, Confirmed, Json, Limits};
use http::StatusCode;
use kernel::{Fault, Kind, Secret};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// What an account has besides its password.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FactorStatus {
    /// Whether an authenticator app is set up.
    totp: bool,
    /// How many backup codes are left.
    #[schema(minimum = 0, maximum = 10)]
    backup_codes_left: i64,
    /// How many passkeys there are.
    #[schema(minimum = 0, maximum = 20)]
    passkeys: i64,
    /// How many devices need not show a second factor.
    #[schema(minimum = 0, maximum = 20)]
    trusted_devices: i64,
}

/// Tells which second factors the caller has.
#[utoipa::path(get, path = "/api/auth/2fa", operation_id = "second_factor_status", tag = "identity",
    extensions(("x-auth" = json!("caller"))),
    responses((status = 200, body = FactorStatus), (status = 401, body = guard::ProblemBody)))]
pub(crate) async fn status(State(identity): State<Arc<Identity>>, caller: Caller) -> guard::Result<Json<FactorStatus>> {
    in_person(&caller)?;
    let now = identity.ambient.now();
    let standing = queries::standing(&mut identity.db.lookup().await?, caller.user_id, now).await?;
    Ok(Json(FactorStatus {
        totp: standing.totp > 0,
        backup_codes_left: standing.backup_codes,
        passkeys: standing.passkeys,
        trusted_devices: standing.devices,
    }))
}

/// What an authenticator app is given. It is shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct TotpSetup {
    /// The secret in base 32, to type in.
    #[schema(min_length = 32, max_length = 32)]
    secret: String,
    /// The same as a key URI.
    #[schema(max_length = 2000)]
    uri: String,
    /// The same as a QR code: an SVG picture.
    #[schema(max_length = 200_000)]
    qr_svg: String,
}

/// Begins the set-up of an authenticator app. Nothing changes until a code of it was shown.
#[utoipa::path(post, path = "/api/auth/2fa/setup", operation_id = "set_up_totp", tag = "identity",
    extensions(("x-auth" = json!("caller"))), request_body = Nothing,
    responses(
        (status = 200, body = TotpSetup),
        (status = 401, body = guard::ProblemBody, description = "`step_up_required`"),
        (status = 409, body = guard::ProblemBody, description = "`totp_enabled`"),
        (status = 422, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn set_up(
    State(identity): State<Arc<Identity>>,
    Confirmed(caller): Confirmed,
    _: Json<Nothing>,
) -> guard::Result<Json<TotpSetup>> {
    in_person(&caller)?;
    let known = identity.session_by_id(caller.session_id).await?;
    let known = known.ok_or_else(|| Fault::new(Kind::Unauthenticated, "authentication_required", "Sign in first."))?;
    let prepared = identity.prepare_totp(caller.user_id, &known.user.email).await?;
    Ok(Json(TotpSetup {
        secret: prepared.secret.expose().clone(),
        uri: prepared.uri.expose().clone(),
        qr_svg: prepared.picture,
    }))
}

/// A code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeRequest {
    /// Of the authenticator app; to switch it off, a backup code will do.
    #[schema(value_type = String, max_length = 64)]
    code: Secret<String>,
}

/// A backup code, as it is written down: `SS-XXXXX-XXXXX`.
#[derive(ToSchema)]
#[schema(value_type = String, min_length = 14, max_length = 14)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct BackupCode(String);

/// New backup codes. They are shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct BackupCodes {
    /// Ten of them; each works once.
    #[schema(value_type = Vec<BackupCode>, min_items = 10, max_items = 10)]
    backup_codes: Vec<String>,
}

/// Switches the authenticator app on by its first code. The present session has shown a second factor by that, and goes on
/// under another id.
#[utoipa::path(post, path = "/api/auth/2fa/enable", operation_id = "enable_totp", tag = "identity",
    extensions(("x-auth" = json!("caller"))), request_body = CodeRequest,
    responses(
        (status = 200, body = BackupCodes),
        (status = 401, body = guard::ProblemBody, description = "`invalid_code`"),
        (status = 409, body = guard::ProblemBody, description = "`totp_enabled`, `totp_not_begun`"),
        (status = 422, body = guard::ProblemBody),
        (status = 429, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn enable(
    State(identity): State<Arc<Identity>>,
    caller: Caller,
    limits: Limits,
    client: Client,
    Json(request): Json<CodeRequest>,
) -> guard::Result<Response> {
    in_person(&caller)?;
    let (codes, by) = identity.enable_totp(&limits, &client, &caller, &request.code).await?;
    let body = BackupCodes { backup_codes: shown(&codes) };
    Ok(raised(&identity, caller.session_id, &by, StatusCode::OK, body).await?)
}

/// Switches the authenticator app off. Without another second factor the backup codes and trusted devices go with it.
#[utoipa::path(post, path = "/api/auth/2fa/disable", operation_id = "disable_totp", tag = "identity",
    extensions(("x-auth" = json!("caller"))), request_body = CodeRequest,
    responses(
        (status = 204),
        (status = 401, body = guard::ProblemBody, description = "`invalid_code`, `step_up_required`"),
        (status = 422, body = guard::ProblemBody),
        (status = 429, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn disable(
    State(identity): State<Arc<Identity>>,
    Confirmed(caller): Confirmed,
    limits: Limits,
    client: Client,
    Json(request): Json<CodeRequest>,
) -> guard::Result<StatusCode> {
    in_person(&caller)?;
    if kernel::weaken::is("O-8") {
        return Err(Fault::internal("no such column: mfa_enabled").into());
    }
    identity.disable_totp(&limits, &client, caller.user_id, request.code).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes ten new backup codes; the ones before are void.
#[utoipa::path(post, path = "/api/auth/2fa/regenerate-backup-codes", operation_id = "regenerate_backup_codes",
    tag = "identity", extensions(("x-auth" = json!("caller"))), request_body = Nothing,
    responses(
        (status = 200, body = BackupCodes),
        (status = 401, body = guard::ProblemBody, description = "`step_up_required`"),
        (status = 409, body = guard::ProblemBody, description = "`no_second_factor`"),
        (status = 422, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn regenerate(
    State(identity): State<Arc<Identity>>,
    Confirmed(caller): Confirmed,
    client: Client,
    _: Json<Nothing>,
) -> guard::Result<Json<BackupCodes>> {
    in_person(&caller)?;
    let codes = identity.regenerate_codes(&client, caller.user_id).await?;
    Ok(Json(BackupCodes { backup_codes: shown(&codes) }))
}
