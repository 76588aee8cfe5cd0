//! A certificate authority of this machine's own, for networks that no public authority vouches for: a home, a practice.
//!
//! It may vouch for private addresses and local names only (RFC 5280, section 4.2.1.10), so that a device that trusts it
//! cannot be deceived about anybody else, should its key be stolen.

use crate::facts::parse;
use crate::{Error, Facts, Files, Pair, private};
use chrono::Datelike as _;
use kernel::{Ambient, Timestamp};
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, SanType, SerialNumber, date_time_ymd,
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use x509_parser::extensions::GeneralName;

const DAY: Duration = Duration::from_hours(24);
/// An authority is trusted by hand on every device: seldom.
const AUTHORITY_LIFE: Duration = Duration::from_hours(24 * 3650);
/// Phones take nothing that counts for more than 825 days; a year and a month keeps it away from the limit.
const SERVER_LIFE: Duration = Duration::from_hours(24 * 395);
/// A certificate that has less left is made anew.
const RENEWED_BEFORE: Duration = Duration::from_hours(24 * 30);
/// Names that never exist in public.
const LOCAL_NAMES: &[&str] = &["localhost", "local", "lan", "home.arpa", "internal", "test"];

/// A local authority and the server's certificate, in a folder.
#[derive(Debug, Clone)]
pub struct Local {
    folder: PathBuf,
}

/// What [`Local::ensure`] found or made.
#[derive(Debug)]
pub struct Made {
    /// The authority that devices trust.
    pub authority: Facts,
    /// The server's certificate.
    pub server: Facts,
    /// Whether the authority was made just now: every device has to trust it.
    pub new_authority: bool,
    /// Whether the certificate was made just now.
    pub new_server: bool,
}

impl Local {
    /// In this folder, which need not be there.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Where the server's certificate and key lie.
    pub fn files(&self) -> Files {
        Files { chain: self.folder.join("server.crt"), key: self.folder.join("server.key") }
    }

    /// The authority's certificate, in PEM; what devices take.
    ///
    /// # Errors
    /// When there is none.
    pub fn authority_pem(&self) -> Result<String, Error> {
        let path = self.authority_path();
        std::fs::read_to_string(&path).map_err(|error| Error::file(&path, &error))
    }

    fn authority_path(&self) -> PathBuf {
        self.folder.join("ca.crt")
    }

    fn authority_key_path(&self) -> PathBuf {
        self.folder.join("ca.key")
    }

    /// Makes what is missing, over in a month, or not for all of `names` (host names and addresses).
    ///
    /// # Errors
    /// When a file cannot be read or written, or when an authority that is there was not made for one of the names.
    pub fn ensure(&self, names: &[String], ambient: &Ambient) -> Result<Made, Error> {
        private::folder(&self.folder)?;
        let now = ambient.now();
        let mut new_authority = false;
        if !self.authority_path().exists() {
            self.make_authority(names, ambient)?;
            new_authority = true;
        }
        let mut authority = self.authority()?;
        if authority.facts.left(now) < RENEWED_BEFORE {
            self.make_authority(names, ambient)?;
            (authority, new_authority) = (self.authority()?, true);
        }
        if let Some(outside) = names.iter().find(|name| !authority.may_vouch_for(name)) {
            return Err(Error::Outside(outside.clone()));
        }
        let present = self.files().read().ok().map(|pair| pair.facts().clone());
        let good = present.filter(|facts| {
            !new_authority
                && facts.left(now) >= RENEWED_BEFORE
                && facts.issuer == authority.subject
                && names.iter().all(|name| facts.covers(name))
        });
        let (server, new_server) = match good {
            Some(facts) => (facts, false),
            None => (self.make_server(names, &authority, ambient)?, true),
        };
        Ok(Made { authority: authority.facts, server, new_authority, new_server })
    }

