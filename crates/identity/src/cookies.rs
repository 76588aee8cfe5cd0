//! The two cookies of the browser surface, as header values.
//!
//! `__Host-` binds both to this very origin over TLS (RFC 6265bis, section 4.1.3.2); browsers treat `http://localhost` as
//! trustworthy, so they work there too. `Lax`, so that a link in a mail opens the signed-in client.

use http::HeaderValue;
use std::time::Duration;

/// Holds the session; no script can read it.
pub(crate) const SESSION: &str = "__Host-sid";
/// Holds the anti-forgery value; the client's script reads it and sends it back in a header.
pub(crate) const CSRF: &str = "__Host-csrf";

/// Holds the token of a browser that need not show the second factor again; no script can read it.
pub(crate) const DEVICE: &str = "__Host-device";

/// Sets the cookie of a trusted device.
pub(crate) fn device(token: &str, life: Duration) -> HeaderValue {
    let mut value =
        line(&format!("{DEVICE}={token}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={}", life.as_secs()));
    value.set_sensitive(true);
    value
}

/// Sets the session's cookie.
pub(crate) fn session(sid: &str, life: Duration) -> HeaderValue {
    let secure = if kernel::weaken::is("A1-M4") { "" } else { " Secure;" };
    let mut value =
        line(&format!("{SESSION}={sid}; Path=/;{secure} HttpOnly; SameSite=Lax; Max-Age={}", life.as_secs()));
    value.set_sensitive(true);
    value
}

/// Sets the anti-forgery cookie.
pub(crate) fn csrf(token: &str, life: Duration) -> HeaderValue {
    line(&format!("{CSRF}={token}; Path=/; Secure; SameSite=Lax; Max-Age={}", life.as_secs()))
}

/// Removes both. By name, because `Clear-Site-Data: "cookies"` would also take what is meant to outlive a session.
pub(crate) fn expired() -> [HeaderValue; 2] {
    [session("", Duration::ZERO), csrf("", Duration::ZERO)]
}

fn line(text: &str) -> HeaderValue {
    // Only our own tokens come here, which are letters, digits, `_`, `-` and `.`; an empty line sets no cookie.
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{Secret, SystemRng};
    use seal::{Purpose, csrf as forgery, token};

    #[test]
    fn they_are_exactly_these() {
        let week = Duration::from_hours(7 * 24);
        assert_eq!(
            session("sid_abc", week),
            "__Host-sid=sid_abc; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=604800"
        );
        assert_eq!(csrf("a.b", week), "__Host-csrf=a.b; Path=/; Secure; SameSite=Lax; Max-Age=604800");
        let [sid, token] = expired();
        assert_eq!(sid, "__Host-sid=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
        assert_eq!(token, "__Host-csrf=; Path=/; Secure; SameSite=Lax; Max-Age=0");
    }

    #[test]
    fn every_token_of_ours_fits_into_a_cookie() {
        for _ in 0..1000 {
            let (sid, _) = token::mint(Purpose::Session, &SystemRng);
            let value = forgery::mint(&forgery::Key::new(&Secret::new([7; 32])), sid.expose(), &SystemRng);
            for (line, text) in
                [(session(sid.expose(), Duration::ZERO), sid.expose()), (csrf(&value, Duration::ZERO), &value)]
            {
                assert!(line.to_str().unwrap().contains(text.as_str()));
                assert!(!text.contains([';', ',', ' ', '"', '\\', '=']));
            }
        }
    }
}
