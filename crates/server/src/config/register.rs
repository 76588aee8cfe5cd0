//! Every setting there is: for `mindvibe config`, for the documents, and for whoever looks for one that is misspelt.

use serde_json::{Map, Value, json};

/// What stands behind a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A number without a sign.
    Number,
    /// `true` or `false`.
    Flag,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// Several, separated by commas.
    List,
    /// A value that is never shown; it may also come from the file that `<NAME>_FILE` names.
    Secret,
}

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The variable. One with a `*` stands for several.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// What counts when it is not set; empty when nothing does.
    pub default: &'static str,
    /// What it means, in one line.
    pub meaning: &'static str,
    /// A value that could be used.
    pub example: &'static str,
    /// Whether production does not start without it.
    pub required: bool,
}

const fn setting(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    example: &'static str,
    meaning: &'static str,
) -> Setting {
    Setting { name, kind, default, meaning, example, required: false }
}

const fn required(setting: Setting) -> Setting {
    Setting { required: true, ..setting }
}

use Kind::{Flag, List, Number, OneOf, Secret, Text};

/// All of them, in the order of `config example`.
pub const SETTINGS: &[Setting] = &[
    setting("ENVIRONMENT", OneOf(&["production", "development"]), "production", "production", "where this runs"),
    required(setting("PUBLIC_URL", Text, "", "https://mind.example", "how people reach the server; https, no path")),
    setting("LISTEN_ADDR", Text, "127.0.0.1:8080", "0.0.0.0:443", "address and port"),
    setting("PORT", Number, "8080", "8081", "the port alone, on this machine"),
    setting("DATA_DIR", Text, "data", "/var/lib/mindvibe", "database, key store, recordings, certificates"),
    setting("MEDIA_DIR", Text, "", "/srv/mindvibe/media", "recordings, when they lie elsewhere"),
    setting("MODELS_DIR", Text, "", "/var/cache/mindvibe/models", "speech models, shared by all data folders"),
    setting("RECORDINGS_MAX_MIB", Number, "100", "50", "the largest file, 1 to 100"),
    setting("RECORDINGS_MAX_MINUTES", Number, "360", "120", "the longest recording, 1 to 1440"),
    setting("RECORDINGS_MAX_CHANNELS", Number, "8", "2", "the most channels, 1 to 32"),
    setting("RECORDINGS_MAX_SAMPLE_RATE", Number, "192000", "48000", "the highest sample rate in Hz, 8000 to 768000"),
    setting("CLAMD_ADDRESS", Text, "", "tcp:127.0.0.1:3310", "a virus scanner that looks at every upload"),
    setting("RECORDINGS_QUOTA_GIB", Number, "20", "50", "what one person's recordings may take together"),
    required(setting("SECRET_KEY", Secret, "", "", "32 bytes or more; wraps the key store")),
    setting("SECRET_KEY_PREVIOUS", Secret, "", "", "the one before, while it is being changed"),
    setting("MINDVIBE_REFLECTION_KEY", Secret, "", "", "where it is set, it takes the place of SECRET_KEY"),
    setting("PASSWORD_PEPPER_PREVIOUS", Secret, "", "", "peppers under which passwords were hashed before"),
    setting("DATABASE_URL", Secret, "", "", "postgres://…; without it SQLite in DATA_DIR"),
    setting(
        "DB_SSL_MODE",
        OneOf(&["verify-full", "require-no-verify"]),
        "verify-full",
        "verify-full",
        "how PostgreSQL is recognised; when set to verify-full, on this machine too",
    ),
    setting("DB_CA_FILE", Text, "", "/etc/mindvibe/database-ca.pem", "certificates by which PostgreSQL is recognised"),
    setting("DB_POOL_SIZE", Number, "16", "32", "connections to PostgreSQL"),
    setting("DB_MAX_OVERFLOW", Number, "0", "8", "connections beyond those"),
    setting("RUN_MIGRATIONS_ON_STARTUP", Flag, "", "true", "bring the tables up to date at start"),
    setting("TLS_MODE", OneOf(&["off", "files", "acme", "local"]), "off", "acme", "where the certificate comes from"),
    setting("TLS_CERT_FILE", Text, "", "/etc/mindvibe/fullchain.pem", "the certificate and those that vouch for it"),
    setting("TLS_KEY_FILE", Text, "", "/etc/mindvibe/privkey.pem", "its key"),
    setting("TLS_LOCAL_NAMES", List, "", "practice.local,192.168.1.20", "more names for a local certificate"),
    setting("HTTP_LISTEN_ADDR", Text, "", "0.0.0.0:80", "a port in the clear that sends people to the encrypted one"),
    setting("HSTS_PRELOAD", Flag, "false", "true", "allow browsers to be shipped with this name as encrypted"),
    setting(
        "ACME_DIRECTORY_URL",
        Text,
        "https://acme-v02.api.letsencrypt.org/directory",
        "https://ca.example/acme/directory",
        "the certificate authority",
    ),
    setting("ACME_TERMS_AGREED", Flag, "", "true", "that you agree to the authority's terms"),
    setting("ACME_CONTACT", Text, "", "admin@mind.example", "where the authority may write to"),
    setting("ACME_CA_FILE", Text, "", "/etc/mindvibe/acme-ca.pem", "by which the authority's server is recognised"),
    setting("TRUSTED_PROXIES", List, "", "10.0.0.0/8", "whose Forwarded and X-Forwarded-* are believed"),
    setting("CORS_ALLOWED_ORIGINS", List, "", "https://app.mind.example", "further origins that may send writes"),
    setting("SOCKETIO_ORIGINS", List, "", "https://app.mind.example", "further origins whose pages may open sockets"),
    setting("CSP_CONNECT_SRC_EXTRA", List, "", "wss://live.example", "further origins that pages may speak with"),
    setting("CSP_REPORT_ONLY", Flag, "false", "true", "try the content policy that is meant to be next"),
    setting("REDIS_URL", Secret, "", "", "redis://… or rediss://…, for more than one instance"),
    setting(
        "RATE_LIMIT_STORAGE",
        OneOf(&["local", "redis"]),
        "",
        "local",
        "where it is counted; Redis, where there is one",
    ),
    setting("CONNECTIONS", Number, "10000", "2000", "open connections in all"),
    setting("CONNECTIONS_PER_CLIENT", Number, "256", "64", "open connections from one address"),
    setting("REQUESTS_AT_ONCE", Number, "2048", "512", "requests being worked on, in all"),
    setting("REQUESTS_AT_ONCE_PER_CLIENT", Number, "128", "64", "requests being worked on, of one address"),
    setting(
        "THREAT_SCORING",
        OneOf(&["quarantine", "log", "off"]),
        "quarantine",
        "log",
        "what follows when an address behaves as only an attacker does",
    ),
    setting("THREAT_EXEMPT", List, "", "10.1.2.3", "addresses or networks that are never scored"),
    setting("OPERATIONS_ADDR", Text, "", "127.0.0.1:9090", "a listener of their own for figures and readiness"),
    setting("READY_FROM", List, "", "10.0.0.0/8", "who may ask whether it is ready, besides this machine"),
    setting("SECURITY_PAGE", Flag, "false", "true", "show everybody how many rules of prove held"),
    setting("SECURITY_CONTACT", List, "", "mailto:security@mind.example", "whom to tell of a weakness"),
    setting("SECURITY_POLICY", Text, "", "https://mind.example/policy", "how such reports are dealt with"),
    setting("RATE_LIMIT_*", Text, "", "5/60", "count/seconds of a class, several separated by commas"),
    setting(
        "REGISTRATION",
        OneOf(&["open", "approval", "invite", "closed"]),
        "open",
        "invite",
        "who may make an account",
    ),
    setting("PASSWORD_MODE", OneOf(&["two-road", "nist", "audit"]), "two-road", "nist", "which passwords are taken"),
    setting(
        "SESSION_BINDING",
        OneOf(&["log", "flag", "enforce"]),
        "flag",
        "enforce",
        "what follows when a session is used by another program than it began on",
    ),
    setting("TOTP_STRICT", Flag, "false", "true", "take an authenticator's code in its own half minute only"),
    setting("ACCESS_TOKEN_TTL", Number, "15", "30", "minutes that an access token lasts; at most 60"),
    setting("SIGNATURE_V1", Flag, "false", "true", "also take requests signed in the older form"),
    setting("GEOIP_FILE", Text, "", "/var/lib/GeoLite2-City.mmdb", "a database of places, for the list of sessions"),
    setting("SMTP_URL", Secret, "", "", "smtps://user:password@mail.example, or smtp:// with STARTTLS"),
    setting("SMTP_HOST", Text, "", "mail.example", "the same in parts"),
    setting("SMTP_PORT", Number, "587", "465", "465 is TLS from the first byte"),
    setting("SMTP_USER", Text, "", "mindvibe", "the account at the mail server"),
    setting("SMTP_PASSWORD", Secret, "", "", "and its password"),
    setting("SMTP_CA_FILE", Text, "", "/etc/mindvibe/mail-ca.pem", "by which the mail server is recognised"),
    setting("MAIL_FROM", Text, "", "MindVibe <mind@example.org>", "who letters are from"),
    setting("OIDC_PROVIDERS", List, "", "work", "names of OpenID Connect providers"),
    setting("OIDC_*", Text, "", "", "of each provider: _ISSUER, _CLIENT_ID, _CLIENT_SECRET, _NAME, _AUDIENCE"),
    setting("AUTH0_DOMAIN", Text, "", "tenant.eu.auth0.com", "take access tokens of this tenant"),
    setting("AUTH0_AUDIENCE", Text, "", "https://mind.example", "that were made for this audience"),
    setting("BACKUP_DIR", Text, "", "/backup/data", "where backups lie, for mindvibe doctor to look at"),
    setting("BACKUP_MAX_AGE_HOURS", Number, "26", "170", "how old the newest backup may be"),
    setting("TIME_SERVER", Text, "", "time.example:123", "an NTP server that mindvibe doctor compares the clock with"),
    setting("LOG_LEVEL", Text, "info", "debug", "what is logged"),
    setting("MINDVIBE_CONFIG", Text, "", "/etc/mindvibe/mindvibe.env", "a file of settings, below the environment"),
];