    fn make_authority(&self, names: &[String], ambient: &Ambient) -> Result<(), Error> {
        let key = KeyPair::generate().map_err(Error::certificate)?;
        let now = ambient.now();
        let mut params = dated(now, AUTHORITY_LIFE);
        // A name of its own: two authorities of one machine must not be taken for each other.
        let mark = data_encoding::HEXUPPER.encode(&ambient.bytes::<4>());
        params.distinguished_name.push(DnType::CommonName, format!("MindVibe local authority {mark}"));
        params.serial_number = Some(serial(ambient));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let constraints = NameConstraints { permitted_subtrees: permitted(names), excluded_subtrees: Vec::new() };
        params.name_constraints = Some(constraints);
        let made = params.self_signed(&key).map_err(Error::certificate)?;
        private::write(&self.authority_key_path(), key.serialize_pem().as_bytes())?;
        private::write_public(&self.authority_path(), made.pem().as_bytes())
    }

    fn make_server(&self, names: &[String], authority: &Authority, ambient: &Ambient) -> Result<Facts, Error> {
        let key = KeyPair::generate().map_err(Error::certificate)?;
        let mut params = dated(ambient.now(), SERVER_LIFE);
        params.subject_alt_names = names.iter().map(|name| alternative(name)).collect::<Result<_, _>>()?;
        params.distinguished_name.push(DnType::CommonName, "MindVibe");
        params.serial_number = Some(serial(ambient));
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let made = params.signed_by(&key, &self.issuer(authority)?).map_err(Error::certificate)?;
        let chain = format!("{}{}", made.pem(), authority.pem);
        // Checked before it takes the place of one that works.
        let pair = Pair::from_pem(chain.as_bytes(), key.serialize_pem().as_bytes())?;
        let files = self.files();
        private::write(&files.key, key.serialize_pem().as_bytes())?;
        private::write_public(&files.chain, chain.as_bytes())?;
        Ok(pair.facts().clone())
    }

    fn authority(&self) -> Result<Authority, Error> {
        let pem = self.authority_pem()?;
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| Error::NoCertificate)?.to_vec();
        let subject = parse(&der)?.subject().to_string();
        Ok(Authority { facts: Facts::of(&der)?, subject, der, pem })
    }

    /// The key is read only when something is to be signed: until then it may lie elsewhere.
    fn issuer(&self, authority: &Authority) -> Result<Issuer<'static, KeyPair>, Error> {
        let path = self.authority_key_path();
        let key = std::fs::read_to_string(&path).map_err(|error| Error::file(&path, &error))?;
        Pair::from_pem(authority.pem.as_bytes(), key.as_bytes())?;
        let key = KeyPair::from_pem(&key).map_err(Error::certificate)?;
        Issuer::from_ca_cert_pem(&authority.pem, key).map_err(Error::certificate)
    }
}

struct Authority {
    facts: Facts,
    subject: String,
    der: Vec<u8>,
    pem: String,
}

impl Authority {
    /// Whether its constraints leave room for this name or address.
    fn may_vouch_for(&self, name: &str) -> bool {
        let Ok(certificate) = parse(&self.der) else { return false };
        let Ok(Some(constraints)) = certificate.name_constraints() else { return false };
        let Some(permitted) = &constraints.value.permitted_subtrees else { return false };
        let ip = name.parse::<IpAddr>().ok();
        permitted.iter().any(|subtree| match (&subtree.base, ip) {
            (GeneralName::DNSName(tree), None) => is_within(name, tree),
            (GeneralName::IPAddress(bytes), Some(ip)) => is_inside(ip, bytes),
            _ => false,
        })
    }
}

/// Whether a name is the tree's root or below it.
fn is_within(name: &str, tree: &str) -> bool {
    let (name, tree) = (name.to_ascii_lowercase(), tree.to_ascii_lowercase());
    name == tree || name.strip_suffix(&tree).is_some_and(|rest| rest.ends_with('.'))
}

/// Whether an address is in a network that is written as address and mask.
fn is_inside(ip: IpAddr, network: &[u8]) -> bool {
    let octets = match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    if network.len() != octets.len() * 2 {
        return false;
    }
    let (base, mask) = network.split_at(octets.len());
    octets.iter().zip(base).zip(mask).all(|((octet, base), mask)| octet & mask == base & mask)
}

