//! `mindvibe init`: settings, a secret, and on a local network a certificate authority. Nothing that is there is changed.

use super::say;
use crate::compose::Failure;
use crate::config::{ConfigError, Source, encryption};
use data_encoding::BASE64;
use kernel::Ambient;
use serde_json::json;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tls::local::{self, Local};
use tls::{machine, private};

/// Where the server with a local authority listens, unless told otherwise: ports that need no privilege.
const TLS_PORT: u16 = 8443;
const HTTP_PORT: u16 = 8080;

/// What to make.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  mindvibe init --dir /etc/mindvibe --data-dir /var/lib/mindvibe --public-url https://mind.example\n  \
    mindvibe init --local-ca --name practice.local"
)]
pub(super) struct Arguments {
    /// Where the settings and the secret are written.
    #[arg(long, default_value = ".")]
    dir: PathBuf,
    /// Where the server keeps its data; `data` beside the settings unless given.
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// How people reach the server. With --local-ca, the name of this machine unless given.
    #[arg(long)]
    public_url: Option<String>,
    /// Make a certificate authority for the local network, and a certificate for this machine.
    #[arg(long)]
    local_ca: bool,
    /// A further name or address for that certificate; may be repeated.
    #[arg(long)]
    name: Vec<String>,
    /// text or json.
    #[arg(long, default_value = "text", value_parser = ["text", "json"])]
    format: String,
}

/// What was made, and what there was before.
struct Begun {
    settings: PathBuf,
    new_settings: bool,
    secret: PathBuf,
    new_secret: bool,
    public_url: String,
}

/// Makes it; 0 when all of it is there, 1 when what is there cannot be used.
pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let ambient = Ambient::system();
    let data_dir = arguments.data_dir.clone().unwrap_or_else(|| arguments.dir.join("data"));
    let begun = match begin(arguments, &data_dir, &ambient) {
        Ok(begun) => begun,
        Err(Failure::Config(error)) => {
            say(&error.to_string());
            return Ok(ExitCode::from(1));
        }
        Err(other) => return Err(other),
    };
    // What is there already decides where the authority lies.
    let mut source = Source::of([]);
    source.read_below(&begun.settings);
    let data_dir = source.get("DATA_DIR").map_or(data_dir, PathBuf::from);
    let authority = if arguments.local_ca { Some(authority(arguments, &begun, &data_dir, &ambient)?) } else { None };
    tell(arguments, &begun, authority.as_ref(), &source);
    Ok(ExitCode::SUCCESS)
}

fn io(error: &tls::Error) -> Failure {
    Failure::Io(std::io::Error::other(error.to_string()))
}

fn begin(arguments: &Arguments, data_dir: &Path, ambient: &Ambient) -> Result<Begun, Failure> {
    let settings = arguments.dir.join("mindvibe.env");
    let secret = arguments.dir.join("secret-key");
    private::folder(&arguments.dir).map_err(|error| io(&error))?;
    let public_url = match (&arguments.public_url, arguments.local_ca) {
        (Some(url), _) => url.trim_end_matches('/').to_owned(),
        (None, true) => format!("https://{}:{TLS_PORT}", own_name()),
        (None, false) => String::new(),
    };
    let new_settings = !settings.exists();
    if new_settings && !public_url.starts_with("https://") {
        let why = "give it by --public-url, such as https://mind.example";
        return Err(ConfigError::Missing { name: "PUBLIC_URL", why }.into());
    }
    let new_secret = !secret.exists();
    if new_secret {
        let text = BASE64.encode(&ambient.bytes::<48>());
        private::write(&secret, text.as_bytes()).map_err(|error| io(&error))?;
    }
    if new_settings {
        let text = text(arguments, &public_url, &absolute(data_dir)?, &absolute(&secret)?);
        private::write(&settings, text.as_bytes()).map_err(|error| io(&error))?;
    }
    let public_url = if new_settings { public_url } else { read_url(&settings).unwrap_or(public_url) };
    Ok(Begun { settings, new_settings, secret, new_secret, public_url })
}

fn read_url(settings: &Path) -> Option<String> {
    let mut source = Source::of([]);
    source.read_below(settings);
    source.get("PUBLIC_URL").map(str::to_owned)
}

/// Settings hold for wherever the server is started.
fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    Ok(std::path::absolute(path)?)
}

/// The name of this machine as other devices find it, or what comes next to it.
fn own_name() -> String {
    let named = machine::names().into_iter().find(|name| name.contains('.'));
    let addressed = || machine::addresses().into_iter().find(|ip| ip.is_ipv4() && !ip.is_loopback());
    named.or_else(|| addressed().map(|ip| ip.to_string())).unwrap_or_else(|| "localhost".to_owned())
}

