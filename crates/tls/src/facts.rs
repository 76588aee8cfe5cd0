//! What a certificate says of itself (RFC 5280).

use crate::Error;
use aws_lc_rs::digest;
use kernel::Timestamp;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;

/// What a certificate says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The names and addresses it is for.
    pub names: Vec<String>,
    /// From when it counts.
    pub not_before: Timestamp,
    /// Until when it counts.
    pub not_after: Timestamp,
    /// Who vouches for it.
    pub issuer: String,
    /// Whether it vouches for itself.
    pub self_issued: bool,
    /// SHA-256 over the whole of it.
    pub fingerprint: [u8; 32],
}

impl Facts {
    /// Reads a certificate in DER.
    ///
    /// # Errors
    /// When it is none.
    pub fn of(der: &[u8]) -> Result<Self, Error> {
        let certificate = parse(der)?;
        let mut names = Vec::new();
        if let Some(list) = certificate.subject_alternative_name().map_err(Error::certificate)? {
            for name in &list.value.general_names {
                match name {
                    GeneralName::DNSName(name) => names.push(name.to_ascii_lowercase()),
                    GeneralName::IPAddress(bytes) => names.extend(address(bytes).map(|ip| ip.to_string())),
                    _ => {}
                }
            }
        }
        let validity = certificate.validity();
        let at = |seconds: i64| Timestamp::from_micros(seconds.saturating_mul(1_000_000));
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(digest::digest(&digest::SHA256, der).as_ref());
        Ok(Self {
            names,
            not_before: at(validity.not_before.timestamp()),
            not_after: at(validity.not_after.timestamp()),
            issuer: certificate.issuer().to_string(),
            self_issued: certificate.issuer() == certificate.subject(),
            fingerprint,
        })
    }

    /// Whether it is for this host: a name (RFC 6125, one label of wildcard) or an address.
    pub fn covers(&self, host: &str) -> bool {
        let host = host.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
        if let Ok(ip) = host.parse::<IpAddr>() {
            return self.names.iter().any(|name| name.parse::<IpAddr>() == Ok(ip));
        }
        let parent = host.split_once('.').map(|(_, parent)| parent);
        self.names.iter().any(|name| {
            *name == host || name.strip_prefix("*.").is_some_and(|wild| Some(wild) == parent && wild.contains('.'))
        })
    }

    /// How long it still counts; zero when it is over.
    pub fn left(&self, now: Timestamp) -> Duration {
        self.not_after.since(now)
    }

    /// How long it counts in all.
    pub fn life(&self) -> Duration {
        self.not_after.since(self.not_before)
    }

    /// The fingerprint as people compare it: `AB:CD:…`.
    pub fn fingerprint_text(&self) -> String {
        let pairs: Vec<String> = self.fingerprint.iter().map(|byte| format!("{byte:02X}")).collect();
        pairs.join(":")
    }

    /// Whether it counts now.
    ///
    /// # Errors
    /// It is over, or has not begun.
    pub fn check_time(&self, now: Timestamp) -> Result<(), Error> {
        if now >= self.not_after {
            return Err(Error::Expired(self.not_after));
        }
        if now < self.not_before {
            return Err(Error::NotYet(self.not_before));
        }
        Ok(())
    }
}

/// Parses a certificate in DER.
pub(crate) fn parse(der: &[u8]) -> Result<X509Certificate<'_>, Error> {
    match x509_parser::parse_x509_certificate(der) {
        Ok((_, certificate)) => Ok(certificate),
        Err(_) => Err(Error::Certificate("a certificate cannot be read".to_owned())),
    }
}

/// The address in a `subjectAltName`.
fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(four).into());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|sixteen| Ipv6Addr::from(sixteen).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(names: &[&str]) -> Facts {
        let key = rcgen::KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = rcgen::CertificateParams::new(names).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2026, 3, 1);
        Facts::of(params.self_signed(&key).unwrap().der()).unwrap()
    }

    #[test]
    fn a_certificate_covers_what_it_names_and_nothing_else() {
        let facts = facts(&["mind.example", "*.rooms.example", "192.0.2.7", "2001:db8::1"]);
        for host in ["mind.example", "MIND.example.", "a.rooms.example", "192.0.2.7", "[2001:db8::1]"] {
            assert!(facts.covers(host), "{host}");
        }
        for host in ["evil-mind.example", "sub.mind.example", "rooms.example", "a.b.rooms.example", "192.0.2.8", ""] {
            assert!(!facts.covers(host), "{host}");
        }
    }

    #[test]
    fn it_counts_within_its_time_only() {
        let facts = facts(&["mind.example"]);
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert!(facts.check_time(at("2026-02-01T00:00:00Z")).is_ok());
        assert!(matches!(facts.check_time(at("2026-03-01T00:00:00Z")), Err(Error::Expired(_))));
        assert!(matches!(facts.check_time(at("2025-12-31T23:59:59Z")), Err(Error::NotYet(_))));
        assert_eq!(facts.life(), Duration::from_hours(59 * 24));
        assert_eq!(facts.left(at("2026-02-28T00:00:00Z")), Duration::from_hours(24));
        assert!(facts.self_issued && facts.fingerprint_text().len() == 95);
    }

    #[test]
    fn what_is_no_certificate_is_said_to_be_none() {
        assert!(Facts::of(b"nonsense").is_err());
    }
}
