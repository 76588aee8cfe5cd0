//! Passkeys, answered by an authenticator written here: ES256, attestation `none`.

use super::agent::{Agent, App};
use super::factors::roomy;
use super::harness::{Answer, House, ORIGIN};
use data_encoding::BASE64URL_NOPAD;
use http::Method;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;
use store::{Db, Sql};

store::conformance!(
    one_is_added_named_used_and_removed,
    it_is_the_second_step,
    it_confirms_a_session,
    no_answer_works_twice_or_late_or_elsewhere,
    what_is_not_verified_is_refused,
    of_another_account_it_is_nobodys,
    a_bare_address_has_none,
    names_and_keys_are_sealed,
);

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const BACKED_UP: u8 = 0x18;
const ATTESTED: u8 = 0x40;

/// An authenticator with one passkey.
pub(super) struct Authenticator {
    key: SigningKey,
    id: Vec<u8>,
    handle: Vec<u8>,
    flags: u8,
    origin: String,
}

fn encode(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

impl Authenticator {
    fn new(house: &House) -> Self {
        // Any number but zero and those beyond the curve's order, which begin with 32 set bits.
        let mut secret = house.ambient.bytes::<32>();
        secret[0] = 1;
        Self {
            key: SigningKey::from_slice(&secret).unwrap(),
            id: house.ambient.bytes::<32>().to_vec(),
            handle: Vec::new(),
            flags: PRESENT | VERIFIED | BACKED_UP,
            origin: ORIGIN.to_owned(),
        }
    }

    fn client_data(&self, kind: &str, options: &Value) -> String {
        let challenge = &options["challenge"];
        json!({ "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false }).to_string()
    }

    fn head(flags: u8) -> Vec<u8> {
        let mut data = Sha256::digest(b"mind.example").to_vec();
        data.push(flags);
        // Passkeys that are kept in several places do not count.
        data.extend([0; 4]);
        data
    }

    /// `navigator.credentials.create()`.
    fn create(&mut self, options: &Value) -> Value {
        self.handle = BASE64URL_NOPAD.decode(options["user"]["id"].as_str().unwrap().as_bytes()).unwrap();
        let mut data = Self::head(self.flags | ATTESTED);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        let point = self.key.verifying_key().to_sec1_point(false);
        // COSE (RFC 9052): an elliptic key, ES256, P-256, and its two halves.
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(&point.as_bytes()[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&point.as_bytes()[33..]);
        // CBOR (RFC 8949): a map of three.
        let mut object = vec![0xa3, 0x63];
        object.extend(b"fmt\x64none\x67attStmt\xa0\x68authData\x58");
        object.push(u8::try_from(data.len()).unwrap());
        object.extend(data);
        let client = self.client_data("webauthn.create", options);
        json!({
            "id": encode(&self.id), "rawId": encode(&self.id), "type": "public-key",
            "authenticatorAttachment": "platform", "clientExtensionResults": { "credProps": { "rk": true } },
            "response": {
                "attestationObject": encode(&object), "clientDataJSON": encode(client.as_bytes()), "transports": ["internal"],
            },
        })
    }

    /// `navigator.credentials.get()`.
    fn get(&self, options: &Value) -> Value {
        let data = Self::head(self.flags);
        let client = self.client_data("webauthn.get", options);
        let mut signed = data.clone();
        signed.extend(Sha256::digest(client.as_bytes()));
        let signature: Signature = self.key.sign(&signed);
        json!({
            "id": encode(&self.id), "rawId": encode(&self.id), "type": "public-key",
            "authenticatorAttachment": "platform", "clientExtensionResults": {},
            "response": {
                "authenticatorData": encode(&data), "clientDataJSON": encode(client.as_bytes()),
                "signature": encode(signature.to_der().as_bytes()), "userHandle": encode(&self.handle),
            },
        })
    }
}

async fn begin(agent: &Agent<'_>) -> (Value, Value) {
    let answer = agent.post("/api/auth/passkeys/register/start", json!({})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    (answer.body["ceremony_id"].clone(), answer.body["options"].clone())
}

async fn finish(agent: &Agent<'_>, ceremony: &Value, credential: Value) -> Answer {
    let body = json!({ "ceremony_id": ceremony, "name": "Key ring", "credential": credential });
    agent.post("/api/auth/passkeys/register/finish", body).await
}

pub(super) async fn add(agent: &Agent<'_>) -> (Authenticator, Value) {
    let mut authenticator = Authenticator::new(agent.house);
    let (ceremony, options) = begin(agent).await;
    let answer = finish(agent, &ceremony, authenticator.create(&options)).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    (authenticator, answer.body)
}

async fn ask(agent: &Agent<'_>, body: Value) -> (Value, Value) {
    let answer = agent.post("/api/auth/passkeys/sign-in/start", body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    (answer.body["ceremony_id"].clone(), answer.body["options"].clone())
}

async fn answer(agent: &Agent<'_>, ceremony: &Value, credential: Value) -> Answer {
    let body = json!({ "ceremony_id": ceremony, "credential": credential });
    agent.post("/api/auth/passkeys/sign-in/finish", body).await
}

async fn one_is_added_named_used_and_removed(db: Db) {
    let house = roomy(&db).await;
    house.member("key@example.org").await;
    let agent = Agent::new(&house);
    agent.enter("key@example.org").await;
    let (ceremony, options) = begin(&agent).await;
    assert_eq!(options["rp"], json!({ "name": "MindVibe", "id": "mind.example" }));
    assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(options["authenticatorSelection"]["residentKey"], "preferred");
    assert_eq!(options["user"]["name"], "key@example.org");
    let mut authenticator = Authenticator::new(&house);
    let sid = agent.cookie("__Host-sid");
    let made = finish(&agent, &ceremony, authenticator.create(&options)).await;
    assert_eq!((made.status, &made.body["name"], &made.body["backed_up"]), (201, &json!("Key ring"), &json!(true)));
    assert_ne!(agent.cookie("__Host-sid"), sid, "the session has shown a second factor, under another id");
    let id = made.body["id"].as_str().unwrap();
    let path = format!("/api/auth/passkeys/{id}");
    let (_, again) = begin(&agent).await;
    assert_eq!(again["excludeCredentials"][0]["id"], encode(&authenticator.id));

    let named = agent.ask(Method::PATCH, &path, Some(json!({ "name": " Blue one " }))).await;
    assert_eq!((named.status, &named.body["name"]), (200, &json!("Blue one")));
    for bad in ["", " ", "a\nb", &"x".repeat(65)] {
        assert_eq!(agent.ask(Method::PATCH, &path, Some(json!({ "name": bad }))).await.status, 422);
    }
    let list = agent.get("/api/auth/passkeys").await.body;
    assert_eq!((&list["items"][0]["name"], &list["items"][0]["last_used_at"]), (&json!("Blue one"), &json!(null)));

    // Without an address: the device knows whose it is.
    let other = Agent::new(&house);
    let (ceremony, options) = ask(&other, json!({})).await;
    assert_eq!(options["allowCredentials"], json!([]));
    assert_eq!(options["userVerification"], "required");
    let entered = answer(&other, &ceremony, authenticator.get(&options)).await;
    assert_eq!((entered.status, &entered.body["status"]), (200, &json!("signed_in")), "{}", entered.body);
    assert_eq!(entered.body["user"]["email"], "key@example.org");
    assert_eq!(other.status("/test/confirmed").await.0, 204);
    assert!(!agent.get("/api/auth/passkeys").await.body["items"][0]["last_used_at"].is_null());
    // With one, which changes nothing.
    let third = Agent::new(&house);
    let (ceremony, options) = ask(&third, json!({ "email": "KEY@example.org" })).await;
    assert_eq!(options["allowCredentials"], json!([]));
    assert_eq!(answer(&third, &ceremony, authenticator.get(&options)).await.status, 200);

    let stranger = Agent::new(&house);
    house.member("stranger@example.org").await;
    stranger.enter("stranger@example.org").await;
    assert_eq!(stranger.delete(&path).await.status, 404);
    assert_eq!(stranger.ask(Method::PATCH, &path, Some(json!({ "name": "Mine" }))).await.status, 404);
    assert_eq!(agent.delete(&path).await.status, 204);
    assert_eq!(agent.delete(&path).await.status, 404);
    let (ceremony, options) = ask(&third, json!({})).await;
    let gone = answer(&third, &ceremony, authenticator.get(&options)).await;
    assert_eq!((gone.status, gone.code()), (401, "invalid_credentials"));
    Agent::new(&house).enter("key@example.org").await;
}

async fn it_is_the_second_step(db: Db) {
    let house = roomy(&db).await;
    house.member("second@example.org").await;
    let agent = Agent::new(&house);
    agent.enter("second@example.org").await;
    let (authenticator, _) = add(&agent).await;
    let other = Agent::new(&house);
    let challenge = other.challenge("second@example.org").await;
    let asked = other.post("/api/auth/second-factor/options", json!({ "challenge_id": challenge })).await.body;
    assert_eq!(asked["methods"], json!(["passkey"]));
    let options = &asked["passkey"];
    assert_eq!(options["allowCredentials"][0]["id"], encode(&authenticator.id));
    let body = json!({ "challenge_id": challenge, "passkey": authenticator.get(options) });
    assert_eq!(other.post("/api/auth/second-factor", body).await.status, 200);
    assert_eq!(other.status("/api/auth/me").await.0, 200);
}

async fn it_confirms_a_session(db: Db) {
    let house = roomy(&db).await;
    house.member("confirm@example.org").await;
    let agent = Agent::new(&house);
    agent.enter("confirm@example.org").await;
    let (authenticator, _) = add(&agent).await;
    house.clock.advance(Duration::from_mins(11));
    assert_eq!(agent.status("/test/confirmed").await.1, "step_up_required");
    let asked = agent.post("/api/auth/step-up/options", json!({})).await.body;
    let proof = authenticator.get(&asked["passkey"]);
    assert_eq!(agent.post("/api/auth/step-up", json!({ "passkey": proof })).await.status, 200);
    assert_eq!(agent.status("/test/confirmed").await.0, 204);
    assert_eq!(agent.post("/api/auth/step-up", json!({ "passkey": proof })).await.status, 401, "answered already");
}

async fn no_answer_works_twice_or_late_or_elsewhere(db: Db) {
    let house = roomy(&db).await;
    house.member("once@example.org").await;
    let agent = Agent::new(&house);
    agent.enter("once@example.org").await;
    // Added twice, or too late.
    let mut authenticator = Authenticator::new(&house);
    let (ceremony, options) = begin(&agent).await;
    let credential = authenticator.create(&options);
    assert_eq!(finish(&agent, &ceremony, credential.clone()).await.status, 201);
    let twice = finish(&agent, &ceremony, credential).await;
    assert_eq!((twice.status, twice.code()), (410, "ceremony_void"));
    let (ceremony, options) = begin(&agent).await;
    let known = finish(&agent, &ceremony, authenticator.create(&options)).await;
    assert!(known.status == 409 || known.status == 422, "{}", known.body);
    let (ceremony, options) = begin(&agent).await;
    house.clock.advance(Duration::from_mins(5));
    let late = finish(&agent, &ceremony, Authenticator::new(&house).create(&options)).await;
    assert_eq!((late.status, late.code()), (410, "ceremony_void"));

    let other = Agent::new(&house);
    let refused = async |ceremony: &Value, credential: Value| {
        let refused = answer(&other, ceremony, credential).await;
        assert_eq!((refused.status, refused.code()), (401, "invalid_credentials"));
        assert_eq!(refused.body["detail"], "Invalid email or password");
    };
    let (ceremony, options) = ask(&other, json!({})).await;
    let credential = authenticator.get(&options);
    assert_eq!(answer(&other, &ceremony, credential.clone()).await.status, 200);
    refused(&ceremony, credential.clone()).await;
    // An answer to another question.
    let (ceremony, _) = ask(&other, json!({})).await;
    refused(&ceremony, credential).await;
    let (ceremony, options) = ask(&other, json!({})).await;
    house.clock.advance(Duration::from_mins(5));
    refused(&ceremony, authenticator.get(&options)).await;
    // The question of a step-up is none of a sign-in.
    house.clock.advance(Duration::from_mins(20));
    let me = agent.get("/api/auth/me").await.body;
    let asked = agent.post("/api/auth/step-up/options", json!({})).await.body;
    refused(&me["session"]["id"], authenticator.get(&asked["passkey"])).await;
    // Another site.
    authenticator.origin = "https://mind.example.evil.test".to_owned();
    let (ceremony, options) = ask(&other, json!({})).await;
    refused(&ceremony, authenticator.get(&options)).await;
    for bad in [json!({}), json!("x"), json!({ "id": "a", "rawId": "!", "response": {}, "type": "public-key" })] {
        let (ceremony, _) = ask(&other, json!({})).await;
        assert_eq!(answer(&other, &ceremony, bad).await.code(), "invalid_fields");
    }
}

async fn what_is_not_verified_is_refused(db: Db) {
    let house = roomy(&db).await;
    house.member("verified@example.org").await;
    let agent = Agent::new(&house);
    agent.enter("verified@example.org").await;
    let mut lax = Authenticator::new(&house);
    lax.flags = PRESENT;
    let (ceremony, options) = begin(&agent).await;
    let refused = finish(&agent, &ceremony, lax.create(&options)).await;
    assert_eq!((refused.status, refused.code()), (422, "invalid_fields"));
    let (mut authenticator, _) = add(&agent).await;
    let other = Agent::new(&house);
    authenticator.flags = PRESENT | BACKED_UP;
    let (ceremony, options) = ask(&other, json!({})).await;
    assert_eq!(answer(&other, &ceremony, authenticator.get(&options)).await.status, 401, "only touched");
    authenticator.flags = PRESENT | VERIFIED | BACKED_UP;
    authenticator.key = Authenticator::new(&house).key;
    let (ceremony, options) = ask(&other, json!({})).await;
    assert_eq!(answer(&other, &ceremony, authenticator.get(&options)).await.status, 401, "another key's signature");
}

async fn of_another_account_it_is_nobodys(db: Db) {
    let house = roomy(&db).await;
    house.member("mine@example.org").await;
    house.member("theirs@example.org").await;
    let (mine, theirs) = (Agent::new(&house), Agent::new(&house));
    mine.enter("mine@example.org").await;
    theirs.enter("theirs@example.org").await;
    let (authenticator, _) = add(&mine).await;
    App::set_up(&theirs).await;
    // My passkey on their second step: the question is theirs, the answer is mine.
    let (other, _) = (Agent::new(&house), add(&theirs).await);
    let challenge = other.challenge("theirs@example.org").await;
    let asked = other.post("/api/auth/second-factor/options", json!({ "challenge_id": challenge })).await.body;
    let body = json!({ "challenge_id": challenge, "passkey": authenticator.get(&asked["passkey"]) });
    let refused = other.post("/api/auth/second-factor", body).await;
    assert_eq!((refused.status, refused.code()), (401, "invalid_code"));
    // A set-up that somebody else began is none of mine.
    let (ceremony, options) = begin(&theirs).await;
    let refused = finish(&mine, &ceremony, Authenticator::new(&house).create(&options)).await;
    assert_eq!((refused.status, refused.code()), (410, "ceremony_void"));
    // A handle that names somebody else.
    let mut forged = authenticator;
    forged.handle = vec![7; 16];
    let (ceremony, options) = ask(&other, json!({})).await;
    assert_eq!(answer(&other, &ceremony, forged.get(&options)).await.status, 401);
}

async fn a_bare_address_has_none(db: Db) {
    let house = House::tuned(&db, |config, _| config.public_url = "http://127.0.0.1:8080".to_owned()).await;
    let answer = house.post("/api/auth/passkeys/sign-in/start", json!({})).await;
    assert_eq!((answer.status, answer.code()), (409, "passkeys_unavailable"));
    let policy =
        async |house: &House| house.send(Method::GET, "/api/auth/policy", &[], None).await.body["passkeys"].clone();
    assert_eq!((policy(&house).await, policy(&roomy(&db).await).await), (json!(false), json!(true)));
}

async fn names_and_keys_are_sealed(db: Db) {
    store::row! { struct Stored { credential_hash: Vec<u8>, credential: Vec<u8>, name: Vec<u8> } }
    store::row! { struct State { state: Vec<u8> } }
    let house = roomy(&db).await;
    house.member("sealed@example.org").await;
    let agent = Agent::new(&house);
    agent.enter("sealed@example.org").await;
    let (authenticator, _) = add(&agent).await;
    let text = Sql::same("select credential_hash, credential, name from passkeys");
    let stored: Stored = db.lookup().await.unwrap().sql(text).one().await.unwrap();
    let (_, options) = ask(&agent, json!({})).await;
    let state: State = db.lookup().await.unwrap().sql(Sql::same("select state from ceremonies")).one().await.unwrap();
    let challenge = options["challenge"].as_str().unwrap();
    let raw = BASE64URL_NOPAD.decode(challenge.as_bytes()).unwrap();
    let id = encode(&authenticator.id);
    for secret in [&b"Key ring"[..], &authenticator.id, id.as_bytes(), challenge.as_bytes(), &raw, b"cred"] {
        for place in [&stored.credential_hash, &stored.credential, &stored.name, &state.state] {
            assert!(!place.windows(secret.len()).any(|window| window == secret));
        }
    }
}