fn text(arguments: &Arguments, public_url: &str, data_dir: &Path, secret: &Path) -> String {
    let mut lines = vec![
        "# Made by mindvibe init. `mindvibe config example` lists everything that can stand here.".to_owned(),
        "ENVIRONMENT=production".to_owned(),
        format!("PUBLIC_URL={public_url}"),
        format!("DATA_DIR={}", data_dir.display()),
        format!("SECRET_KEY_FILE={}", secret.display()),
    ];
    if arguments.local_ca {
        lines.push("TLS_MODE=local".to_owned());
        lines.push(format!("LISTEN_ADDR=0.0.0.0:{TLS_PORT}"));
        lines.push(format!("HTTP_LISTEN_ADDR=0.0.0.0:{HTTP_PORT}"));
        if !arguments.name.is_empty() {
            lines.push(format!("TLS_LOCAL_NAMES={}", arguments.name.join(",")));
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

fn authority(arguments: &Arguments, begun: &Begun, data_dir: &Path, ambient: &Ambient) -> Result<local::Made, Failure> {
    let host = url::Url::parse(&begun.public_url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let mut names: Vec<String> = host.into_iter().collect();
    names.extend(arguments.name.iter().cloned());
    let names = local::names_of_this_machine(&names);
    let local = Local::new(encryption::local_folder(data_dir));
    local.ensure(&names, ambient).map_err(|error| io(&error))
}

/// Where other devices learn to trust the authority.
fn trust_url(source: &Source) -> Option<String> {
    let address: SocketAddr = source.get("HTTP_LISTEN_ADDR")?.parse().ok()?;
    let host = if address.ip().is_unspecified() {
        machine::addresses().into_iter().find(std::net::IpAddr::is_ipv4)?
    } else {
        address.ip()
    };
    Some(format!("http://{}{}", SocketAddr::new(host, address.port()), crate::trust::PATH))
}

fn tell(arguments: &Arguments, begun: &Begun, authority: Option<&local::Made>, source: &Source) {
    let trust = authority.and_then(|_| trust_url(source));
    if arguments.format == "json" {
        let authority = authority.map(|made| {
            json!({
                "new": made.new_authority, "name": made.authority.issuer, "sha256": made.authority.fingerprint_text(),
                "until": made.authority.not_after, "names": made.server.names, "trust": trust,
            })
        });
        let answer = json!({
            "settings": {"file": begun.settings, "new": begun.new_settings},
            "secret": {"file": begun.secret, "new": begun.new_secret},
            "public_url": begun.public_url, "authority": authority,
        });
        say(&answer.to_string());
        return;
    }
    let made = |new: bool| if new { "Made" } else { "Kept" };
    say(&format!("{} the settings {}", made(begun.new_settings), begun.settings.display()));
    say(&format!(
        "{} the secret {}: keep a copy of it apart from every backup",
        made(begun.new_secret),
        begun.secret.display()
    ));
    if let Some(local::Made { authority, server, new_authority, .. }) = authority {
        say(&format!("{} the authority {}", made(*new_authority), authority.issuer.trim_start_matches("CN=")));
        say(&format!("  for {}", server.names.join(", ")));
        say("  fingerprint (SHA-256), to be compared on every device that is to trust it:");
        say(&format!("  {}", authority.fingerprint_text()));
        if let Some(trust) = trust {
            say(&format!("  other devices learn to trust it at {trust}, once the server runs"));
        }
    }
    say(&format!("Start it with: MINDVIBE_CONFIG={} mindvibe serve", begun.settings.display()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Encryption};

    fn arguments(dir: &Path, local_ca: bool) -> Arguments {
        Arguments {
            dir: dir.to_owned(),
            data_dir: None,
            public_url: (!local_ca).then(|| "https://mind.example/".to_owned()),
            local_ca,
            name: vec!["practice.local".to_owned()],
            format: "json".to_owned(),
        }
    }

    fn config(dir: &Path) -> Config {
        let mut source = Source::of([]);
        source.read_below(&dir.join("mindvibe.env"));
        Config::read(&source).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn what_it_makes_can_be_started_with_and_is_never_made_twice() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("new");
        run(&arguments(&dir, false)).unwrap();
        let config = config(&dir);
        assert_eq!(config.public_url, "https://mind.example");
        let before = std::fs::read(dir.join("secret-key")).unwrap();
        run(&arguments(&dir, false)).unwrap();
        assert_eq!(std::fs::read(dir.join("secret-key")).unwrap(), before);
    }

    #[test]
    fn a_local_authority_is_where_the_server_looks_for_it() {
        let folder = tempfile::tempdir().unwrap();
        run(&arguments(folder.path(), true)).unwrap();
        let config = config(folder.path());
        let Encryption::Local { folder: place, names } = config.encryption else { panic!("no local authority") };
        assert!(local::is_there(&place) && names.contains(&"practice.local".to_owned()));
        let facts = Local::new(&place).files().read().unwrap().facts().clone();
        let host = url::Url::parse(&config.public_url).unwrap().host_str().unwrap().to_owned();
        assert!(facts.covers("practice.local") && facts.covers(&host) && facts.covers("127.0.0.1"));
        assert_eq!(config.redirect_listen.map(|address| address.port()), Some(HTTP_PORT));
    }
}
