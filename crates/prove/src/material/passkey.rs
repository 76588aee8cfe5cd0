//! A passkey, as a device answers that asks nobody: ES256, no attestation (Web Authentication, level 3).

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

/// There is a user, it was verified who, and the key is kept in several places.
const FLAGS: u8 = 0x01 | 0x04 | 0x18;
const ATTESTED: u8 = 0x40;

/// A device with one key.
pub(crate) struct Passkey {
    key: EcdsaKeyPair,
    id: Vec<u8>,
    /// Where its browser is.
    origin: String,
}

fn encode(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

fn head(party: &str, flags: u8) -> Vec<u8> {
    let mut data = digest(&SHA256, party.as_bytes()).as_ref().to_vec();
    data.push(flags);
    // What is kept in several places does not count.
    data.extend([0; 4]);
    data
}

impl Passkey {
    /// A new one, in a browser that has opened that origin.
    pub(crate) fn new(origin: &str) -> Option<Self> {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).ok()?;
        let id = (0..4).flat_map(|_| super::noise().to_be_bytes()).collect();
        Some(Self { key, id, origin: origin.to_owned() })
    }

    fn client_data(&self, kind: &str, options: &Value) -> String {
        let challenge = &options["challenge"];
        json!({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false}).to_string()
    }

    /// `navigator.credentials.create()`; `None` when the options are none.
    pub(crate) fn create(&self, options: &Value) -> Option<Value> {
        let mut data = head(options.pointer("/rp/id")?.as_str()?, FLAGS | ATTESTED);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).ok()?.to_be_bytes());
        data.extend(&self.id);
        let point = self.key.public_key().as_ref();
        // COSE (RFC 9052): an elliptic key, ES256, P-256, and its two halves.
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(point.get(1..33)?);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(point.get(33..65)?);
        // CBOR (RFC 8949): a map of three.
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len()).ok()?);
        object.extend(data);
        let client = self.client_data("webauthn.create", options);
        let response = json!({"attestationObject": encode(&object), "clientDataJSON": encode(client.as_bytes()),
            "transports": ["internal"]});
        Some(self.answer(&response))
    }

    /// `navigator.credentials.get()` for the account of that id; `None` when the options are none.
    pub(crate) fn get(&self, options: &Value, user: &str) -> Option<Value> {
        let data = head(options.get("rpId")?.as_str()?, FLAGS);
        let client = self.client_data("webauthn.get", options);
        let signed = [data.as_slice(), digest(&SHA256, client.as_bytes()).as_ref()].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).ok()?;
        let handle = data_encoding::HEXLOWER_PERMISSIVE.decode(user.replace('-', "").as_bytes()).ok()?;
        let response = json!({"authenticatorData": encode(&data), "clientDataJSON": encode(client.as_bytes()),
            "signature": encode(signature.as_ref()), "userHandle": encode(&handle)});
        Some(self.answer(&response))
    }

    /// What a browser's `toJSON()` makes of it.
    fn answer(&self, response: &Value) -> Value {
        json!({"id": encode(&self.id), "rawId": encode(&self.id), "type": "public-key",
            "authenticatorAttachment": "platform", "clientExtensionResults": {}, "response": response})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};

    #[test]
    fn what_is_answered_is_bound_to_the_question_the_party_and_the_key() {
        let passkey = Passkey::new("https://h").unwrap();
        let user = "01890000-0000-7000-8000-00000000000a";
        let asked = json!({"challenge": "Y2g", "rpId": "h"});
        let answer = passkey.get(&asked, user).unwrap();
        let part = |name: &str| {
            let text = answer["response"][name].as_str().unwrap().to_owned();
            BASE64URL_NOPAD.decode(text.as_bytes()).unwrap()
        };
        let client: Value = serde_json::from_slice(&part("clientDataJSON")).unwrap();
        assert_eq!((&client["challenge"], &client["origin"]), (&json!("Y2g"), &json!("https://h")));
        let data = part("authenticatorData");
        assert_eq!((data.len(), &data[..32]), (37, digest(&SHA256, b"h").as_ref()));
        let signed = [data, digest(&SHA256, &part("clientDataJSON")).as_ref().to_vec()].concat();
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, passkey.key.public_key().as_ref().to_vec());
        assert!(public.verify(&signed, &part("signature")).is_ok());
        assert_eq!((part("userHandle")[0], part("userHandle")[15]), (0x01, 0x0a));
        let made = passkey.create(&json!({"challenge": "Y2g", "rp": {"id": "h"}})).unwrap();
        assert_eq!(made["id"], answer["id"]);
        assert!(passkey.create(&json!({})).is_none() && passkey.get(&json!({}), user).is_none());
    }
}
