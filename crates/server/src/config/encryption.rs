//! Who ends TLS: a proxy, or this process with a certificate from files, from an ACME authority or from a local one.

use super::{ConfigError, Source, list, parse};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use tls::{AcmeSettings, Files};

const MODE: &str = "TLS_MODE";
const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

/// Where the certificate comes from.
#[derive(Debug, Clone)]
pub enum Encryption {
    /// A proxy in front of this process has it; here everything is in the clear.
    Elsewhere,
    /// Two files that somebody else renews.
    Files(Files),
    /// An ACME authority.
    Acme(Box<AcmeSettings>),
    /// An authority of this machine's own.
    Local {
        /// Where it lies.
        folder: PathBuf,
        /// Names and addresses beside those that the machine has.
        names: Vec<String>,
    },
}

impl Encryption {
    /// Whether TLS ends in this process.
    pub const fn is_here(&self) -> bool {
        !matches!(self, Self::Elsewhere)
    }
}

/// Where a local authority lies.
pub fn local_folder(data_dir: &Path) -> PathBuf {
    data_dir.join("tls")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Off,
    Files,
    Acme,
    Local,
}

fn mode(source: &Source) -> Result<Mode, ConfigError> {
    let has_file = source.get("TLS_CERT_FILE").is_some() || source.get("TLS_KEY_FILE").is_some();
    match source.get(MODE) {
        None => Ok(if has_file { Mode::Files } else { Mode::Off }),
        Some("files") => Ok(Mode::Files),
        Some(_) if has_file => {
            Err(ConfigError::Invalid { name: MODE, why: "TLS_CERT_FILE and TLS_KEY_FILE go with files only".into() })
        }
        Some("off") => Ok(Mode::Off),
        Some("acme") => Ok(Mode::Acme),
        Some("local") => Ok(Mode::Local),
        Some(_) => Err(ConfigError::Invalid { name: MODE, why: "it is off, files, acme or local".into() }),
    }
}

/// Whether these settings end TLS here; what is wrong with them is said by [`read`].
pub(super) fn is_here(source: &Source) -> bool {
    mode(source).is_ok_and(|mode| mode != Mode::Off)
}

/// Reads what belongs to TLS.
pub(super) fn read(source: &Source, public_url: &str, data_dir: &Path) -> Result<Encryption, ConfigError> {
    let mode = mode(source)?;
    if mode != Mode::Off && !public_url.starts_with("https://") {
        return Err(ConfigError::Invalid {
            name: "PUBLIC_URL",
            why: "TLS ends here, so it begins with https://".into(),
        });
    }
    Ok(match mode {
        Mode::Off => Encryption::Elsewhere,
        Mode::Files => Encryption::Files(Files {
            chain: file(source, "TLS_CERT_FILE", "the certificate and those that vouch for it, in PEM")?,
            key: file(source, "TLS_KEY_FILE", "the key of TLS_CERT_FILE, in PEM")?,
        }),
        Mode::Acme => Encryption::Acme(Box::new(acme(source, public_url, data_dir)?)),
        Mode::Local => Encryption::Local { folder: local_folder(data_dir), names: names(source, public_url)? },
    })
}

fn file(source: &Source, name: &'static str, why: &'static str) -> Result<PathBuf, ConfigError> {
    source.get(name).map(PathBuf::from).ok_or(ConfigError::Missing { name, why })
}