/// The names of those that hold one secret each.
pub(super) fn secrets() -> impl Iterator<Item = &'static str> {
    // Addresses hold a password, and more than that.
    SETTINGS.iter().filter(|one| one.kind == Secret && !one.name.ends_with("_URL")).map(|one| one.name)
}

/// The setting of this name; for the file of a secret, and for one of several, what they belong to.
pub fn find(name: &str) -> Option<&'static Setting> {
    let whole = |name: &str| SETTINGS.iter().find(|one| one.name == name);
    let of_secret = || name.strip_suffix("_FILE").and_then(whole).filter(|one| one.kind == Secret);
    let of_several = || {
        let starts = |one: &&Setting| one.name.strip_suffix('*').is_some_and(|start| name.starts_with(start));
        SETTINGS.iter().find(starts)
    };
    whole(name).or_else(of_secret).or_else(of_several)
}

/// A JSON Schema (2020-12) of all settings as one object of texts.
pub fn schema() -> Value {
    let mut properties = Map::new();
    let mut patterns = Map::new();
    for one in SETTINGS {
        let mut shape = json!({"type": "string", "description": one.meaning});
        match one.kind {
            Text | List => {}
            Number => shape["pattern"] = json!("^[0-9]+$"),
            Flag => shape["enum"] = json!(["true", "false", "1", "0", "on", "off"]),
            OneOf(all) => shape["enum"] = json!(all),
            Secret => shape["writeOnly"] = json!(true),
        }
        if !one.default.is_empty() {
            shape["default"] = json!(one.default);
        }
        if !one.example.is_empty() {
            shape["examples"] = json!([one.example]);
        }
        if one.kind == Secret {
            let meaning = format!("the file that holds {}", one.name);
            properties.insert(format!("{}_FILE", one.name), json!({"type": "string", "description": meaning}));
        }
        match one.name.strip_suffix('*') {
            Some(start) => patterns.insert(format!("^{start}[A-Z0-9_]+$"), shape),
            None => properties.insert(one.name.to_owned(), shape),
        };
    }
    let secrets = ["SECRET_KEY", "SECRET_KEY_FILE", "MINDVIBE_REFLECTION_KEY", "MINDVIBE_REFLECTION_KEY_FILE"];
    let secrets = secrets.map(|name| json!({"required": [name]}));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The settings of MindVibe",
        "description": "Environment variables, or lines of the file that MINDVIBE_CONFIG names.",
        "type": "object",
        "properties": properties,
        "patternProperties": patterns,
        "required": ["PUBLIC_URL"],
        "anyOf": secrets,
    })
}

