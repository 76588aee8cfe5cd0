//! Blanks what looks like a secret in a finished text: a log line, a kept cause. The last net; types that cannot be printed
//! are the first.

use std::borrow::Cow;

/// What announces a secret wherever it stands. Prefixes of our own tokens and keys, and of common ones.
const PREFIXES: &[&[u8]] = &[
    b"sid_",
    b"at_",
    b"rt_",
    b"setup_",
    b"step_",
    b"device_",
    b"verify_",
    b"reset_",
    b"unlock_",
    b"notme_",
    b"invite_",
    b"state_",
    b"sk_live_",
    b"sk_test_",
    b"sk-",
    b"ghp_",
    b"Bearer ",
    b"bearer ",
    b"Token ",
    b"Basic ",
];
/// Names after which `=` or `:` announces a secret, in any case.
const NAMES: &[&str] = &[
    "api_key",
    "api-key",
    "apikey",
    "access_token",
    "refresh_token",
    "client_secret",
    "secret_key",
    "password",
    "passwd",
    "secret",
    "authorization",
    "token",
];
/// How a signed token begins: the first letters of a JSON object in base64url.
const SIGNED: &[u8] = b"eyJ";
/// What follows a prefix must be at least this long to be a secret rather than a word.
const MIN_SECRET: usize = 16;
/// What follows a name and a sign may be shorter: the name says what it is.
const MIN_NAMED: usize = 6;
/// Schemes whose addresses hold a password that nobody encoded as an address asks for: it ends at the last `@`.
const LOOSE: &[&[u8]] = &[b"postgres", b"postgresql", b"redis", b"rediss", b"smtp", b"smtps", b"mysql", b"amqp"];

const BLANK: &[u8] = b"***";

/// Whether something that announces a secret begins with such a pair of letters, by the five low bits of each, which are
/// the same for both cases. Made of the lists above: what stands there is looked for, and a pair too many only costs time.
static BEGINS: [bool; 1024] = {
    let mut begins = [false; 1024];
    let mut at = 0;
    while at < PREFIXES.len() {
        begins[pair(PREFIXES[at][0], PREFIXES[at][1])] = true;
        at += 1;
    }
    at = 0;
    while at < NAMES.len() {
        begins[pair(NAMES[at].as_bytes()[0], NAMES[at].as_bytes()[1])] = true;
        at += 1;
    }
    begins[pair(SIGNED[0], SIGNED[1])] = true;
    begins
};

const fn pair(first: u8, second: u8) -> usize {
    ((first & 31) as usize) << 5 | (second & 31) as usize
}

/// Which bytes are looked at further: colons, and what begins a word.
static KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Sign; 256];
    let mut byte = 0;
    while byte < 256 {
        kinds[byte] = match u8_of(byte) {
            b':' => Kind::Colon,
            letter if letter.is_ascii_alphabetic() => Kind::Letter,
            other if is_word_byte(other) => Kind::Word,
            _ => Kind::Sign,
        };
        byte += 1;
    }
    kinds
};

/// What a byte can be the beginning or the middle of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Colon,
    Letter,
    /// A digit or `_`: goes on with a word and begins none that matters.
    Word,
    Sign,
}

#[expect(clippy::cast_possible_truncation, reason = "called with 0 to 255 alone, while compiling")]
const fn u8_of(number: usize) -> u8 {
    number as u8
}

const fn is_secret_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'+' | b'/' | b'=' | b'~')
}

const fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The text without secrets; borrowed when there were none, which is nearly always.
pub fn text(text: &str) -> Cow<'_, str> {
    match bytes(text.as_bytes()) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        // What is blanked is replaced whole, from one ASCII byte to another, so the rest stays UTF-8.
        Cow::Owned(clean) => Cow::Owned(String::from_utf8_lossy(&clean).into_owned()),
    }
}

/// The same of bytes.
pub fn bytes(line: &[u8]) -> Cow<'_, [u8]> {
    if crate::weaken::is("A2-8") {
        return Cow::Borrowed(line);
    }
    let mut out = Vec::new();
    // Up to where the line has been copied, and where the next secret is looked for.
    let (mut copied, mut at) = (0, 0);
    while let Some((keep, end)) = next_secret(line, at) {
        out.extend_from_slice(&line[copied..keep]);
        out.extend_from_slice(BLANK);
        (copied, at) = (end, end);
    }
    if copied == 0 {
        return Cow::Borrowed(line);
    }
    out.extend_from_slice(&line[copied..]);
    Cow::Owned(out)
}

