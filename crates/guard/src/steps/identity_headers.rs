//! Removes headers by which a client, or a careless proxy, would claim to be somebody (A1-C1).

use crate::context::Context;
use crate::stack::Guard;
use axum::extract::Request;
use http::HeaderName;
use kernel::Fault;

fn claims_identity(name: &HeaderName) -> bool {
    let name = name.as_str();
    name.starts_with("x-auth-")
        || name.starts_with("x-user-")
        || matches!(name, "x-forwarded-user" | "x-remote-user" | "remote-user" | "x-forwarded-email")
}

/// Nothing here reads such a header; they are removed so that nothing ever can, and noted.
#[expect(clippy::unnecessary_wraps, reason = "every check has the same signature")]
pub(crate) fn strip(_: &Guard, context: &Context, request: &mut Request) -> Result<(), Fault> {
    if kernel::weaken::is("A1-C1") {
        return Ok(());
    }
    let claims: Vec<HeaderName> = request.headers().keys().filter(|name| claims_identity(name)).cloned().collect();
    for name in claims {
        tracing::warn!(
            event = "spoofed_identity_header",
            request_id = %context.correlation_id,
            header = name.as_str(),
            "a request claimed an identity by a header; the header was removed"
        );
        request.headers_mut().remove(name);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_family_of_claims_is_known() {
        for name in ["x-auth-uid", "x-user-id", "x-forwarded-user", "x-remote-user"] {
            assert!(claims_identity(&HeaderName::from_static(name)), "{name}");
        }
        for name in ["authorization", "x-api-key", "user-agent", "x-csrf-token", "x-forwarded-for"] {
            assert!(!claims_identity(&HeaderName::from_static(name)), "{name}");
        }
    }
}
