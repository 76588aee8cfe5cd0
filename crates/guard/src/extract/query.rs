//! The query of a URL, with refusals that name the field.

use super::json::describe;
use crate::problem::Problem;
use axum::extract::FromRequestParts;
use http::request::Parts;
use kernel::Fault;
use serde::de::DeserializeOwned;

/// The query as a type. 422 with the field's name for what does not fit.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(parse(parts.uri.query().unwrap_or(""))?))
    }
}

fn parse<T: DeserializeOwned>(query: &str) -> Result<T, Fault> {
    let deserializer = serde_urlencoded::Deserializer::new(form(query));
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let (field, code, detail) = describe(&error.path().to_string(), &error.inner().to_string());
        // Our own types say in their message what is allowed; a number that is none says nothing of use to a person.
        let message = error.inner().to_string();
        let ours = code == "invalid" && !message.contains("invalid digit") && !message.contains("invalid value");
        Fault::field(field, code, if ours { message } else { detail })
    })
}

fn form(query: &str) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(query.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{Cursor, Limit};
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct List {
        #[serde(default)]
        limit: Limit,
        cursor: Option<Cursor>,
    }

    #[test]
    fn limits_are_named_and_unknown_fields_refused() {
        let list = parse::<List>("limit=7").unwrap();
        assert_eq!((list.limit.get(), list.cursor), (7, None));
        assert_eq!(parse::<List>("").unwrap().limit.get(), 25);
        let field = |query| parse::<List>(query).unwrap_err().fields()[0].clone();
        assert_eq!(field("limit=0").detail, "limit is 1 to 100");
        assert_eq!(field("limit=101").field, "limit");
        assert_eq!(field("cursor=zzz").field, "cursor");
        assert_eq!(field("limit=many").field, "limit");
        assert_eq!(field("page=2").code, "unknown_field");
    }
}
