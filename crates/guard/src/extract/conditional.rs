//! `If-Match` (RFC 9110, section 13.1.1) and `Idempotency-Key`.

use crate::problem::Problem;
use axum::extract::FromRequestParts;
use http::header;
use http::request::Parts;
use kernel::{Fault, Kind};

/// Which version of an entity a write is based on. As a handler's argument it is the rule "says what it read": 428 without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// `*`: whatever it is now.
    Any,
    /// One of these versions.
    Versions(Vec<i64>),
}

impl IfMatch {
    /// What it looks like, for the document. The extractor is a little more patient with spaces.
    pub(crate) const PATTERN: &str = r#"^(\*|"v[0-9]{1,18}"(, ?"v[0-9]{1,18}"){0,7})$"#;

    /// # Errors
    /// 412 `stale` when the entity has another version by now.
    pub fn check(&self, version: i64) -> Result<(), Fault> {
        match self {
            Self::Any => Ok(()),
            Self::Versions(versions) if versions.contains(&version) => Ok(()),
            Self::Versions(_) => {
                Err(Fault::new(Kind::Stale, "stale", "It was changed since you read it. Read it again, then decide."))
            }
        }
    }

    fn parse(text: &str) -> Option<Self> {
        if text.trim() == "*" {
            return Some(Self::Any);
        }
        let version = |tag: &str| tag.trim().strip_prefix("\"v")?.strip_suffix('"')?.parse().ok();
        // At most a handful: nobody has read more versions than that.
        text.split(',').take(16).map(version).collect::<Option<Vec<i64>>>().map(Self::Versions)
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else {
            return Err(Fault::new(
                Kind::PreconditionRequired,
                "precondition_required",
                "Send If-Match with the ETag you read, so that nobody's change is overwritten.",
            )
            .into());
        };
        let parsed = value.to_str().ok().and_then(Self::parse);
        parsed.ok_or_else(|| {
            Fault::new(Kind::BadRequest, "invalid_if_match", "If-Match is an ETag such as \"v3\", or *.").into()
        })
    }
}

/// The key under which a write is done at most once; `None` when the client sent none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(pub Option<String>);

impl IdempotencyKey {
    /// The longest key, in characters.
    pub(crate) const LONGEST: usize = 128;
    /// What it looks like, for the document.
    pub(crate) const PATTERN: &str = "^[!-~]{1,128}$";

    fn is_one(text: &str) -> bool {
        (1..=Self::LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    }
}

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get("idempotency-key") else {
            return Ok(Self(None));
        };
        let text = value.to_str().unwrap_or("");
        if Self::is_one(text) {
            return Ok(Self(Some(text.to_owned())));
        }
        Err(Fault::new(
            Kind::BadRequest,
            "invalid_idempotency_key",
            "Idempotency-Key has 1 to 128 visible ASCII characters.",
        )
        .into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::string::string_regex;

    proptest! {
        #[test]
        fn what_the_document_promises_is_taken(
            tags in string_regex(IfMatch::PATTERN.trim_matches(['^', '$'])).unwrap(),
            key in string_regex(IdempotencyKey::PATTERN.trim_matches(['^', '$'])).unwrap(),
        ) {
            prop_assert!(IfMatch::parse(&tags).is_some(), "{}", tags);
            prop_assert!(IdempotencyKey::is_one(&key), "{}", key);
        }
    }

    #[test]
    fn versions_are_read_and_compared() {
        let tags = IfMatch::parse("\"v3\", \"v4\"").unwrap();
        tags.check(4).unwrap();
        assert_eq!(tags.check(5).unwrap_err().kind(), Kind::Stale);
        IfMatch::parse("*").unwrap().check(9).unwrap();
        for bad in ["v3", "\"3\"", "W/\"v3\"", "", "\"v3\",,"] {
            assert_eq!(IfMatch::parse(bad), None, "{bad}");
        }
    }
}
