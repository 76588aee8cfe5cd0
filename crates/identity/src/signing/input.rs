//! Reads `Signature-Input` and `Signature` (RFC 9421, section 4; RFC 8941 as far as it is needed here).

/// The parameters of a signature that mean something here.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Params {
    pub(super) created: Option<i64>,
    pub(super) expires: Option<i64>,
    pub(super) nonce: Option<String>,
    pub(super) keyid: Option<String>,
    pub(super) alg: Option<String>,
    pub(super) tag: Option<String>,
}

/// One member of `Signature-Input`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Input {
    pub(super) label: String,
    pub(super) components: Vec<String>,
    pub(super) params: Params,
    /// As it was written: what was signed as `@signature-params`.
    pub(super) written: String,
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek() == Some(byte)).then(|| self.at += 1)
    }

    fn spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    fn while_is(&mut self, is: impl Fn(u8) -> bool) -> &'a str {
        let from = self.at;
        while self.peek().is_some_and(&is) {
            self.at += 1;
        }
        &self.text[from..self.at]
    }

    fn key(&mut self) -> Option<&'a str> {
        let is =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'.' | b'*');
        let key = self.while_is(is);
        key.starts_with(|first: char| first.is_ascii_lowercase() || first == '*').then_some(key)
    }

    fn string(&mut self) -> Option<String> {
        self.take(b'"')?;
        let mut text = String::new();
        loop {
            let byte = self.peek()?;
            self.at += 1;
            match byte {
                b'"' => return Some(text),
                b'\\' => {
                    let escaped = self.peek().filter(|byte| matches!(byte, b'"' | b'\\'))?;
                    self.at += 1;
                    text.push(char::from(escaped));
                }
                0x20..=0x7e => text.push(char::from(byte)),
                _ => return None,
            }
        }
    }

    fn number(&mut self) -> Option<i64> {
        let digits = self.while_is(|byte| byte.is_ascii_digit());
        (digits.len() <= 15).then(|| digits.parse().ok()).flatten()
    }

    fn member(&mut self) -> Option<Input> {
        let label = self.key()?.to_owned();
        self.take(b'=')?;
        let from = self.at;
        self.take(b'(')?;
        let mut components = Vec::new();
        loop {
            self.spaces();
            if self.take(b')').is_some() {
                break;
            }
            let name = self.string()?;
            // A component with parameters is none that is needed here, and one named twice says two things.
            if self.peek() == Some(b';') || components.contains(&name) {
                return None;
            }
            components.push(name);
        }
        let mut params = Params::default();
        while self.take(b';').is_some() {
            self.spaces();
            let key = self.key()?;
            self.take(b'=')?;
            let (number, text) = match self.peek()? {
                b'"' => (None, Some(self.string()?)),
                _ => (Some(self.number()?), None),
            };
            let fresh = match key {
                "created" => number.is_some() && params.created.replace(number?).is_none(),
                "expires" => number.is_some() && params.expires.replace(number?).is_none(),
                "nonce" => text.is_some() && params.nonce.replace(text?).is_none(),
                "keyid" => text.is_some() && params.keyid.replace(text?).is_none(),
                "alg" => text.is_some() && params.alg.replace(text?).is_none(),
                "tag" => text.is_some() && params.tag.replace(text?).is_none(),
                _ => false,
            };
            if !fresh {
                return None;
            }
        }
        Some(Input { label, components, params, written: self.text[from..self.at].to_owned() })
    }
}

/// Every member of `Signature-Input`; `None` for what cannot be read whole.
pub(super) fn inputs(text: &str) -> Option<Vec<Input>> {
    let mut reader = Reader { text, at: 0 };
    let mut all = Vec::new();
    loop {
        reader.spaces();
        all.push(reader.member()?);
        reader.spaces();
        if reader.peek().is_none() {
            return Some(all);
        }
        reader.take(b',')?;
    }
}

/// The signature of a label.
pub(super) fn signature(text: &str, label: &str) -> Option<Vec<u8>> {
    let mut found = None;
    for member in text.split(',') {
        let (key, value) = member.trim().split_once('=')?;
        if key == label {
            let bytes = value.strip_prefix(':')?.strip_suffix(':')?;
            found = Some(data_encoding::BASE64.decode(bytes.as_bytes()).ok()?);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn members_are_read_with_what_they_cover() {
        let text = r#"a=("@method" "x-api-key");created=1;nonce="q\"";tag="mindvibe", b=();keyid="k""#;
        let all = inputs(text).unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].components, ["@method", "x-api-key"]);
        assert_eq!((all[0].params.created, all[0].params.nonce.as_deref()), (Some(1), Some("q\"")));
        assert_eq!(all[0].written, r#"("@method" "x-api-key");created=1;nonce="q\"";tag="mindvibe""#);
        assert_eq!((all[1].label.as_str(), all[1].written.as_str()), ("b", r#"();keyid="k""#));
        assert_eq!(signature("a=:AA==:, b=:AQ==:", "b"), Some(vec![1]));
        assert_eq!(signature("a=:AA==:", "b"), None);
    }

    #[test]
    fn what_is_ambiguous_is_not_read() {
        for bad in [
            "",
            "a",
            "a=",
            "a=(",
            r#"a=("@method" "@method")"#,
            r#"a=("@method";req)"#,
            r#"a=("@method");created=1;created=2"#,
            r#"a=("@method");created="1""#,
            r#"a=("@method");nonce=1"#,
            r#"a=("@method");created=-1"#,
            r#"a=("@method");bs"#,
            r#"a=("@method"),"#,
            r#"A=("@method")"#,
            "a=(\"@m\u{e9}thod\")",
        ] {
            assert_eq!(inputs(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,120}") {
            let _ = inputs(&text);
            let _ = inputs(&format!("a=(\"@method\"){text}"));
            let _ = signature(&text, "a");
        }
    }
}