/// Where the first secret begins and ends that is announced at `from` or after it. Nearly every byte is passed over after
/// one look, and nearly every word after two: a line is written for each request.
fn next_secret(line: &[u8], from: usize) -> Option<(usize, usize)> {
    let mut before = if from == 0 { Kind::Sign } else { KINDS[usize::from(line[from - 1])] };
    for (at, byte) in line.iter().enumerate().skip(from) {
        let kind = KINDS[usize::from(*byte)];
        let worth = match kind {
            Kind::Colon => line.get(at + 1) == Some(&b'/'),
            Kind::Letter if matches!(before, Kind::Letter | Kind::Word) => false,
            Kind::Letter => line.get(at + 1).is_some_and(|second| BEGINS[pair(*byte, *second)]),
            Kind::Word | Kind::Sign => false,
        };
        if worth && let Some(found) = secret_at(line, at) {
            return Some(found);
        }
        before = kind;
    }
    None
}

/// Where a secret begins and ends, if something that announces one stands at `at`.
fn secret_at(line: &[u8], at: usize) -> Option<(usize, usize)> {
    match line[at] {
        b':' => in_address(line, at),
        byte if byte.is_ascii_alphabetic() && (at == 0 || !is_word_byte(line[at - 1])) => {
            after_prefix(line, at).or_else(|| signed(line, at)).or_else(|| after_name(line, at))
        }
        _ => None,
    }
}

/// `user:password@` of an address.
fn in_address(line: &[u8], at: usize) -> Option<(usize, usize)> {
    let rest = line[at..].strip_prefix(b"://")?;
    let scheme = line[..at].rsplit(|byte| !is_word_byte(*byte)).next().unwrap_or_default();
    let loose = LOOSE.contains(&scheme);
    let ends = |byte: &u8| match byte {
        b'"' | b'\\' | b' ' | b'\t' | b'\n' | b'>' => true,
        b'/' | b'?' | b'#' => !loose,
        _ => false,
    };
    let authority = &rest[..rest.iter().position(ends).unwrap_or(rest.len())];
    let host = authority.iter().rposition(|byte| *byte == b'@')?;
    let colon = authority[..host].iter().position(|byte| *byte == b':')?;
    (colon + 1 < host).then_some((at + 3 + colon + 1, at + 3 + host))
}

