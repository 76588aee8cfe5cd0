//! Passkeys (Web Authentication, level 3): added, asked, used.
//!
//! A passkey verifies its user by itself, so that one of them is both factors. One kind of question serves every purpose: it
//! names the credentials that may answer, or none where whoever has one is to be found out; the answer is looked up by its
//! credential and must belong to whom it was asked for. What was asked is kept sealed, for five minutes and one answer
//! (docs/decisions/0006-passkey-ceremonies.md).

use super::{Method, queries};
use crate::Identity;
use crate::accounts::NoEntry;
use crate::client::Client;
use crate::notices::Notice;
use data_encoding::BASE64URL_NOPAD;
use guard::{Caller, Class, Limits};
use kernel::{Fault, FieldFault, Kind, Secret, Timestamp, UserId};
use seal::{Aad, DataKey};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::time::Duration;
use store::Tx;
use uuid::Uuid;
use webauthn_rs::prelude::{
    CredentialID, DiscoverableAuthentication, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Url, Webauthn, WebauthnBuilder,
};

/// How long an answer may take.
const LIFE: Duration = Duration::from_mins(5);
/// How many one person may have.
const MOST: usize = 20;
const REGISTER: &str = "register";
const SIGN_IN: &str = "sign_in";

/// What this server is to a passkey, and the keys for what it asks.
pub(crate) struct RelyingParty {
    /// `None` where the public address names no domain, such as a bare IP address: no browser makes a passkey for that.
    webauthn: Option<Webauthn>,
    key: DataKey,
}

impl RelyingParty {
    /// For the origin people reach this server at.
    pub(crate) fn new(public_url: &str, ceremonies: &Secret<[u8; 32]>) -> Self {
        let origin = Url::parse(public_url).ok();
        let webauthn = origin.as_ref().and_then(|origin| {
            let builder = WebauthnBuilder::new(origin.domain()?, origin).ok()?;
            builder.rp_name("MindVibe").timeout(LIFE).build().ok()
        });
        Self { webauthn, key: DataKey::of_server(ceremonies) }
    }

    /// Whether there is a name that passkeys can be bound to.
    pub(crate) const fn has_name(&self) -> bool {
        self.webauthn.is_some()
    }

    fn get(&self) -> Result<&Webauthn, Fault> {
        self.webauthn.as_ref().ok_or_else(|| {
            Fault::new(Kind::Conflict, "passkeys_unavailable", "Passkeys need this server to be reached by a name.")
        })
    }
}

/// A passkey as its owner sees it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct PasskeyView {
    /// Its id here.
    #[schema(value_type = String, format = Uuid, min_length = 36, max_length = 36)]
    pub(crate) id: Uuid,
    /// What its owner calls it.
    #[schema(min_length = 1, max_length = 64)]
    pub(crate) name: String,
    /// Since when.
    pub(crate) created_at: Timestamp,
    /// When it was last used.
    pub(crate) last_used_at: Option<Timestamp>,
    /// Whether its maker keeps a copy, so that it survives the device.
    pub(crate) backed_up: bool,
}

/// A passkey that has answered.
pub(crate) struct Used {
    id: Uuid,
    credential: Vec<u8>,
    backed_up: bool,
}

/// What a browser's `toJSON()` makes of an answer.
pub(crate) fn read<T: DeserializeOwned>(field: &'static str, answer: Value) -> Result<T, Fault> {
    serde_json::from_value(answer).map_err(|_| Fault::field(field, "invalid", "what the browser's toJSON() gives"))
}

/// What a passkey is called: 1 to 64 characters on one line.
pub(crate) fn read_name(text: &str) -> Result<String, Fault> {
    let fault = |code, detail| {
        Fault::invalid(vec![FieldFault { field: Cow::Borrowed("name"), code, detail: Cow::Borrowed(detail) }])
    };
    let name = text.trim();
    match name.chars().take(65).count() {
        0 => Err(fault("missing", "1 to 64 characters")),
        1..=64 if name.chars().any(char::is_control) => Err(fault("invalid", "no line breaks or control characters")),
        1..=64 => Ok(name.to_owned()),
        _ => Err(fault("too_long", "at most 64 characters")),
    }
}

fn hash_of(credential: &[u8]) -> [u8; 32] {
    Sha256::digest(credential).into()
}

const fn place(user: UserId, id: Uuid, column: &'static str) -> Aad {
    Aad { table: "passkeys", row: id, column, user: user.uuid() }
}

