//! What holds on all instances of an installation: an end, within two seconds (A1-S3), and a signature, once (A2-15).
//!
//! Both are in the database: Redis is there, and nothing of this depends on it.

use crate::app::TestApp;
use crate::client::Client;
use crate::redis;
use crate::sharing::{ORIGIN, two};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use guard::Role;
use kernel::{Ambient, Secret};
use seal::signature::SigningKey;
use serde_json::{Value, json};
use std::time::Duration;

/// What nothing in these tests is to be stopped by.
const MANY: &[(&str, &str)] = &[("RATE_LIMIT_SIGN_IN_BY_ADDRESS", "1000/60"), ("RATE_LIMIT_SIGNED_IN", "10000/60")];

/// How long the other instance may go on.
const EVERYWHERE: Duration = Duration::from_secs(2);

const PROFILE: &str = "/auth/profile";

/// A new API key of somebody who has just signed in.
async fn api_key(owner: &Client, more: &[(&str, Value)]) -> Value {
    let mut wish = json!({"name": "A program", "scopes": ["identity:read"]});
    for (name, value) in more {
        wish[*name] = value.clone();
    }
    owner.post("/auth/api-keys", &wish).await.expect(201).json()
}

fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name].as_str().unwrap_or_else(|| panic!("no {name}: {body}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ends_at_one_instance_ends_at_the_other_within_two_seconds() {
    let (one, two) = two(&redis::url(), MANY).await;
    let (browser, script, owner) = (one.member().await, one.script().await, one.script().await);
    let email = one.person(Role::Member).await;
    let (first, second) = (browser_of(&one, &email).await, browser_of(&one, &email).await);
    let key = api_key(&owner, &[]).await;
    let program = Client::anonymous(&one.base).with("x-api-key", text(&key, "key"));
    // The last of these ends with all sessions of its owner, by the word of another one.
    let credentials = [(&browser, "/api/auth/me"), (&script, PROFILE), (&program, PROFILE), (&second, "/api/auth/me")];

    // Young in the memory of both when they end.
    for (credential, path) in credentials {
        credential.get(path).await.expect(200);
        credential.at(&two.base).get(path).await.expect(200);
    }
    browser.post("/api/auth/logout", &json!({})).await.expect(204);
    script.post("/auth/logout", &json!({})).await.expect(204);
    owner.delete(&format!("/auth/api-keys/{}", text(&key, "id"))).await.expect(204);
    first.post("/api/auth/sessions/revoke-all", &json!({})).await.expect(204);

    for (credential, path) in credentials {
        credential.get(path).await.problem(401, "authentication_required");
    }
    tokio::time::sleep(EVERYWHERE).await;
    for (credential, path) in credentials {
        credential.at(&two.base).get(path).await.problem(401, "authentication_required");
    }
    owner.at(&two.base).get(PROFILE).await.expect(200);
    one.end().await;
    two.end().await;
}

async fn browser_of(app: &TestApp, email: &str) -> Client {
    Client::browser(&app.base, email, crate::app::PASSWORD).await
}

/// A program that signs what it asks.
struct Signer {
    own: SigningKey,
    key: String,
    id: String,
    ambient: Ambient,
}

impl Signer {
    /// With a key of this person's that is good for nothing unsigned.
    async fn new(owner: &Client) -> Self {
        let ambient = Ambient::system();
        let own = SigningKey::from_seed(&Secret::new(ambient.bytes()));
        let public = json!({"kind": "ed25519", "public_key": BASE64.encode(&own.public())});
        let made = api_key(owner, &[("signing", public), ("require_signature", json!(true))]).await;
        Self { own, key: text(&made, "key").to_owned(), id: text(&made, "id").to_owned(), ambient }
    }

    /// A client whose every request is this one: `GET /auth/profile`, signed once.
    fn signed(&self, client: &Client) -> Client {
        let created = self.ambient.now().as_micros() / 1_000_000;
        let nonce = BASE64URL_NOPAD.encode(&self.ambient.bytes::<18>());
        let params = format!(
            "(\"@method\" \"@target-uri\" \"x-api-key\");created={created};expires={};nonce=\"{nonce}\";keyid=\"{}\";\
             tag=\"mindvibe\"",
            created + 60,
            self.id
        );
        let base = format!(
            "\"@method\": GET\n\"@target-uri\": {ORIGIN}{PROFILE}\n\"x-api-key\": {}\n\"@signature-params\": {params}",
            self.key
        );
        let signature = BASE64.encode(&self.own.sign(base.as_bytes()));
        client
            .with("x-api-key", &self.key)
            .with("signature-input", &format!("sig={params}"))
            .with("signature", &format!("sig=:{signature}:"))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_request_counts_once_for_all_instances() {
    let (one, two) = two(&redis::url(), MANY).await;
    let key_holder = Signer::new(&one.script().await).await;
    let nobody = one.anonymous();
    nobody.with("x-api-key", &key_holder.key).get(PROFILE).await.problem(401, "signature_required");
    for (first, again) in [(&one, &two), (&two, &one)] {
        let request = key_holder.signed(&nobody);
        request.at(&first.base).get(PROFILE).await.expect(200);
        request.at(&again.base).get(PROFILE).await.problem(401, "replayed");
        request.at(&first.base).get(PROFILE).await.problem(401, "replayed");
    }
    // At both in the same moment: one of them has it.
    for _ in 0..5 {
        let request = key_holder.signed(&nobody);
        let (here, there) = (request.at(&one.base), request.at(&two.base));
        let (here, there) = tokio::join!(here.get(PROFILE), there.get(PROFILE));
        let (taken, refused) = if here.status == 200 { (here, there) } else { (there, here) };
        taken.expect(200);
        refused.problem(401, "replayed");
    }
    one.end().await;
    two.end().await;
}
