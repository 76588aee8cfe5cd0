//! Credentials: tokens of every purpose, anti-forgery values, API keys, signed tokens, signatures.

use kernel::Secret;
use seal::{Purpose, csrf, token};

/// The bytes as a text, which is then taken for everything that a text can be.
pub(crate) fn target(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let read: Vec<_> = Purpose::ALL.iter().filter(|purpose| token::parse(**purpose, &text).is_some()).collect();
    assert!(read.len() <= 1, "one text is a token of two purposes");
    if let [purpose] = read.as_slice() {
        // Each token has one text: another way to write it must not be read.
        assert!(text.starts_with(purpose.prefix()), "a token without its prefix");
        assert!(token::parse(**purpose, &format!("{text}=")).is_none(), "a token has two texts");
    }
    let (session, value) = text.split_once('\n').unwrap_or(("sid_x", &text));
    // 32 bytes of a key that made none of these.
    assert!(!csrf::check(&csrf::Key::new(&Secret::new([7; 32])), session, value, value), "a forged anti-forgery value");
    let kinds = identity::parsing::kinds(&text);
    assert!(kinds.len() <= 1 || !kinds.contains(&"API key"), "an API key is something else, too");
}
