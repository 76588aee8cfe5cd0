//! The way out: SMTP (RFC 5321).

use crate::letter::Letter;
use crate::settings::{SettingError, Settings, Tls};
use kernel::Timestamp;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls as LettreTls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::time::{Duration, SystemTime};
use uuid::Uuid;

/// How long each step of the conversation may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Tells other programs not to answer (RFC 3834).
const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");

/// What stands on the outside of a letter.
#[derive(Debug, Clone)]
pub struct Envelope<'a> {
    /// Whom it goes to: an address alone.
    pub to: &'a str,
    /// Makes its `Message-ID`: the same at each try, so that a letter that arrives twice is seen as one.
    pub id: Uuid,
    /// When it was written.
    pub at: Timestamp,
}

/// Why a letter did not go out. Holds no address and nothing the server said but its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// It may go out later: the server is away, or said 4xx.
    #[error("the mail server is away or asks to come again ({0:?})")]
    Later(Option<u16>),
    /// It will never go out: the server said 5xx, or the address is none that mail can carry.
    #[error("the mail server refuses it for good ({0:?})")]
    Never(Option<u16>),
}

/// A mail server.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    domain: String,
}

impl Smtp {
    /// Takes the settings; nothing is connected before the first letter. `domain` ends every `Message-ID`: the host by which
    /// people know this server.
    ///
    /// # Errors
    /// When the authority is no certificate.
    pub fn new(settings: Settings, domain: &str) -> Result<Self, SettingError> {
        let Settings { host, port, tls, login, from, authority } = settings;
        let parameters = || {
            let mut builder = TlsParameters::builder(host.clone());
            if let Some(pem) = &authority {
                let certificate = Certificate::from_pem(pem).map_err(|_| SettingError::Url)?;
                builder = builder.certificate_store(CertificateStore::None).add_root_certificate(certificate);
            }
            builder.build().map_err(|_| SettingError::Url)
        };
        let tls = match tls {
            Tls::Implicit => LettreTls::Wrapper(parameters()?),
            Tls::StartTls => LettreTls::Required(parameters()?),
            Tls::None => LettreTls::None,
        };
        let mut transport =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host).port(port).tls(tls).timeout(Some(PATIENCE));
        if let Some((user, password)) = login {
            transport = transport.credentials(Credentials::new(user, password.expose().clone()));
        }
        let domain: String =
            domain.chars().filter(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-')).collect();
        Ok(Self { transport: transport.build(), from, domain })
    }

    /// Sends a letter; done when the server has taken it.
    ///
    /// # Errors
    /// Whether to try again.
    pub async fn send(&self, envelope: &Envelope<'_>, letter: &Letter) -> Result<(), NotSent> {
        let message = self.message(envelope, letter)?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) => {
                let code = error.status().map(u16::from);
                // 530 to 538 are about our own login: the operator mends it, and the letter must not be lost meanwhile.
                let ours = matches!(code, Some(530..=538));
                Err(if error.is_permanent() && !ours { NotSent::Never(code) } else { NotSent::Later(code) })
            }
        }
    }

    /// Whether the server is there, shows the certificate it should, and takes our login. Sends nothing.
    ///
    /// # Errors
    /// As [`Smtp::send`].
    pub async fn reach(&self) -> Result<(), NotSent> {
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(NotSent::Later(None)),
            Err(error) => Err(NotSent::Later(error.status().map(u16::from))),
        }
    }

    fn message(&self, envelope: &Envelope<'_>, letter: &Letter) -> Result<Message, NotSent> {
        let to: Address = envelope.to.parse().map_err(|_| NotSent::Never(None))?;
        let micros = u64::try_from(envelope.at.as_micros()).unwrap_or(0);
        let subject: String =
            letter.subject.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(subject)
            .date(SystemTime::UNIX_EPOCH + Duration::from_micros(micros))
            .message_id(Some(format!("<{}@{}>", envelope.id, self.domain)))
            .raw_header(HeaderValue::new(AUTO_SUBMITTED, "auto-generated".to_owned()))
            .multipart(MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone()))
            // Only a missing sender or recipient could make it fail, and both are there.
            .map_err(|_| NotSent::Never(None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(to: &str, subject: &str) -> Result<String, NotSent> {
        let settings = Settings::new("localhost", Some(1), None, "MindVibe <mind@example.org>").unwrap();
        let smtp = Smtp::new(settings, "mind.example").unwrap();
        let letter =
            Letter { subject: subject.to_owned(), text: "Hallo, Zoë".to_owned(), html: "<p>Zoë</p>".to_owned() };
        let envelope = Envelope { to, id: Uuid::nil(), at: Timestamp::from_micros(1_800_000_000_000_000) };
        smtp.message(&envelope, &letter).map(|message| String::from_utf8(message.formatted()).unwrap())
    }

    #[test]
    fn a_letter_says_what_it_is() {
        let text = written("zoe@example.org", "Grüße").unwrap();
        let head = text.split("\r\n\r\n").next().unwrap();
        for line in [
            "To: zoe@example.org",
            "From: MindVibe <mind@example.org>",
            "Message-ID: <00000000-0000-0000-0000-000000000000@mind.example>",
            "Auto-Submitted: auto-generated",
            "Date: Fri, 15 Jan 2027 08:00:00 +0000",
        ] {
            assert!(head.contains(line), "{line} in {head}");
        }
        assert!(text.contains("multipart/alternative") && text.contains("text/plain") && text.contains("text/html"));
    }

    #[test]
    fn no_value_becomes_a_header() {
        let text = written("zoe@example.org", "Hi\r\nBcc: victim@example.org\nX: y").unwrap();
        assert!(!text.contains("\r\nBcc:") && !text.contains("\nX:"), "{text}");
        for to in [
            "a@b.example\r\nBcc: c@d.example",
            "a@b.example>\r\nRCPT TO:<c@d.example",
            "a@b.example,c@d.example",
            "no address",
        ] {
            assert_eq!(written(to, "Hi"), Err(NotSent::Never(None)), "{to:?}");
        }
    }
}