/// What follows one of the [`PREFIXES`].
fn after_prefix(line: &[u8], at: usize) -> Option<(usize, usize)> {
    let rest = &line[at..];
    let prefix = PREFIXES.iter().find(|prefix| rest.starts_with(prefix))?;
    let begin = at + prefix.len();
    let length = line[begin..].iter().take_while(|byte| is_secret_byte(**byte)).count();
    let value = &line[begin..begin + length];
    // `reset_second_factors_of` is a name: what chance made has capitals or digits.
    let by_chance = value.iter().any(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    (length >= MIN_SECRET && (by_chance || !prefix.ends_with(b"_"))).then_some((begin, begin + length))
}

/// A token that is signed: three parts in base64url, the first of which is a JSON object.
fn signed(line: &[u8], at: usize) -> Option<(usize, usize)> {
    if !line[at..].starts_with(SIGNED) {
        return None;
    }
    let length = line[at..].iter().take_while(|byte| is_secret_byte(**byte)).count();
    (length >= MIN_SECRET).then_some((at, at + length))
}

/// What follows `name=` or `name: `, also with the quotes of JSON, escaped or not.
fn after_name(line: &[u8], at: usize) -> Option<(usize, usize)> {
    let rest = &line[at..];
    let is_named = |name: &&&str| rest.get(..name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()));
    let name = NAMES.iter().find(is_named)?;
    let mut begin = at + name.len();
    let skip = |mut from: usize, any: &[u8]| {
        while line.get(from).is_some_and(|byte| any.contains(byte)) {
            from += 1;
        }
        from
    };
    begin = skip(begin, b"\\\"'");
    if !matches!(line.get(begin), Some(b'=' | b':')) {
        return None;
    }
    begin = skip(begin + 1, b"\\\"' ");
    // `Authorization: Bearer …`: the scheme is not the secret, and is judged by itself.
    if after_prefix(line, begin).is_some() {
        return None;
    }
    let length = line[begin..].iter().take_while(|byte| !b"\"\\ &,;'}\n".contains(byte)).count();
    let value = &line[begin..begin + length];
    // A word of a sentence ("token: missing") has neither a digit nor a sign; a bare number must stay one, or the line would
    // not be JSON any more.
    let is_word = value.iter().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'.' | b')' | b'_'));
    let is_number = value.iter().all(u8::is_ascii_digit);
    (length >= MIN_NAMED && !is_word && !is_number).then_some((begin, begin + length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn secrets_are_blanked() {
        for (dirty, clean) in [
            ("postgres://mind:hunter2@db.example/mind failed", "postgres://mind:***@db.example/mind failed"),
            ("postgres://mind:hun/te?r#2@x@db.example:5432/mind", "postgres://mind:***@db.example:5432/mind"),
            ("\"https://u:p4ss@h/x?y=a@b\"", "\"https://u:***@h/x?y=a@b\""),
            ("redis://:hunter2@cache:6379", "redis://:***@cache:6379"),
            ("got sid_AAAABBBBCCCCDDDDEEEE.", "got sid_***"),
            ("Authorization: Bearer abcdefghijklmnopqrstuvwxyz", "Authorization: Bearer ***"),
            ("key sk_live_abcd1234_ABCDEFGHIJKLMNOP ends", "key sk_live_*** ends"),
            ("a eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2ln b", "a *** b"),
            ("api_key=abc123", "api_key=***"),
            ("?API_KEY=abc123&limit=3", "?API_KEY=***&limit=3"),
            (r#"{"password":"Hunter2!","x":1}"#, r#"{"password":"***","x":1}"#),
            (r#"{"cause":"{\"client_secret\":\"s3cr3t-9\"}"}"#, r#"{"cause":"{\"client_secret\":\"***\"}"}"#),
            ("invite_0123456789abcdefABCDEF", "invite_***"),
        ] {
            assert_eq!(text(dirty), clean);
        }
    }

    #[test]
    fn words_are_left_alone() {
        for plain in [
            "at_a word",
            "https://mind.example:8443/path",
            "https://mind.example:8443/x?mail=a@b.example",
            "{\"setup_needed\":true}",
            "format_version_number_of_file",
            "\"event\":\"leaked_credential\"",
            "token: missing",
            "password: at least 15 characters",
            "the password was changed",
            "\"ts\":\"2026-11-21T10:00:00.000000Z\",\"user_ref\":\"0123456789ab\"",
            "postgres://db.example/mind",
            "state_of_affairs",
            "reset_second_factors_of_somebody",
            "\"token\":1234567,\"secret\":true",
        ] {
            assert!(matches!(text(plain), Cow::Borrowed(_)), "{plain} became {}", text(plain));
        }
    }

    /// What [`bytes`] does, without passing anything over: the first secret at each place, one after the other.
    fn at_length(line: &[u8]) -> Vec<u8> {
        let (mut out, mut at) = (Vec::new(), 0);
        while at < line.len() {
            if let Some((keep, end)) = secret_at(line, at) {
                out.extend_from_slice(&line[at..keep]);
                out.extend_from_slice(BLANK);
                at = end;
            } else {
                out.push(line[at]);
                at += 1;
            }
        }
        out
    }

    #[test]
    fn everything_that_announces_a_secret_is_looked_at() {
        let words = PREFIXES.iter().copied().chain(NAMES.iter().map(|name| name.as_bytes())).chain([SIGNED]);
        for word in words {
            for word in [word.to_vec(), word.to_ascii_uppercase(), word.to_ascii_lowercase()] {
                assert!(BEGINS[pair(word[0], word[1])], "{}", String::from_utf8_lossy(&word));
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_passed_over_holds_nothing(
            parts in prop::collection::vec(prop_oneof![
                any::<Vec<u8>>(),
                prop::sample::select(PREFIXES).prop_map(<[u8]>::to_vec),
                prop::sample::select(NAMES).prop_map(|name| name.as_bytes().to_vec()),
                prop::sample::select(LOOSE).prop_map(<[u8]>::to_vec),
                prop::sample::select(&[
                    "://", ":", "=", "@", "/", "\"", "\\", " ", "_", "eyJ", "PASSWORD", "ToKen=", ",\"", "\":\"",
                ][..]).prop_map(|sign| sign.as_bytes().to_vec()),
                "[A-Za-z0-9_.-]{1,40}".prop_map(String::into_bytes),
            ], 0..24)
        ) {
            let line = parts.concat();
            let found = bytes(&line);
            prop_assert_eq!(&found[..], &at_length(&line)[..]);
        }

        #[test]
        fn nothing_of_a_password_in_an_address_is_left(
            password in "[A-Za-z0-9/?#:!$%&()*+,;=._~-]{8,40}", scheme in "(postgres|redis|smtps)"
        ) {
            let dirty = format!("cannot reach {scheme}://mind:{password}@db.example/x: refused");
            let clean = text(&dirty);
            prop_assert!(!clean.contains(&password), "{}", clean);
            prop_assert!(clean.contains("db.example"));
        }

        #[test]
        fn any_text_is_taken(any in ".{0,200}") {
            let once = text(&any).into_owned();
            prop_assert_eq!(text(&once).into_owned(), once.clone());
        }
    }
}