/// Names the credentials that may answer.
fn allow(options: &mut Value, credentials: &[CredentialID]) {
    options["allowCredentials"] =
        credentials.iter().map(|id| json!({ "type": "public-key", "id": BASE64URL_NOPAD.encode(id) })).collect();
}

impl Identity {
    /// Whether passkeys work at the address people reach this server at.
    pub(crate) const fn has_passkeys(&self) -> bool {
        self.relying_party.webauthn.is_some()
    }

    async fn keep_ceremony<T: Serialize + Sync>(
        &self,
        (id, kind): (Uuid, &'static str),
        user: Option<UserId>,
        state: &T,
    ) -> Result<(), Fault> {
        let place = Aad { table: "ceremonies", row: id, column: kind, user: user.map_or(Uuid::nil(), UserId::uuid) };
        let state = serde_json::to_vec(state).map_err(Fault::internal)?;
        let sealed = self.relying_party.key.seal(&place, &state, &*self.ambient.rng);
        let until = self.ambient.now().plus(LIFE);
        let mut tx = self.db.begin().await?;
        queries::insert_ceremony(&mut tx, id, kind, user, sealed, until).await?;
        Ok(tx.commit().await?)
    }

    /// What was asked, once; nothing when it was asked of somebody else or too long ago.
    async fn take_ceremony<T: DeserializeOwned>(
        &self,
        (id, kind): (Uuid, &'static str),
        user: Option<UserId>,
    ) -> Result<Option<T>, Fault> {
        let mut tx = self.db.begin().await?;
        let anybodys = kind == REGISTER && kernel::weaken::is("X-CVE-2026-105209");
        let taken = queries::take_ceremony(&mut tx, id, kind, user, anybodys).await?;
        tx.commit().await?;
        let Some(taken) = taken.filter(|taken| self.ambient.now() < taken.expires_at) else { return Ok(None) };
        let asked = taken.user_id.map_or(Uuid::nil(), UserId::uuid);
        let place = Aad { table: "ceremonies", row: id, column: kind, user: asked };
        let state = self.relying_party.key.open(&place, &taken.state).map_err(Fault::internal)?;
        serde_json::from_slice(&state).map(Some).map_err(Fault::internal)
    }

    async fn passkeys_of(&self, user: UserId) -> Result<Vec<(queries::Passkey, Passkey)>, Fault> {
        let rows = queries::list_passkeys(&mut self.db.lookup().await?, user).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let key = self.keys.of(user).await?;
        rows.into_iter().map(|row| open(&key, &row).map(|passkey| (row, passkey))).collect()
    }

    /// Asks somebody's passkeys, if they are among what is taken here.
    pub(super) async fn ask_passkeys(
        &self,
        user: UserId,
        ceremony: (Uuid, &'static str),
        methods: &[Method],
    ) -> Result<Option<Value>, Fault> {
        if !methods.contains(&Method::Passkey) || !self.has_passkeys() {
            return Ok(None);
        }
        let known: Vec<_> =
            self.passkeys_of(user).await?.iter().map(|(_, passkey)| passkey.cred_id().clone()).collect();
        self.ask(ceremony, Some(user), &known).await.map(Some)
    }

    async fn ask(
        &self,
        ceremony: (Uuid, &'static str),
        user: Option<UserId>,
        credentials: &[CredentialID],
    ) -> Result<Value, Fault> {
        let (question, state) =
            self.relying_party.get()?.start_discoverable_authentication().map_err(Fault::internal)?;
        let mut options = serde_json::to_value(&question.public_key).map_err(Fault::internal)?;
        allow(&mut options, credentials);
        self.keep_ceremony(ceremony, user, &state).await?;
        Ok(options)
    }

    /// Whether a passkey's answer is right, and whose it is. `user` is whom it was asked for; nobody in particular when they
    /// are to be found out.
    pub(super) async fn check_passkey(
        &self,
        user: Option<UserId>,
        answer: &PublicKeyCredential,
        ceremony: (Uuid, &'static str),
    ) -> Result<Option<(UserId, Used)>, Fault> {
        let Some(state) = self.take_ceremony::<DiscoverableAuthentication>(ceremony, user).await? else {
            return Ok(None);
        };
        let hash = hash_of(answer.get_credential_id());
        let Some(row) = queries::find_passkey(&mut self.db.lookup().await?, hash).await? else {
            return Ok(None);
        };
        let handle = answer.get_user_unique_id();
        if user.is_some_and(|user| user != row.user_id)
            || handle.is_some_and(|handle| handle != row.user_id.uuid().as_bytes())
        {
            return Ok(None);
        }
        let key = self.keys.of(row.user_id).await?;
        let mut passkey = open(&key, &row)?;
        let verdict = self.relying_party.get()?.finish_discoverable_authentication_v2(answer, state, &passkey);
        let result = match verdict {
            Ok(result) if result.user_verified() => result,
            Ok(_) => return Ok(None),
            Err(error) => {
                tracing::debug!(%error, "a passkey's answer was refused");
                return Ok(None);
            }
        };
        passkey.update_credential(&result);
        let text = serde_json::to_vec(&passkey).map_err(Fault::internal)?;
        let credential = key.seal(&place(row.user_id, row.id, "credential"), &text, &*self.ambient.rng);
        Ok(Some((row.user_id, Used { id: row.id, credential, backed_up: result.backup_state() })))
    }

    pub(super) async fn use_passkey(&self, tx: &mut Tx, user: UserId, shown: Used) -> Result<bool, Fault> {
        let at = self.ambient.now();
        Ok(queries::use_passkey(tx, user, shown.id, shown.credential, shown.backed_up, at).await?)
    }

    /// Somebody's passkeys.
    pub(crate) async fn list_passkeys(&self, user: UserId) -> Result<Vec<PasskeyView>, Fault> {
        let rows = queries::list_passkeys(&mut self.db.lookup().await?, user).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let key = self.keys.of(user).await?;
        rows.iter().map(|row| view(&key, row)).collect()
    }

    /// Asks a browser for a new passkey.
    ///
    /// # Errors
    /// 409 `passkeys_unavailable`, `too_many_passkeys`.
    pub(crate) async fn begin_passkey(&self, caller: &Caller, name: (&str, &str)) -> Result<(Uuid, Value), Fault> {
        let user = caller.user_id;
        let known: Vec<_> =
            self.passkeys_of(user).await?.iter().map(|(_, passkey)| passkey.cred_id().clone()).collect();
        if known.len() >= MOST {
            return Err(Fault::new(Kind::Conflict, "too_many_passkeys", "At most 20. Remove one that you do not use."));
        }
        let party = self.relying_party.get()?;
        let begun = party.start_passkey_registration(user.uuid(), name.0, name.1, Some(known));
        let (question, state) = begun.map_err(Fault::internal)?;
        let mut options = serde_json::to_value(&question.public_key).map_err(Fault::internal)?;
        // Kept by the device where it can, so that signing in takes no address.
        options["authenticatorSelection"]["residentKey"] = json!("preferred");
        let id = self.ambient.uuid();
        self.keep_ceremony((id, REGISTER), Some(user), &state).await?;
        Ok((id, options))
    }

    /// Adds the passkey that a browser has made.
    ///
    /// # Errors
    /// 410 `ceremony_void`, 422 `invalid_fields` for an answer that does not hold, 409 `passkey_known`.
    pub(crate) async fn add_passkey(
        &self,
        client: &Client,
        caller: &Caller,
        ceremony: Uuid,
        name: &str,
        credential: Value,
    ) -> Result<(PasskeyView, super::step_up::Raised), Fault> {
        let user = caller.user_id;
        let name = read_name(name)?;
        let answer: RegisterPublicKeyCredential = read("credential", credential)?;
        let state = self.take_ceremony::<PasskeyRegistration>((ceremony, REGISTER), Some(user)).await?;
        let state = state.ok_or_else(|| Fault::new(Kind::Gone, "ceremony_void", "This took too long. Begin again."))?;
        let made = self.relying_party.get()?.finish_passkey_registration(&answer, &state).map_err(|error| {
            tracing::debug!(%error, "a new passkey was refused");
            Fault::field("credential", "invalid", "an answer to what was asked, with the user verified")
        })?;
        let key = self.keys.of(user).await?;
        let (id, at) = (self.ambient.uuid(), self.ambient.now());
        let stored = serde_json::to_value(&made).map_err(Fault::internal)?;
        // The type does not tell; what it is stored as does.
        let backed_up = stored["cred"]["backup_state"].as_bool().unwrap_or(false);
        let seal = |column, text: &[u8]| key.seal(&place(user, id, column), text, &*self.ambient.rng);
        let new = queries::NewPasskey {
            id,
            user,
            credential_hash: hash_of(made.cred_id()),
            credential: seal("credential", stored.to_string().as_bytes()),
            name: seal("name", name.as_bytes()),
            backed_up,
            at,
        };
        let mut tx = self.db.begin().await?;
        queries::insert_passkey(&mut tx, new).await.map_err(|error| {
            if error.is_unique("passkeys_credential_hash_key") {
                Fault::new(Kind::Conflict, "passkey_known", "This passkey is in use already.")
            } else {
                error.into()
            }
        })?;
        queries::enrol(&mut tx, user).await?;
        self.note(&mut tx, user, "passkey_added", client).await?;
        self.notify(&mut tx, user, Notice::PasskeyChanged { name: name.clone(), added: true }).await?;
        let raised = self.raise(&mut tx, client, caller, true).await?;
        tx.commit().await?;
        // All of the account's sessions carry whether it has a second factor.
        self.forget(user);
        Ok((PasskeyView { id, name, created_at: at, last_used_at: None, backed_up }, raised))
    }

    /// Calls a passkey something else.
    pub(crate) async fn rename_passkey(&self, user: UserId, id: Uuid, name: &str) -> Result<PasskeyView, Fault> {
        let name = read_name(name)?;
        let key = self.keys.of(user).await?;
        let sealed = key.seal(&place(user, id, "name"), name.as_bytes(), &*self.ambient.rng);
        let mut tx = self.db.begin().await?;
        if !queries::rename_passkey(&mut tx, user, id, sealed).await? {
            return Err(Fault::not_found());
        }
        let row = queries::find_passkey_by_id(&mut tx, user, id).await?.ok_or_else(Fault::not_found)?;
        tx.commit().await?;
        view(&key, &row)
    }

    /// Removes a passkey.
    pub(crate) async fn remove_passkey(&self, client: &Client, user: UserId, id: Uuid) -> Result<(), Fault> {
        let key = self.keys.of(user).await?;
        let mut tx = self.db.begin().await?;
        let row = queries::find_passkey_by_id(&mut tx, user, id).await?.ok_or_else(Fault::not_found)?;
        let name = view(&key, &row)?.name;
        if !queries::delete_passkey(&mut tx, user, id).await? {
            return Err(Fault::not_found());
        }
        self.left_over(&mut tx, user).await?;
        self.note(&mut tx, user, "passkey_removed", client).await?;
        self.notify(&mut tx, user, Notice::PasskeyChanged { name, added: false }).await?;
        tx.commit().await?;
        self.forget(user);
        Ok(())
    }

    /// Asks whoever wants to sign in for a passkey. Which one is up to the device: it knows those it has for this server, and
    /// a list of an address's passkeys, true or invented, would say something of the address (A1-H4).
    ///
    /// # Errors
    /// 409 `passkeys_unavailable`.
    pub(crate) async fn ask_to_sign_in(&self) -> Result<(Uuid, Value), Fault> {
        let id = self.ambient.uuid();
        let options = self.ask((id, SIGN_IN), None, &[]).await?;
        Ok((id, options))
    }

    /// Whose passkey has answered. The caller begins the session, for which both factors were shown.
    ///
    /// # Errors
    /// 401 `invalid_credentials` whatever is wrong, also while the account is locked; 422, 429.
    pub(crate) async fn sign_in_by_passkey(
        &self,
        limits: &Limits,
        client: &Client,
        ceremony: Uuid,
        credential: Value,
    ) -> Result<UserId, Fault> {
        limits.by_address(Class::SignInByAddress).await?;
        let wrong = || Fault::from(NoEntry::Refused);
        let answer: PublicKeyCredential = read("credential", credential)?;
        let hash = hash_of(answer.get_credential_id());
        let row = queries::find_passkey(&mut self.db.lookup().await?, hash).await?.ok_or_else(wrong)?;
        let lane = self.lane(client, row.user_id).await?;
        let counted = self.count_proof(row.user_id, lane, client).await?.ok_or_else(wrong)?;
        let (user, shown) = self.check_passkey(None, &answer, (ceremony, SIGN_IN)).await?.ok_or_else(wrong)?;
        let mut tx = self.db.begin().await?;
        if !self.use_passkey(&mut tx, user, shown).await? {
            return Err(wrong());
        }
        tx.commit().await?;
        self.won(counted).await?;
        Ok(user)
    }
}

fn open(key: &DataKey, row: &queries::Passkey) -> Result<Passkey, Fault> {
    let text = key.open(&place(row.user_id, row.id, "credential"), &row.credential).map_err(Fault::internal)?;
    serde_json::from_slice(&text).map_err(Fault::internal)
}

fn view(key: &DataKey, row: &queries::Passkey) -> Result<PasskeyView, Fault> {
    let name = key.open(&place(row.user_id, row.id, "name"), &row.name).map_err(Fault::internal)?;
    Ok(PasskeyView {
        id: row.id,
        name: String::from_utf8(name.to_vec()).map_err(Fault::internal)?,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
        backed_up: row.backed_up,
    })
}
