//! The secret that wraps the key store: given, or in development made once and kept.

use super::{ConfigError, Environment, Source, register};
use data_encoding::BASE64URL_NOPAD;
use kernel::{Ambient, Secret};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Shorter secrets can be guessed.
const MIN_BYTES: usize = 32;
/// As those that are made of fewer different letters.
const MIN_BITS: usize = 128;
/// What stands in examples and tutorials is no secret.
const SAMPLES: &[&str] = &[
    "changeme",
    "change-in-production",
    "change_me",
    "your-secret",
    "secret-key",
    "example",
    "12345678",
    "change-me",
    "changethis",
    "replace-me",
    "replaceme",
    "supersecret",
    "insecure",
    "placeholder",
    "mysecret",
];

/// The current secret first, then those it replaced. `MINDVIBE_REFLECTION_KEY`, when set, takes the place of `SECRET_KEY`.
pub(super) fn keys(
    source: &Source,
    environment: Environment,
    data_dir: &Path,
) -> Result<Vec<Secret<String>>, ConfigError> {
    let mut keys = Vec::new();
    if let Some(key) = given(source, "MINDVIBE_REFLECTION_KEY")? {
        keys.push(key);
        // A SECRET_KEY beside it may be what wrapped the store before.
        keys.extend(given(source, "SECRET_KEY")?);
    } else if let Some(key) = given(source, "SECRET_KEY")? {
        keys.push(key);
    } else if environment == Environment::Development || kernel::weaken::is("A2-CHECKLIST.10-no-default-secrets") {
        keys.push(kept(data_dir)?);
    } else {
        return Err(ConfigError::Missing {
            name: "SECRET_KEY",
            why: "32 bytes or more that wrap the key store; make one with: openssl rand -base64 48",
        });
    }
    keys.extend(given(source, "SECRET_KEY_PREVIOUS")?);
    Ok(keys)
}

fn given(source: &Source, name: &'static str) -> Result<Option<Secret<String>>, ConfigError> {
    let Some(secret) = source.secret(name)? else { return Ok(None) };
    let invalid = |why: &str| ConfigError::Invalid { name, why: why.to_owned() };
    if kernel::weaken::is("A2-4.start") {
        return Ok(Some(secret));
    }
    let text = secret.expose();
    let lower = text.to_ascii_lowercase();
    if SAMPLES.iter().any(|sample| lower.contains(sample)) {
        return Err(invalid("it is a sample from a document; make one with: openssl rand -base64 48"));
    }
    if text.len() < MIN_BYTES {
        return Err(invalid("it has fewer than 32 bytes"));
    }
    if bits(text) < MIN_BITS {
        return Err(invalid("it repeats itself, or could be guessed; make one with: openssl rand -base64 48"));
    }
    Ok(Some(secret))
}

/// What a text of such letters is worth at most, in bits, rounded down: what repeats is counted once.
fn bits(text: &str) -> usize {
    let bytes = text.as_bytes();
    let period = (1..=bytes.len()).find(|period| bytes.iter().zip(&bytes[*period..]).all(|(one, other)| one == other));
    let bytes = &bytes[..period.unwrap_or(bytes.len())];
    let mut distinct = bytes.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    distinct.len().checked_ilog2().map_or(0, |each| bytes.len() * each as usize)
}

/// Refuses two secrets with one value: whoever learns the one for mail must not hold the one that wraps the keys.
pub(super) fn all_different(source: &Source) -> Result<(), ConfigError> {
    if kernel::weaken::is("A2-4.equal") {
        return Ok(());
    }
    let mut seen: Vec<(&'static str, Secret<String>)> = Vec::new();
    for name in register::secrets() {
        let Some(secret) = source.secret(name)? else { continue };
        if let Some((other, _)) = seen.iter().find(|(_, known)| known.expose() == secret.expose()) {
            return Err(ConfigError::Invalid {
                name,
                why: format!("it is the same as {other}; every secret is its own"),
            });
        }
        seen.push((name, secret));
    }
    for (name, value) in source.starting_with("OIDC_").filter(|(name, _)| name.ends_with("_CLIENT_SECRET")) {
        if let Some((other, _)) = seen.iter().find(|(_, known)| known.expose() == value.trim()) {
            let why = format!("OIDC_{name} is the same as {other}; every secret is its own");
            return Err(ConfigError::Invalid { name: "OIDC_PROVIDERS", why });
        }
    }
    Ok(())
}

/// The secret of a development data directory, made at its first start, readable by its owner only.
fn kept(data_dir: &Path) -> Result<Secret<String>, ConfigError> {
    let invalid = |why: String| ConfigError::Invalid { name: "DATA_DIR", why };
    let path = data_dir.join("secret.key");
    if let Ok(text) = std::fs::read_to_string(&path) {
        return Ok(Secret::new(text.trim_end().to_owned()));
    }
    std::fs::create_dir_all(data_dir).map_err(|error| invalid(format!("it cannot be made ({})", error.kind())))?;
    let text = BASE64URL_NOPAD.encode(&Ambient::system().bytes::<48>());
    // Written whole under another name and then linked: a second process of the same directory sees all of it or nothing,
    // and whoever links first has the one that counts.
    let draft = data_dir.join(format!("secret.key.{}", std::process::id()));
    let written =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
    let linked = written.and_then(|()| std::fs::hard_link(&draft, &path));
    let removed = std::fs::remove_file(&draft);
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(invalid(format!("secret.key cannot be written ({})", error.kind())));
        }
        _ => removed.map_err(|error| invalid(format!("a draft of secret.key is left behind ({})", error.kind())))?,
    }
    let text = std::fs::read_to_string(&path)
        .map_err(|error| invalid(format!("secret.key cannot be read ({})", error.kind())))?;
    Ok(Secret::new(text.trim_end().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_repeats_is_worth_little() {
        assert!(bits("q7ZtR2vK9mXc4LpW8sYhN3bGdF6jUaQe1ToVxCi5") >= MIN_BITS);
        assert!(bits("8f14e45fceea167a5a36dedd4bea2543c9f0f895fb98ab9159f51fd0297e236d") >= MIN_BITS);
        for weak in ["abababababababababababababababababababab", "", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
            assert!(bits(weak) < MIN_BITS, "{weak}");
        }
        assert!(bits(&"k3yThatIsLong-9f".repeat(4)) < MIN_BITS, "sixteen letters four times");
    }

    #[test]
    fn no_secret_serves_twice() {
        let value = "q7ZtR2vK9mXc4LpW8sYhN3bGdF6jUaQe1ToVxCi5";
        let refusal = |other: &str| {
            let source = Source::of([("SECRET_KEY", value), (other, value)]);
            all_different(&source).err().map(|error| error.to_string()).unwrap_or_default()
        };
        for other in ["SECRET_KEY_PREVIOUS", "MINDVIBE_REFLECTION_KEY", "SMTP_PASSWORD", "OIDC_X_CLIENT_SECRET"] {
            let said = refusal(other);
            assert!(said.contains(other) && !said.contains(value), "{other}: {said}");
        }
        assert!(all_different(&Source::of([("SECRET_KEY", value), ("SMTP_PASSWORD", "another")])).is_ok());
    }
}
