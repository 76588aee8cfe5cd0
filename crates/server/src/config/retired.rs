//! Variables of the two predecessors that are gone: told at start, with what replaced them; one of them stops the start.

use super::{ConfigError, Source};

const RETIRED: &[(&str, &str)] = &[
    ("JWT_SECRET_KEY", "tokens are opaque or signed with keys of the key store; SECRET_KEY wraps that store"),
    ("EDDSA_ENABLED", "there is no other signature to choose"),
    ("DEBUG", "errors are never shown in answers; every answer has a correlation id that the log knows"),
    ("FLASK_ENV", "set ENVIRONMENT"),
];

/// One line for each retired variable that is set.
pub(super) fn notices(source: &Source) -> Vec<String> {
    let set = RETIRED.iter().filter(|(name, _)| source.get(name).is_some());
    set.map(|(name, instead)| format!("{name} is set and has no effect here: {instead}")).collect()
}

/// # Errors
/// `ALLOW_INSECURE_SESSION_AUTH` asked for something that must not exist.
pub(super) fn refuse(source: &Source) -> Result<(), ConfigError> {
    match source.get("ALLOW_INSECURE_SESSION_AUTH") {
        Some("true" | "1" | "yes") => Err(ConfigError::Invalid {
            name: "ALLOW_INSECURE_SESSION_AUTH",
            why: "signing in without a password does not exist here; remove the variable".into(),
        }),
        _ => Ok(()),
    }
}