fn host(public_url: &str) -> String {
    url::Url::parse(public_url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

fn acme(source: &Source, public_url: &str, data_dir: &Path) -> Result<AcmeSettings, ConfigError> {
    let invalid = |name, why: &str| ConfigError::Invalid { name, why: why.to_owned() };
    let domain = host(public_url);
    if domain.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() || !domain.contains('.') {
        return Err(invalid("PUBLIC_URL", "a certificate authority needs a public name, such as https://mind.example"));
    }
    if source.get("ACME_TERMS_AGREED") != Some("true") {
        return Err(ConfigError::Missing {
            name: "ACME_TERMS_AGREED",
            why: "read the terms of the certificate authority and set it to true",
        });
    }
    let directory = source.get("ACME_DIRECTORY_URL").unwrap_or(LETS_ENCRYPT).to_owned();
    let url = url::Url::parse(&directory).map_err(|_| invalid("ACME_DIRECTORY_URL", "it is an address"))?;
    let local = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if url.scheme() != "https" && !local {
        return Err(invalid("ACME_DIRECTORY_URL", "it begins with https://"));
    }
    let contact = source.get("ACME_CONTACT").map(|text| text.trim_start_matches("mailto:").to_owned());
    if contact.as_ref().is_some_and(|text| !text.contains('@')) {
        return Err(invalid("ACME_CONTACT", "it is an address of mail"));
    }
    let authority = match source.get("ACME_CA_FILE") {
        None => None,
        Some(path) => Some(
            std::fs::read(path)
                .map_err(|error| invalid("ACME_CA_FILE", &format!("it cannot be read ({})", error.kind())))?,
        ),
    };
    Ok(AcmeSettings { directory, domain, contact, folder: data_dir.join("acme"), authority })
}

/// The host of `PUBLIC_URL`, and what `TLS_LOCAL_NAMES` lists.
fn names(source: &Source, public_url: &str) -> Result<Vec<String>, ConfigError> {
    let mut names = vec![host(public_url).trim_matches(['[', ']']).to_owned()];
    for name in list(source, "TLS_LOCAL_NAMES") {
        let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
        if !is_name && name.parse::<IpAddr>().is_err() {
            return Err(ConfigError::Invalid {
                name: "TLS_LOCAL_NAMES",
                why: "it is a list of host names and addresses".into(),
            });
        }
        names.push(name.to_owned());
    }
    Ok(names)
}

/// `HTTP_LISTEN_ADDR`: the port that exists to send people to the encrypted one.
pub(super) fn redirect(source: &Source, encryption: &Encryption) -> Result<Option<SocketAddr>, ConfigError> {
    let name = "HTTP_LISTEN_ADDR";
    if source.get(name).is_none() {
        return Ok(None);
    }
    if !encryption.is_here() {
        return Err(ConfigError::Invalid { name, why: "it is for a server whose TLS ends here: set TLS_MODE".into() });
    }
    parse(source, name, SocketAddr::from(([127, 0, 0, 1], 80))).map(Some)
}

/// In the clear nobody but this machine and trusted proxies may reach the server.
pub(super) fn check_listener(
    encryption: &Encryption,
    listen: SocketAddr,
    proxies: &[IpNet],
) -> Result<(), ConfigError> {
    if encryption.is_here() || listen.ip().is_loopback() || !proxies.is_empty() {
        return Ok(());
    }
    Err(ConfigError::Invalid {
        name: "LISTEN_ADDR",
        why: "other machines would reach it without encryption: set TLS_MODE, or TRUSTED_PROXIES to the proxy in front"
            .into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://mind.example";

    fn of(pairs: &[(&str, &str)]) -> Result<Encryption, String> {
        let source = pairs.iter().fold(Source::of([]), |source, (name, value)| source.or(name, value));
        read(&source, URL, Path::new("data")).map_err(|error| error.to_string())
    }

    #[test]
    fn each_source_of_certificates_is_told_by_its_settings() {
        assert!(matches!(of(&[]), Ok(Encryption::Elsewhere)));
        let files = [("TLS_CERT_FILE", "c.pem"), ("TLS_KEY_FILE", "k.pem")];
        assert!(matches!(of(&files), Ok(Encryption::Files(_))));
        let acme = [("TLS_MODE", "acme"), ("ACME_TERMS_AGREED", "true"), ("ACME_CONTACT", "a@mind.example")];
        let Ok(Encryption::Acme(settings)) = of(&acme) else { panic!("no ACME") };
        assert_eq!((settings.domain.as_str(), settings.directory.as_str()), ("mind.example", LETS_ENCRYPT));
        let local = [("TLS_MODE", "local"), ("TLS_LOCAL_NAMES", "practice.local, 192.168.1.20")];
        let Ok(Encryption::Local { names, .. }) = of(&local) else { panic!("no local authority") };
        assert_eq!(names, ["mind.example", "practice.local", "192.168.1.20"]);
    }

    #[test]
    fn what_is_half_or_contradicts_itself_is_refused_by_name() {
        for (pairs, name) in [
            (vec![("TLS_CERT_FILE", "c.pem")], "TLS_KEY_FILE"),
            (vec![("TLS_KEY_FILE", "k.pem")], "TLS_CERT_FILE"),
            (vec![("TLS_MODE", "files")], "TLS_CERT_FILE"),
            (vec![("TLS_MODE", "acme"), ("TLS_CERT_FILE", "c.pem")], "TLS_MODE"),
            (vec![("TLS_MODE", "on")], "TLS_MODE"),
            (vec![("TLS_MODE", "acme")], "ACME_TERMS_AGREED"),
            (
                vec![
                    ("TLS_MODE", "acme"),
                    ("ACME_TERMS_AGREED", "true"),
                    ("ACME_DIRECTORY_URL", "http://ca.example/d"),
                ],
                "ACME_DIRECTORY_URL",
            ),
            (vec![("TLS_MODE", "acme"), ("ACME_TERMS_AGREED", "true"), ("ACME_CA_FILE", "/nowhere")], "ACME_CA_FILE"),
            (vec![("TLS_MODE", "local"), ("TLS_LOCAL_NAMES", "no name")], "TLS_LOCAL_NAMES"),
        ] {
            let said = of(&pairs).err().unwrap_or_default();
            assert!(said.starts_with(name), "{pairs:?}: {said}");
        }
        let at = |url: &str, mode: &str| {
            let source = Source::of([("TLS_MODE", mode), ("ACME_TERMS_AGREED", "true")]);
            read(&source, url, Path::new("data")).is_ok()
        };
        assert!(!at("https://192.168.1.20", "acme") && !at("https://localhost", "acme"));
        assert!(at("https://192.168.1.20:8443", "local") && !at("http://localhost:8080", "local"));
    }

    #[test]
    fn in_the_clear_it_is_for_this_machine_and_trusted_proxies() {
        let check = |listen: &str, proxies: &[IpNet]| {
            check_listener(&Encryption::Elsewhere, listen.parse().unwrap(), proxies).is_ok()
        };
        assert!(check("127.0.0.1:8080", &[]) && check("[::1]:8080", &[]));
        assert!(!check("0.0.0.0:8080", &[]) && !check("192.168.1.20:8080", &[]));
        assert!(check("0.0.0.0:8080", &["172.17.0.0/16".parse().unwrap()]));
        let local = Encryption::Local { folder: "x".into(), names: Vec::new() };
        assert!(check_listener(&local, "0.0.0.0:443".parse().unwrap(), &[]).is_ok());
        let source = Source::of([("HTTP_LISTEN_ADDR", "0.0.0.0:80")]);
        assert!(redirect(&source, &Encryption::Elsewhere).is_err());
        assert_eq!(redirect(&source, &local).unwrap().map(|address| address.port()), Some(80));
    }
}