/// What an authority made now may vouch for: what is never public, and what it was asked for by name.
fn permitted(names: &[String]) -> Vec<GeneralSubtree> {
    let v4 = |octets: [u8; 4], length| CidrSubnet::from_addr_prefix(Ipv4Addr::from(octets).into(), length);
    let v6 =
        |first: u16, length| CidrSubnet::from_addr_prefix(Ipv6Addr::new(first, 0, 0, 0, 0, 0, 0, 0).into(), length);
    let networks = [
        v4([10, 0, 0, 0], 8),
        v4([172, 16, 0, 0], 12),
        v4([192, 168, 0, 0], 16),
        v4([169, 254, 0, 0], 16),
        v4([127, 0, 0, 0], 8),
        // What carriers and mesh networks hand out (RFC 6598).
        v4([100, 64, 0, 0], 10),
        v6(0xfc00, 7),
        v6(0xfe80, 10),
        CidrSubnet::from_addr_prefix(Ipv6Addr::LOCALHOST.into(), 128),
    ];
    let mut all: Vec<_> = networks.into_iter().map(GeneralSubtree::IpAddress).collect();
    all.extend(LOCAL_NAMES.iter().map(|name| GeneralSubtree::DnsName((*name).to_owned())));
    all.extend(names.iter().map(|name| match name.parse::<IpAddr>() {
        Ok(ip @ IpAddr::V4(_)) => GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(ip, 32)),
        Ok(ip @ IpAddr::V6(_)) => GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(ip, 128)),
        Err(_) => GeneralSubtree::DnsName(name.to_ascii_lowercase()),
    }));
    all
}

fn alternative(name: &str) -> Result<SanType, Error> {
    match name.parse::<IpAddr>() {
        Ok(ip) => Ok(SanType::IpAddress(ip)),
        Err(_) => Ok(SanType::DnsName(Ia5String::try_from(name.to_ascii_lowercase()).map_err(Error::certificate)?)),
    }
}

/// From yesterday, because clocks of devices differ, for so long.
fn dated(now: Timestamp, life: Duration) -> CertificateParams {
    let midnight = |at: Timestamp| {
        let date = at.to_chrono().date_naive();
        // Months and days of a date are never larger than these types hold.
        let (month, day) = (u8::try_from(date.month()).unwrap_or(1), u8::try_from(date.day()).unwrap_or(1));
        date_time_ymd(date.year(), month, day)
    };
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.not_before = midnight(now.minus(DAY));
    params.not_after = midnight(now.plus(life));
    params
}

fn serial(ambient: &Ambient) -> SerialNumber {
    let mut bytes = ambient.bytes::<16>();
    // Positive, and never shorter than it looks.
    bytes[0] = (bytes[0] & 0x7f) | 0x40;
    SerialNumber::from_slice(&bytes)
}

/// All names and addresses by which this machine is reached: its own, loopback, and those given.
pub fn names_of_this_machine(more: &[String]) -> Vec<String> {
    let mut all: Vec<String> = more.iter().map(|name| name.trim_matches(['[', ']']).to_ascii_lowercase()).collect();
    all.extend(["localhost", "127.0.0.1", "::1"].map(str::to_owned));
    all.extend(crate::machine::names());
    all.extend(crate::machine::addresses().into_iter().filter(is_private).map(|ip| ip.to_string()));
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|name| seen.insert(name.clone()));
    all
}

/// What [`permitted`] leaves room for without being asked.
fn is_private(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || matches!(ip.octets(), [100, 64..=127, ..]),
        IpAddr::V6(ip) => ip.is_unique_local(),
    }
}

