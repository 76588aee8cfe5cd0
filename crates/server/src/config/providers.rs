//! Other providers that people may come from: `OIDC_PROVIDERS=keycloak` and `OIDC_KEYCLOAK_ISSUER`, `…_CLIENT_ID`,
//! `…_CLIENT_SECRET`, `…_NAME`, `…_AUDIENCE`; `AUTH0_DOMAIN` and `AUTH0_AUDIENCE` take Auth0's access tokens.

use super::{ConfigError, Source, list};
use identity::ProviderSettings;

const PROVIDERS: &str = "OIDC_PROVIDERS";

/// Every provider, checked.
pub(super) fn read(source: &Source) -> Result<Vec<ProviderSettings>, ConfigError> {
    let mut all: Vec<ProviderSettings> = Vec::new();
    for id in list(source, PROVIDERS) {
        let invalid = |why: String| ConfigError::Invalid { name: PROVIDERS, why };
        let plain = id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if id.len() > 32 || !plain || all.iter().any(|known| known.id == id) {
            return Err(invalid("it is a list of different names of small letters, digits and -".to_owned()));
        }
        let name = |part: &str| format!("OIDC_{}_{part}", id.to_uppercase().replace('-', "_"));
        let get = |part: &str| source.get(&name(part)).map(str::to_owned);
        let needed = |part: &str| get(part).ok_or_else(|| invalid(format!("{} is not set", name(part))));
        all.push(ProviderSettings {
            issuer: issuer(&needed("ISSUER")?).ok_or_else(|| invalid(format!("{} is not https", name("ISSUER"))))?,
            client_id: Some(needed("CLIENT_ID")?),
            client_secret: source.secret_named(&name("CLIENT_SECRET")).map_err(invalid)?,
            name: get("NAME").unwrap_or_else(|| id.to_owned()),
            audience: get("AUDIENCE"),
            id: id.to_owned(),
        });
    }
    if let Some((issuer, audience)) = auth0(source)? {
        match all.iter_mut().find(|known| known.issuer == issuer) {
            Some(known) => known.audience = Some(audience),
            None => all.push(ProviderSettings {
                id: "auth0".to_owned(),
                name: "Auth0".to_owned(),
                issuer,
                client_id: None,
                client_secret: None,
                audience: Some(audience),
            }),
        }
    }
    Ok(all)
}

/// https, or this machine itself.
fn issuer(text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok()?;
    let local = url.scheme() == "http" && matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    ((url.scheme() == "https" || local) && plain).then(|| text.to_owned())
}

/// Auth0's issuer ends with a slash.
fn auth0(source: &Source) -> Result<Option<(String, String)>, ConfigError> {
    let name = "AUTH0_DOMAIN";
    let Some(domain) = source.get(name) else { return Ok(None) };
    let invalid = |why: &str| ConfigError::Invalid { name, why: why.to_owned() };
    let issuer = issuer(&format!("https://{domain}/")).filter(|_| !domain.contains('/'));
    let issuer = issuer.ok_or_else(|| invalid("it is a name such as tenant.eu.auth0.com"))?;
    let audience = source.get("AUTH0_AUDIENCE").ok_or(ConfigError::Missing {
        name: "AUTH0_AUDIENCE",
        why: "a token that is made for others must not be taken here",
    })?;
    Ok(Some((issuer, audience.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SET: [(&str, &str); 3] = [
        ("OIDC_PROVIDERS", "my-id"),
        ("OIDC_MY_ID_ISSUER", "https://id.example/realms/one"),
        ("OIDC_MY_ID_CLIENT_ID", "mindvibe"),
    ];

    #[test]
    fn a_provider_is_read_by_its_name() {
        assert!(read(&Source::of([])).unwrap().is_empty());
        let all = read(&Source::of(SET)).unwrap();
        assert_eq!((all[0].id.as_str(), all[0].issuer.as_str()), ("my-id", "https://id.example/realms/one"));
        assert!(all[0].audience.is_none() && all[0].client_secret.is_none());
        for (name, value) in [
            ("OIDC_PROVIDERS", "My_Id"),
            ("OIDC_PROVIDERS", "my-id,my-id"),
            ("OIDC_PROVIDERS", "my-id,other"),
            ("OIDC_MY_ID_ISSUER", "http://id.example"),
            ("OIDC_MY_ID_ISSUER", "https://id.example?x=1"),
        ] {
            let changed = SET.map(|(known, old)| (known, if known == name { value } else { old }));
            assert!(read(&Source::of(changed)).is_err(), "{name}={value}");
        }
    }

    #[test]
    fn auth0_needs_an_audience() {
        assert!(read(&Source::of([("AUTH0_DOMAIN", "tenant.eu.auth0.com")])).is_err());
        let pair = [("AUTH0_DOMAIN", "tenant.eu.auth0.com"), ("AUTH0_AUDIENCE", "https://mind.example")];
        let all = read(&Source::of(pair)).unwrap();
        assert_eq!(all[0].issuer, "https://tenant.eu.auth0.com/");
        assert_eq!((all[0].client_id.as_deref(), all[0].audience.as_deref()), (None, Some("https://mind.example")));
        assert!(read(&Source::of([("AUTH0_DOMAIN", "evil.test/x"), ("AUTH0_AUDIENCE", "a")])).is_err());
    }
}