/// A file of settings to begin with; what need not be set is commented out.
pub fn example() -> String {
    let mut lines = vec![
        "# Settings of MindVibe, one NAME=value a line. Name this file in MINDVIBE_CONFIG, or hand it to the"
            .to_owned(),
        "# service manager (systemd: EnvironmentFile). A secret may also stand in a file of its own: append".to_owned(),
        "# _FILE to its name. docs/operations.md says more about each.".to_owned(),
    ];
    for one in SETTINGS.iter().filter(|one| one.name != "MINDVIBE_CONFIG") {
        let must = if one.required { " (required)" } else { "" };
        lines.push(format!("\n# {}{must}", one.meaning));
        if let OneOf(all) = one.kind {
            lines.push(format!("# one of: {}", all.join(", ")));
        }
        let off = if one.required { "" } else { "#" };
        lines.push(match (one.kind, one.name.strip_suffix('*')) {
            (Secret, _) => {
                format!("{off}{}_FILE=/etc/mindvibe/{}", one.name, one.name.to_lowercase().replace('_', "-"))
            }
            (_, Some("OIDC_")) => format!("{off}OIDC_WORK_ISSUER=https://id.example"),
            (_, Some(start)) => format!("{off}{start}SIGN_UP={}", one.example),
            (_, None) => format!("{off}{}={}", one.name, one.example),
        });
    }
    lines.push(String::new());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Source};

    /// What the code reads its settings from.
    const READERS: &[&str] = &[
        include_str!("mod.rs"),
        include_str!("database.rs"),
        include_str!("encryption.rs"),
        include_str!("limits.rs"),
        include_str!("media.rs"),
        include_str!("operations.rs"),
        include_str!("post.rs"),
        include_str!("providers.rs"),
        include_str!("secrets.rs"),
        include_str!("source.rs"),
        include_str!("../doctor/mod.rs"),
        include_str!("../doctor/backups.rs"),
        include_str!("../doctor/clock.rs"),
        include_str!("../doctor/redis.rs"),
    ];

    /// Words in capitals that are parts of names, or nobody's settings.
    const PARTS: &[&str] = &[
        "ISSUER",
        "CLIENT_ID",
        "CLIENT_SECRET",
        "NAME",
        "AUDIENCE",
        "SIGN_IN_BY_ADDRESS",
        "SIGN_IN_BY_ACCOUNT",
        "COMPANION",
        "SECOND_FACTOR",
        "SIGN_UP",
        "LETTERS",
        "LINKS",
        "ANONYMOUS",
        "SIGNED_IN",
        "TRANSCRIPTION",
        "AUDIO",
        "REPORT",
        "STORAGE",
        "HOME",
        "XDG_CACHE_HOME",
        "OIDC_",
        "RATE_LIMIT_",
        "PING",
        "AUTH",
        "_CLIENT_SECRET",
    ];

    fn words(text: &str) -> impl Iterator<Item = &str> {
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let quoted = code.split('"').skip(1).step_by(2);
        quoted.filter(|word| {
            let plain = word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
            plain && word.len() > 3 && word.bytes().any(|byte| byte.is_ascii_uppercase())
        })
    }

    #[test]
    fn every_setting_that_is_read_is_registered_and_documented() {
        let read: Vec<&str> = READERS.iter().flat_map(|text| words(text)).collect();
        for word in &read {
            let known =
                find(word).is_some() || PARTS.contains(word) || word.starts_with("A1_") || word.starts_with("A2_");
            assert!(known, "{word} has no line in the register");
        }
        let document = include_str!("../../../../docs/operations.md");
        for one in SETTINGS {
            let name = one.name.replace('*', "<");
            assert!(document.contains(&format!("`{name}")), "{} has no line in docs/operations.md", one.name);
            let used = one.name.contains('*') || read.contains(&one.name) || one.name == "MINDVIBE_CONFIG";
            assert!(used, "{} is registered and read nowhere", one.name);
        }
    }

    #[test]
    fn the_example_is_taken_when_its_secrets_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mindvibe.env");
        let secret = folder.path().join("secret-key");
        std::fs::write(&secret, "q7ZtR2vK9mXc4LpW8sYhN3bGdF6jUaQe1ToVxCi5").unwrap();
        let text = example().replace("/etc/mindvibe/secret-key\n", &format!("{}\n", secret.display()));
        std::fs::write(&file, text).unwrap();
        let mut source = Source::of([]);
        source.read_below(&file);
        let config = Config::read(&source).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(config.public_url, "https://mind.example");
        assert!(source.names_in_file().iter().all(|name| find(name).is_some()));
    }

    #[test]
    fn names_are_found_with_their_variations() {
        assert!(find("SECRET_KEY_FILE").is_some() && find("RATE_LIMIT_SIGN_UP").is_some());
        assert!(find("OIDC_WORK_ISSUER").is_some() && find("PUBLIC_URL_FILE").is_none() && find("SECRT_KEY").is_none());
        let schema = schema();
        assert_eq!(schema["properties"]["TLS_MODE"]["enum"][2], "acme");
        assert_eq!(schema["properties"]["SECRET_KEY"]["writeOnly"], true);
        assert_eq!(schema["required"][0], "PUBLIC_URL");
    }
}
