//! The server's own list of its routes (`/openapi.json`), read for what an attack needs to know.

use crate::wire::Request;
use serde_json::Value;

/// An id of the right form that belongs to nothing.
pub(crate) const NOBODY: &str = "01890000-0000-7000-8000-000000000000";

/// What may be asked without signing in. Everything else in the document must refuse; the list is ours, not the
/// document's, so that a route cannot make itself public by saying so.
const PUBLIC: &[(&str, &str)] = &[
    ("GET", "/health"),
    ("GET", "/ready"),
    ("GET", "/api/setup"),
    ("POST", "/api/setup"),
    ("POST", "/api/auth/login"),
    ("POST", "/api/auth/signup"),
    ("GET", "/api/auth/policy"),
    ("POST", "/api/auth/verify-email"),
    ("POST", "/api/auth/resend-verification"),
    ("POST", "/api/auth/password-reset"),
    ("POST", "/api/auth/password-reset/confirm"),
    ("POST", "/api/auth/unlock"),
    ("POST", "/api/auth/not-me"),
    ("POST", "/api/auth/second-factor/options"),
    ("POST", "/api/auth/second-factor"),
    ("POST", "/api/auth/passkeys/sign-in/start"),
    ("POST", "/api/auth/passkeys/sign-in/finish"),
    ("GET", "/api/auth/oidc/{provider}/start"),
    ("GET", "/api/auth/oidc/{provider}/callback"),
    ("POST", "/api/keys/report"),
    ("POST", "/auth/login"),
    ("POST", "/auth/login/second-factor"),
    ("POST", "/auth/refresh"),
    ("POST", "/auth/register"),
    ("GET", "/.well-known/jwks.json"),
    ("POST", "/api/csp-report"),
    ("GET", "/.well-known/security.txt"),
    ("GET", "/.well-known/change-password"),
    ("GET", "/.well-known/passkey-endpoints"),
    ("GET", "/security-policy"),
    ("GET", "/api/security/summary"),
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) method: String,
    pub(crate) template: String,
    /// The media type of its body, if it takes one.
    pub(crate) media: Option<String>,
}

impl Route {
    pub(crate) fn is_public(&self) -> bool {
        PUBLIC.contains(&(self.method.as_str(), self.template.as_str()))
    }

    pub(crate) fn is_unsafe(&self) -> bool {
        !matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS")
    }

    pub(crate) fn ends_session(&self) -> bool {
        self.template.ends_with("/logout") || self.template.ends_with("/revoke-all")
    }

    pub(crate) fn takes_json(&self) -> bool {
        self.media.as_deref() == Some("application/json")
    }

    /// The path with every placeholder replaced.
    pub(crate) fn path(&self, with: &str) -> String {
        let mut path = String::new();
        let mut rest = self.template.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            path += before;
            path += with;
            rest = after.split_once('}').map_or("", |(_, rest)| rest);
        }
        path + rest
    }

    pub(crate) fn has_placeholder(&self) -> bool {
        self.template.contains('{')
    }

    /// A request of the right form that changes nothing: its ids belong to nothing, its body is empty.
    pub(crate) fn request(&self) -> Request {
        let request = Request::new(&self.method, &self.path(NOBODY));
        match self.media.as_deref() {
            Some("multipart/form-data") => crate::material::form(request, &[]),
            Some("application/json") => request.json(&Value::Object(serde_json::Map::new())),
            Some(media) => request.content(media, b"{}".to_vec()),
            None => request,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) version: Option<String>,
    /// In the document's order, except that what ends the session comes last.
    pub(crate) routes: Vec<Route>,
}

impl Document {
    /// `None` when it is no OpenAPI document, or one that cannot be whole.
    pub(crate) fn read(document: &Value) -> Option<Self> {
        let paths = document.get("paths")?.as_object()?;
        let mut routes = Vec::new();
        for (template, item) in paths {
            for (method, operation) in item.as_object()? {
                if !matches!(method.as_str(), "get" | "put" | "post" | "delete" | "patch") {
                    continue;
                }
                let content = operation.pointer("/requestBody/content").and_then(Value::as_object);
                routes.push(Route {
                    method: method.to_ascii_uppercase(),
                    template: template.clone(),
                    media: content.and_then(|content| content.keys().next().cloned()),
                });
            }
        }
        routes.sort_by_key(Route::ends_session);
        let version = document.pointer("/info/version").and_then(Value::as_str).map(ToOwned::to_owned);
        let whole = routes.iter().any(|route| !route.is_public());
        whole.then_some(Self { version, routes })
    }

    /// The routes that need somebody to be signed in.
    pub(crate) fn closed(&self) -> impl Iterator<Item = &Route> {
        self.routes.iter().filter(|route| !route.is_public())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn routes_are_read_and_filled() {
        let document = Document::read(&json!({"info": {"version": "1.2.3"}, "paths": {
            "/api/auth/logout": {"post": {}},
            "/api/moods/{id}": {"put": {"requestBody": {"content": {"application/json": {}}}}, "summary": "x"},
            "/health": {"get": {}},
        }}))
        .unwrap();
        assert_eq!(document.version.as_deref(), Some("1.2.3"));
        let closed: Vec<_> = document.closed().map(|route| route.request().line()).collect();
        assert_eq!(closed, [format!("PUT /api/moods/{NOBODY}"), "POST /api/auth/logout".to_owned()]);
        assert!(
            Document::read(&json!({"paths": {"/health": {"get": {}}}})).is_none(),
            "public routes alone prove nothing"
        );
        let public = Route { method: "GET".into(), template: "/api/moods".into(), media: None };
        assert!(!public.is_public());
    }
}
