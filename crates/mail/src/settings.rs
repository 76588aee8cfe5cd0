//! Where letters go out.

use kernel::Secret;
use lettre::message::Mailbox;
use percent_encoding::percent_decode_str;
use std::net::IpAddr;

/// How the way to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// From the first byte (port 465).
    Implicit,
    /// By STARTTLS, which the server must offer (port 587).
    StartTls,
    /// Not at all; to this very machine only.
    None,
}

/// Where letters go out, checked.
#[derive(Clone)]
pub struct Settings {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: Tls,
    pub(crate) login: Option<(String, Secret<String>)>,
    pub(crate) from: Mailbox,
    pub(crate) authority: Option<Vec<u8>>,
}

/// Why the settings cannot be used. Never holds a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// Not an address of a mail server.
    #[error(
        "it is smtps://user:password@host, smtp://host:587 (with STARTTLS) or, on this machine, smtp://localhost:25"
    )]
    Url,
    /// Not a sender.
    #[error("it is the sender: mind@example.org, or MindVibe <mind@example.org>")]
    From,
}

impl Settings {
    /// From `smtps://user:password@host:465` (TLS from the first byte) or `smtp://user:password@host:587` (STARTTLS, which
    /// the server must offer; not asked for on loopback, where it is `smtp+starttls://`). `from` is who writes.
    ///
    /// # Errors
    /// Which of the two cannot be read.
    pub fn from_url(url: &Secret<String>, from: &str) -> Result<Self, SettingError> {
        let url = url::Url::parse(url.expose()).map_err(|_| SettingError::Url)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(SettingError::Url)?;
        // A host of the scheme `smtp` is not parsed as an address: the brackets of IPv6 stay.
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let tls = match url.scheme() {
            "smtps" => Tls::Implicit,
            "smtp+starttls" => Tls::StartTls,
            "smtp" => by_host(&host),
            _ => return Err(SettingError::Url),
        };
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(SettingError::Url);
        }
        let decode = |text: &str| percent_decode_str(text).decode_utf8().map(std::borrow::Cow::into_owned);
        let login = match (url.username(), url.password()) {
            ("", None) => None,
            (user, Some(password)) if !user.is_empty() => {
                let user = decode(user).map_err(|_| SettingError::Url)?;
                Some((user, Secret::new(decode(password).map_err(|_| SettingError::Url)?)))
            }
            _ => return Err(SettingError::Url),
        };
        Self::build(host, url.port(), tls, login, from)
    }

    /// From its parts. Port 465 means TLS from the first byte; another, or none (587), STARTTLS, which is not asked for on
    /// loopback.
    ///
    /// # Errors
    /// When `from` is no sender, or `host` no host.
    pub fn new(
        host: &str,
        port: Option<u16>,
        login: Option<(String, Secret<String>)>,
        from: &str,
    ) -> Result<Self, SettingError> {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() || host.chars().any(|letter| letter.is_whitespace() || letter.is_control() || letter == '/')
        {
            return Err(SettingError::Url);
        }
        let tls = if port == Some(465) { Tls::Implicit } else { by_host(host) };
        Self::build(host.to_owned(), port, tls, login, from)
    }

    /// Believes this authority (PEM) alone instead of the system's.
    #[must_use]
    pub fn with_authority(mut self, pem: Vec<u8>) -> Self {
        self.authority = Some(pem);
        self
    }

    /// How the way is protected.
    pub const fn tls(&self) -> Tls {
        self.tls
    }

    fn build(
        host: String,
        port: Option<u16>,
        tls: Tls,
        login: Option<(String, Secret<String>)>,
        from: &str,
    ) -> Result<Self, SettingError> {
        let from: Mailbox = from.trim().parse().map_err(|_| SettingError::From)?;
        let port = port.unwrap_or(match tls {
            Tls::Implicit => 465,
            Tls::StartTls => 587,
            Tls::None => 25,
        });
        Ok(Self { host, port, tls, login, from, authority: None })
    }
}

fn by_host(host: &str) -> Tls {
    if is_loopback(host) { Tls::None } else { Tls::StartTls }
}

/// Whether nobody can listen in between, because the mail server is this machine.
fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Result<Settings, SettingError> {
        Settings::from_url(&Secret::new(text.to_owned()), "MindVibe <mind@example.org>")
    }

    #[test]
    fn the_way_is_encrypted_unless_it_ends_on_this_machine() {
        for (text, tls, port) in [
            ("smtps://mail.example.org", Tls::Implicit, 465),
            ("smtp://mail.example.org", Tls::StartTls, 587),
            ("smtp://mail.example.org:25", Tls::StartTls, 25),
            ("smtp://127.example.org", Tls::StartTls, 587),
            ("smtp://localhost.example.org", Tls::StartTls, 587),
            ("smtp://192.0.2.1:25", Tls::StartTls, 25),
            ("smtp://localhost", Tls::None, 25),
            ("smtp://127.0.0.9:2525/", Tls::None, 2525),
            ("smtp://[::1]:2525", Tls::None, 2525),
            ("smtp+starttls://localhost", Tls::StartTls, 587),
        ] {
            let settings = url(text).unwrap();
            assert_eq!((settings.tls(), settings.port), (tls, port), "{text}");
        }
        let parts = |host, port| Settings::new(host, port, None, "a@example.org").unwrap();
        assert_eq!(parts("mail.example.org", None).tls(), Tls::StartTls);
        assert_eq!(parts("mail.example.org", Some(465)).tls(), Tls::Implicit);
        assert_eq!(parts("localhost", Some(1025)).tls(), Tls::None);
    }

    #[test]
    fn a_login_is_read_and_never_shown() {
        let settings = url("smtps://mind%40example.org:p%2Fw%20d@mail.example.org").unwrap();
        let (user, password) = settings.login.unwrap();
        assert_eq!((user.as_str(), password.expose().as_str()), ("mind@example.org", "p/w d"));
        for bad in ["smtps://user@mail.example.org", "smtps://:pass@mail.example.org"] {
            assert_eq!(url(bad).err(), Some(SettingError::Url), "{bad}");
        }
    }

    #[test]
    fn what_is_no_server_or_no_sender_is_refused() {
        for bad in ["", "mail.example.org", "http://mail.example.org", "smtp://", "smtp://a/b", "smtp://a?tls=none"] {
            assert_eq!(url(bad).err(), Some(SettingError::Url), "{bad}");
        }
        let from = |from| Settings::new("localhost", None, None, from).err();
        for bad in ["", "mind", "a@b\r\nBcc: c@d.example", "a@example.org, b@example.org"] {
            assert_eq!(from(bad), Some(SettingError::From), "{bad:?}");
        }
        assert_eq!(from("MindVibe <mind@example.org>"), None);
    }
}
