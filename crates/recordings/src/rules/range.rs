//! `Range` of a GET (RFC 9110, section 14): one range of bytes. Several, other units and what cannot be read are ignored, as
//! the standard allows, and the whole is sent.

/// Which bytes are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All of them.
    Whole,
    /// From the first to the last, both included.
    Part(u64, u64),
    /// None that exist: 416.
    Outside,
}

/// Reads the header of a request for something of `length` bytes.
pub(crate) fn parse(header: Option<&str>, length: u64) -> Wanted {
    let Some((first, last)) = header.and_then(single) else { return Wanted::Whole };
    let range = match (first, last) {
        // The last so many bytes; more than there are means all.
        (None, Some(count)) => (count > 0 && length > 0).then(|| (length.saturating_sub(count), length - 1)),
        (Some(first), Some(last)) if last < first => return Wanted::Whole,
        (Some(first), last) => (first < length).then(|| (first, last.unwrap_or(u64::MAX).min(length - 1))),
        (None, None) => return Wanted::Whole,
    };
    range.map_or(Wanted::Outside, |(first, last)| Wanted::Part(first, last))
}

fn single(header: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (unit, range) = header.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = range.trim().split_once('-')?;
    Some((number(first)?, number(last)?))
}

/// A number, or nothing; `None` when it is neither.
#[expect(clippy::option_option, reason = "absent and unreadable are two things here")]
fn number(text: &str) -> Option<Option<u64>> {
    let text = text.trim();
    if text.is_empty() {
        return Some(None);
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Larger than any file: only digits were left to parse, so an error can mean nothing else.
    Some(Some(text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_standard_s_examples() {
        for (header, wanted) in [
            ("bytes=0-499", Wanted::Part(0, 499)),
            ("bytes=500-999", Wanted::Part(500, 999)),
            ("bytes=-500", Wanted::Part(9500, 9999)),
            ("bytes=9500-", Wanted::Part(9500, 9999)),
            ("bytes=0-0", Wanted::Part(0, 0)),
            ("bytes=-1", Wanted::Part(9999, 9999)),
            ("bytes=0-", Wanted::Part(0, 9999)),
            ("bytes=9999-20000", Wanted::Part(9999, 9999)),
            ("bytes=-20000", Wanted::Part(0, 9999)),
            ("Bytes = 1-2", Wanted::Part(1, 2)),
            ("bytes=10000-", Wanted::Outside),
            ("bytes=10000-10001", Wanted::Outside),
            ("bytes=-0", Wanted::Outside),
            ("bytes=99999999999999999999999-", Wanted::Outside),
            ("bytes=0-499,600-700", Wanted::Whole),
            ("bytes=5-4", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("bytes=a-b", Wanted::Whole),
            ("bytes=+1-2", Wanted::Whole),
            ("seconds=1-2", Wanted::Whole),
            ("bytes", Wanted::Whole),
        ] {
            assert_eq!(parse(Some(header), 10_000), wanted, "{header}");
        }
        assert_eq!(parse(None, 10_000), Wanted::Whole);
        assert_eq!(parse(Some("bytes=0-"), 0), Wanted::Outside);
        assert_eq!(parse(Some("bytes=-5"), 0), Wanted::Outside);
    }

    proptest! {
        #[test]
        fn what_is_given_exists(header in "(bytes|items)=[0-9]{0,22}-[0-9]{0,22}", length in 0u64..1_000_000) {
            if let Wanted::Part(first, last) = parse(Some(&header), length) {
                prop_assert!(first <= last && last < length);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text: String, length: u64) {
            parse(Some(&text), length);
        }
    }
}
