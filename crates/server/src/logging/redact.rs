//! Blanks what looks like a secret in a finished log line.

use std::borrow::Cow;

/// Prefixes of our own tokens and of common ones; what follows is blanked.
const PREFIXES: &[&[u8]] = &[b"sid_", b"at_", b"rt_", b"setup_", b"sk_live_", b"sk_test_", b"Bearer ", b"eyJ"];
/// What follows a prefix must be at least this long to be a secret rather than a word.
const MIN_SECRET: usize = 16;

const fn is_secret_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'+' | b'/' | b'=' | b'~')
}

/// The line without secrets; borrowed when there were none, which is nearly always.
pub(super) fn line(line: &[u8]) -> Cow<'_, [u8]> {
    let mut out: Option<Vec<u8>> = None;
    let mut at = 0;
    while at < line.len() {
        if let Some((keep, end)) = secret_at(line, at) {
            let out = out.get_or_insert_with(|| line[..at].to_vec());
            out.extend_from_slice(&line[at..keep]);
            out.extend_from_slice(b"***");
            at = end;
        } else {
            if let Some(out) = &mut out {
                out.push(line[at]);
            }
            at += 1;
        }
    }
    out.map_or(Cow::Borrowed(line), Cow::Owned)
}

/// Where a secret begins and ends, if something that announces one stands at `at`.
fn secret_at(line: &[u8], at: usize) -> Option<(usize, usize)> {
    let rest = &line[at..];
    // user:password@ of a URL
    if rest.starts_with(b"://") {
        let authority =
            rest[3..].iter().position(|byte| matches!(byte, b'/' | b'"' | b' ' | b'?')).map_or(rest.len(), |n| n + 3);
        let user = &rest[3..authority];
        let ends = user.iter().rposition(|byte| *byte == b'@')?;
        let colon = user[..ends].iter().position(|byte| *byte == b':')?;
        return Some((at + 3 + colon + 1, at + 3 + ends));
    }
    let prefix = PREFIXES.iter().find(|prefix| rest.starts_with(prefix))?;
    // In the middle of a word it is part of that word.
    if at > 0 && (line[at - 1].is_ascii_alphanumeric() || line[at - 1] == b'_') {
        return None;
    }
    let begin = at + prefix.len();
    let length = line[begin..].iter().take_while(|byte| is_secret_byte(**byte)).count();
    (length >= MIN_SECRET).then_some((begin, begin + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(text: &str) -> String {
        String::from_utf8(line(text.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn secrets_are_blanked_and_words_are_not() {
        assert_eq!(
            clean("postgres://mind:hunter2@db.example/mind failed"),
            "postgres://mind:***@db.example/mind failed"
        );
        assert_eq!(clean("got sid_AAAABBBBCCCCDDDDEEEE."), "got sid_***");
        assert_eq!(clean("Authorization: Bearer abcdefghijklmnopqrstuvwxyz"), "Authorization: Bearer ***");
        for text in
            ["at_a word", "https://mind.example:8443/path", "{\"setup_needed\":true}", "format_version_number_of_file"]
        {
            assert_eq!(clean(text), text);
        }
    }
}
