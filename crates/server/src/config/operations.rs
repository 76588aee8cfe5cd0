//! What is for whoever runs the server: where figures are served, who may ask whether it is ready, whom to tell of a weakness.

use super::{ConfigError, Source, list};
use ipnet::IpNet;
use std::net::SocketAddr;

/// Settings for operations.
#[derive(Debug, Clone)]
pub struct Operations {
    /// An address of their own for figures and readiness, which the public one then does not have.
    pub listen: Option<SocketAddr>,
    /// Who may ask whether it is ready, besides this machine itself.
    pub ready_from: Vec<IpNet>,
    /// Whom to tell of a weakness.
    pub contacts: Vec<String>,
    /// Where it says how reports are dealt with, when not on the page that comes with the program.
    pub policy: Option<String>,
}

pub(super) fn read(source: &Source, public_url: &str) -> Result<Operations, ConfigError> {
    let name = "OPERATIONS_ADDR";
    let listen = source.get(name).map(str::parse::<SocketAddr>).transpose();
    let listen = listen
        .map_err(|_| ConfigError::Invalid { name, why: "it is an address and a port such as 127.0.0.1:9090".into() })?;
    let mut contacts = Vec::new();
    for text in list(source, "SECURITY_CONTACT") {
        contacts.push(contact("SECURITY_CONTACT", text)?);
    }
    if contacts.is_empty() {
        // The mailbox that RFC 2142 reserves for this in every domain.
        let host = url::Url::parse(public_url).ok().and_then(|url| url.host_str().map(str::to_owned));
        contacts.push(format!("mailto:security@{}", host.as_deref().unwrap_or("localhost")));
    }
    let policy = source.get("SECURITY_POLICY").map(|text| page("SECURITY_POLICY", text)).transpose()?;
    Ok(Operations { listen, ready_from: super::limits::networks(source, "READY_FROM")?, contacts, policy })
}

/// RFC 9116 wants an address with its scheme; a bare mail address is what people write.
fn contact(name: &'static str, text: &str) -> Result<String, ConfigError> {
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    let mail = text.strip_prefix("mailto:").unwrap_or(text);
    let is_mail =
        mail.split_once('@').is_some_and(|(who, host)| !who.is_empty() && !host.is_empty() && !host.contains('@'));
    if plain && is_mail && !mail.contains("://") {
        return Ok(format!("mailto:{mail}"));
    }
    if plain && text.starts_with("tel:") {
        return Ok(text.to_owned());
    }
    let why = "it is a mail address, or begins with https:// or tel:; several are separated by commas";
    page(name, text).map_err(|_| ConfigError::Invalid { name, why: why.into() })
}

fn page(name: &'static str, text: &str) -> Result<String, ConfigError> {
    let fine = url::Url::parse(text).is_ok_and(|url| url.scheme() == "https" && url.host_str().is_some());
    if fine && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(text.to_owned());
    }
    Err(ConfigError::Invalid { name, why: "it begins with https://".into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<const N: usize>(pairs: [(&str, &str); N]) -> Result<Operations, String> {
        read(&Source::of(pairs), "https://mind.example:8443").map_err(|error| error.to_string())
    }

    #[test]
    fn there_is_always_somebody_to_tell() {
        let none = of([]).unwrap();
        assert_eq!(none.contacts, ["mailto:security@mind.example"]);
        assert!(none.listen.is_none() && none.ready_from.is_empty() && none.policy.is_none());
        let some = of([("SECURITY_CONTACT", "a@b.example, https://b.example/report,mailto:c@b.example,tel:+49-1")]);
        let expected = ["mailto:a@b.example", "https://b.example/report", "mailto:c@b.example", "tel:+49-1"];
        assert_eq!(some.unwrap().contacts, expected);
        let all = of([
            ("OPERATIONS_ADDR", "127.0.0.1:9090"),
            ("READY_FROM", "10.0.0.0/8, 192.0.2.7"),
            ("SECURITY_POLICY", "https://b.example/policy"),
        ])
        .unwrap();
        assert_eq!((all.listen.unwrap().port(), all.ready_from.len()), (9090, 2));
        assert_eq!(all.policy.as_deref(), Some("https://b.example/policy"));
    }

    #[test]
    fn what_cannot_be_used_is_refused_by_name() {
        for (name, value) in [
            ("OPERATIONS_ADDR", "9090"),
            ("READY_FROM", "everywhere"),
            ("SECURITY_CONTACT", "somebody"),
            ("SECURITY_CONTACT", "http://b.example"),
            ("SECURITY_CONTACT", "a@b.example\nPolicy: https://evil.test"),
            ("SECURITY_POLICY", "b.example/policy"),
        ] {
            let refusal = of([(name, value)]).unwrap_err();
            assert!(refusal.starts_with(&format!("{name} cannot be used")), "{refusal}");
        }
    }
}
