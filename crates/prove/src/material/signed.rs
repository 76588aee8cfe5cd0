//! Requests signed with a shared secret (RFC 9421, with the digest of RFC 9530).

use crate::wire::{Body, Request};
use aws_lc_rs::{digest, hmac};
use data_encoding::BASE64;

/// An API key whose requests are signed, as the program of its owner has it.
#[derive(Debug, Clone)]
pub(crate) struct Signer {
    /// Where people reach the server: `https://mind.example`.
    pub(crate) origin: String,
    /// The API key.
    pub(crate) key: String,
    /// Its id.
    pub(crate) id: String,
    pub(crate) secret: Vec<u8>,
}

impl Signer {
    /// The request with the key, unsigned.
    pub(crate) fn unsigned(&self, request: Request) -> Request {
        request.bearer(&self.key)
    }

    /// The request with the key, signed at that time.
    pub(crate) fn sign(&self, request: Request, created: i64) -> Request {
        let mut request = self.unsigned(request);
        let mut covered = vec!["@method", "@target-uri", "authorization"];
        let mut lines = vec![
            format!("\"@method\": {}", request.method),
            format!("\"@target-uri\": {}{}", self.origin, request.path),
            format!("\"authorization\": Bearer {}", self.key),
        ];
        if let Body::Bytes(bytes) = &request.body {
            let digest = content_digest(bytes);
            request = request.header("Content-Digest", &digest);
            covered.push("content-digest");
            lines.push(format!("\"content-digest\": {digest}"));
        }
        let params = self.params(&covered, created);
        lines.push(format!("\"@signature-params\": {params}"));
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.secret);
        let tag = hmac::sign(&key, lines.join("\n").as_bytes());
        let signature = format!("sig=:{}:", BASE64.encode(tag.as_ref()));
        request.header("Signature-Input", &format!("sig={params}")).header("Signature", &signature)
    }

    fn params(&self, covered: &[&str], created: i64) -> String {
        let covered: Vec<String> = covered.iter().map(|name| format!("\"{name}\"")).collect();
        let nonce = format!("{:016x}{:016x}", super::noise(), super::noise());
        let (covered, id, expires) = (covered.join(" "), &self.id, created + 60);
        format!(
            "({covered});created={created};expires={expires};nonce=\"{nonce}\";keyid=\"{id}\";alg=\"hmac-sha256\";tag=\"mindvibe\""
        )
    }
}

pub(crate) fn content_digest(bytes: &[u8]) -> String {
    format!("sha-256=:{}:", BASE64.encode(digest::digest(&digest::SHA256, bytes).as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_the_published_one() {
        // RFC 9530, appendix B.1.
        let expected = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";
        assert_eq!(content_digest(b"{\"hello\": \"world\"}\n"), expected);
    }

    #[test]
    fn the_method_the_target_the_key_and_the_body_are_covered() {
        let signer = Signer { origin: "https://h".into(), key: "sk".into(), id: "i".into(), secret: vec![7; 32] };
        let request = signer.sign(Request::post("/a?b=1").content("application/json", b"{}".to_vec()), 100);
        let header = |name: &str| request.headers.iter().find(|(known, _)| known == name).unwrap().1.clone();
        let input = header("Signature-Input");
        let params = input.strip_prefix("sig=").unwrap();
        assert!(params.starts_with("(\"@method\" \"@target-uri\" \"authorization\" \"content-digest\");created=100;"));
        let digest = header("Content-Digest");
        let base = format!(
            "\"@method\": POST\n\"@target-uri\": https://h/a?b=1\n\"authorization\": Bearer sk\n\"content-digest\": {digest}\n\
             \"@signature-params\": {params}"
        );
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]), base.as_bytes());
        assert_eq!(header("Signature"), format!("sig=:{}:", BASE64.encode(tag.as_ref())));
        let without = signer.sign(Request::get("/a"), 100);
        assert!(without.headers.iter().all(|(name, _)| name != "Content-Digest"));
    }
}
