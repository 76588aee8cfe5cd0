//! Where letters go: a mail server, in development otherwise a list that the owner reads, else nowhere.

use super::{ConfigError, Environment, Source, parse};
use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL_NOPAD};
use identity::Post;
use kernel::Secret;
use mail::{SettingError, Settings, Smtp};
use std::path::Path;
use std::sync::Arc;

const PARTS: &[&str] = &["SMTP_HOST", "SMTP_PORT", "SMTP_USER", "SMTP_PASSWORD", "SMTP_PASSWORD_FILE"];

/// Reads `SMTP_URL`, or `SMTP_HOST` and its companions, and `MAIL_FROM`.
pub(super) fn read(source: &Source, environment: Environment, public_url: &str) -> Result<Post, ConfigError> {
    let invalid = |name, why: &dyn ToString| ConfigError::Invalid { name, why: why.to_string() };
    let url = source.secret("SMTP_URL")?;
    let host = source.get("SMTP_HOST");
    if url.is_none() && host.is_none() {
        if let Some(name) = PARTS.iter().find(|name| source.get(name).is_some()) {
            return Err(ConfigError::Invalid { name: "SMTP_HOST", why: format!("it is not set, but {name} is") });
        }
        return Ok(if environment == Environment::Development { Post::Outbox } else { Post::None });
    }
    let from = source.get("MAIL_FROM").ok_or(ConfigError::Missing {
        name: "MAIL_FROM",
        why: "who letters are from, such as MindVibe <mind@example.org>",
    })?;
    let settings = match (url, host) {
        (Some(_), Some(_)) => return Err(invalid("SMTP_URL", &"SMTP_URL and SMTP_HOST are both set; keep one")),
        (Some(url), None) => Settings::from_url(&url, from),
        (None, host) => {
            let port = source.get("SMTP_PORT").map(|_| parse(source, "SMTP_PORT", 587u16)).transpose()?;
            let login = match (source.get("SMTP_USER"), source.secret("SMTP_PASSWORD")?) {
                (Some(user), Some(password)) => Some((user.to_owned(), password)),
                (None, None) => None,
                _ => return Err(invalid("SMTP_USER", &"SMTP_USER and SMTP_PASSWORD come together or not at all")),
            };
            Settings::new(host.unwrap_or_default(), port, login, from)
        }
    };
    let name = |error: SettingError| match error {
        SettingError::From => "MAIL_FROM",
        SettingError::Url if host.is_some() => "SMTP_HOST",
        SettingError::Url => "SMTP_URL",
    };
    let mut settings = settings.map_err(|error| invalid(name(error), &error))?;
    if let Some(file) = source.get("SMTP_CA_FILE") {
        let pem = std::fs::read(Path::new(file))
            .map_err(|error| invalid("SMTP_CA_FILE", &format!("it cannot be read ({})", error.kind())))?;
        settings = settings.with_authority(pem);
    }
    let domain = url::Url::parse(public_url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let smtp = Smtp::new(settings, domain.as_deref().unwrap_or("localhost"))
        .map_err(|_| invalid("SMTP_CA_FILE", &"it holds no certificate in PEM"))?;
    Ok(Post::Smtp(Arc::new(smtp)))
}

/// `PASSWORD_PEPPER_PREVIOUS`: peppers of 32 bytes in base64, separated by commas, under which hashes were made before.
pub(super) fn peppers(source: &Source) -> Result<Vec<Secret<[u8; 32]>>, ConfigError> {
    let name = "PASSWORD_PEPPER_PREVIOUS";
    let Some(secret) = source.secret(name)? else { return Ok(Vec::new()) };
    let decode = |text: &str| {
        let bytes = text.as_bytes();
        let decoded =
            BASE64.decode(bytes).or_else(|_| BASE64_NOPAD.decode(bytes)).or_else(|_| BASE64URL_NOPAD.decode(bytes));
        decoded.ok()?.try_into().ok().map(Secret::new)
    };
    let all = secret.expose().split(',').map(|text| decode(text.trim())).collect::<Option<Vec<_>>>();
    all.ok_or_else(|| ConfigError::Invalid {
        name,
        why: "it is 32 bytes in base64, several separated by commas".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post<const N: usize>(environment: Environment, pairs: [(&str, &str); N]) -> Result<Post, String> {
        read(&Source::of(pairs), environment, "https://mind.example").map_err(|error| error.to_string())
    }

    #[test]
    fn without_a_server_development_has_a_list_and_production_nothing() {
        assert!(matches!(post(Environment::Development, []), Ok(Post::Outbox)));
        assert!(matches!(post(Environment::Production, []), Ok(Post::None)));
        let from = ("MAIL_FROM", "MindVibe <mind@example.org>");
        for environment in [Environment::Development, Environment::Production] {
            let url = ("SMTP_URL", "smtps://mind:pass@mail.example.org");
            assert!(matches!(post(environment, [url, from]), Ok(Post::Smtp(_))));
            assert!(matches!(post(environment, [("SMTP_HOST", "mail.example.org"), from]), Ok(Post::Smtp(_))));
        }
    }

    #[test]
    fn half_a_server_is_refused_by_name_and_without_its_password() {
        let refusal = |pairs: &[(&str, &str)]| {
            let mut source = Source::of([]);
            for (name, value) in pairs {
                source = source.or(name, value);
            }
            match read(&source, Environment::Production, "https://mind.example") {
                Err(error) => error.to_string(),
                Ok(_) => panic!("accepted: {pairs:?}"),
            }
        };
        let from = ("MAIL_FROM", "mind@example.org");
        for (pairs, name) in [
            (vec![("SMTP_URL", "smtps://mail.example.org")], "MAIL_FROM is not set"),
            (vec![("SMTP_PASSWORD", "CANARY")], "SMTP_HOST cannot be used"),
            (vec![("SMTP_URL", "http://u:CANARY@mail.example.org"), from], "SMTP_URL cannot be used"),
            (vec![("SMTP_URL", "smtps://a.example"), ("SMTP_HOST", "a.example"), from], "SMTP_URL cannot be used"),
            (vec![("SMTP_HOST", "a.example"), ("SMTP_USER", "u"), from], "SMTP_USER cannot be used"),
            (vec![("SMTP_HOST", "a.example"), ("SMTP_PORT", "many"), from], "SMTP_PORT cannot be used"),
            (vec![("SMTP_HOST", "a.example"), ("MAIL_FROM", "nobody")], "MAIL_FROM cannot be used"),
            (vec![("SMTP_HOST", "a.example"), ("SMTP_CA_FILE", "/nowhere"), from], "SMTP_CA_FILE cannot be used"),
        ] {
            let said = refusal(&pairs);
            assert!(said.starts_with(name) && !said.contains("CANARY"), "{said}");
        }
    }

    #[test]
    fn peppers_are_thirty_two_bytes_each() {
        let read = |text: &str| peppers(&Source::of([("PASSWORD_PEPPER_PREVIOUS", text)]));
        let one = BASE64.encode(&[7; 32]);
        assert_eq!(read(&one).unwrap().len(), 1);
        assert_eq!(read(&format!("{one}, {}", BASE64URL_NOPAD.encode(&[255; 32]))).unwrap().len(), 2);
        assert!(read("c2hvcnQ=").is_err());
        assert!(peppers(&Source::of([])).unwrap().is_empty());
    }
}