/// Whether a folder holds an authority already.
pub fn is_there(folder: &Path) -> bool {
    folder.join("ca.crt").exists()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{Clock, ManualClock, SystemRng};
    use std::os::unix::fs::PermissionsExt as _;
    use std::sync::Arc;
    use tokio_rustls::rustls::RootCertStore;
    use tokio_rustls::rustls::client::WebPkiServerVerifier;
    use tokio_rustls::rustls::client::danger::ServerCertVerifier as _;
    use tokio_rustls::rustls::crypto::aws_lc_rs;
    use tokio_rustls::rustls::pki_types::{ServerName, UnixTime};

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    /// Whether a device that trusts the authority takes the certificate for this host at that time.
    fn taken(local: &Local, host: &str, at: Timestamp) -> bool {
        let mut roots = RootCertStore::empty();
        let authority = local.authority_pem().unwrap();
        roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        let chain = std::fs::read(local.files().chain).unwrap();
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&chain).map(Result::unwrap).collect();
        let seconds = u64::try_from(at.as_micros() / 1_000_000).unwrap();
        let host = ServerName::try_from(host.to_owned()).unwrap();
        let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        verifier.verify_server_cert(&chain[0], &chain[1..], &host, &[], now).is_ok()
    }

    #[test]
    fn a_device_that_trusts_it_takes_the_server_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let local = Local::new(folder.path().join("tls"));
        let clock = Arc::new(ManualClock::new("2026-11-22T12:00:00Z".parse().unwrap()));
        let ambient = Ambient { clock: clock.clone(), rng: Arc::new(SystemRng) };
        let wanted = names(&["practice.local", "192.168.1.20", "localhost", "127.0.0.1", "mind.example"]);
        let made = local.ensure(&wanted, &ambient).unwrap();
        assert!(made.new_authority && made.new_server);
        for host in &wanted {
            assert!(taken(&local, host, clock.now()), "{host}");
        }
        assert!(!taken(&local, "other.example", clock.now()));
        for (file, mode) in [("ca.key", 0o600), ("server.key", 0o600), ("ca.crt", 0o644), ("server.crt", 0o644)] {
            let found = std::fs::metadata(folder.path().join("tls").join(file)).unwrap().permissions().mode();
            assert_eq!(found & 0o777, mode, "{file}");
        }
        // The authority's key may lie elsewhere as long as nothing is to be signed.
        let (key, away) = (folder.path().join("tls/ca.key"), folder.path().join("ca.key"));
        std::fs::rename(&key, &away).unwrap();
        let again = local.ensure(&wanted, &ambient).unwrap();
        assert!(matches!(local.ensure(&names(&["192.168.1.21"]), &ambient), Err(Error::File { .. })));
        std::fs::rename(&away, &key).unwrap();
        assert!(!again.new_authority && !again.new_server && again.server == made.server);
        let more = local.ensure(&names(&["practice.local", "192.168.1.21"]), &ambient).unwrap();
        assert!(!more.new_authority && more.new_server, "another address needs another certificate");
        assert!(taken(&local, "192.168.1.21", clock.now()));
        clock.advance(SERVER_LIFE);
        assert!(!taken(&local, "192.168.1.21", clock.now()), "it is over");
        let later = local.ensure(&names(&["192.168.1.21"]), &ambient).unwrap();
        assert!(!later.new_authority && later.new_server);
        assert!(taken(&local, "192.168.1.21", clock.now()));
    }

    #[test]
    fn it_cannot_vouch_for_strangers() {
        let folder = tempfile::tempdir().unwrap();
        let local = Local::new(folder.path());
        let ambient = Ambient::system();
        local.ensure(&names(&["practice.local"]), &ambient).unwrap();
        let refused = local.ensure(&names(&["bank.example"]), &ambient);
        assert!(matches!(refused, Err(Error::Outside(name)) if name == "bank.example"));
        assert!(matches!(local.ensure(&names(&["203.0.113.9"]), &ambient), Err(Error::Outside(_))));
        // Even with the key in hand: devices hold the constraint against it.
        let authority = local.authority().unwrap();
        local.make_server(&names(&["bank.example", "practice.local"]), &authority, &ambient).unwrap();
        assert!(!taken(&local, "bank.example", ambient.now()));
    }

    #[test]
    fn trees_and_networks_hold_what_is_in_them() {
        assert!(is_within("a.local", "local") && is_within("LOCAL", "local") && !is_within("alocal", "local"));
        assert!(is_inside("10.1.2.3".parse().unwrap(), &[10, 0, 0, 0, 255, 0, 0, 0]));
        assert!(!is_inside("11.1.2.3".parse().unwrap(), &[10, 0, 0, 0, 255, 0, 0, 0]));
        assert!(!is_inside("::1".parse().unwrap(), &[10, 0, 0, 0, 255, 0, 0, 0]));
    }
}
