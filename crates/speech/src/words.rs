//! From the tokens of the model to words with times.

use crate::language::Language;
use crate::transcript::Word;

/// One token of text as the model gave it; times in seconds of the recording.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) bytes: Vec<u8>,
    pub(crate) start: f64,
    pub(crate) end: f64,
    pub(crate) probability: f32,
}

/// A word that is still growing.
struct Open {
    bytes: Vec<u8>,
    start: f64,
    end: f64,
    sum: f32,
    tokens: f32,
}

/// Puts tokens together to words: a leading space begins one; where a language writes none, every character of it does.
/// Punctuation stays with its word. Times never run backwards and lie within `from..to`.
pub(crate) fn words(tokens: &[Token], language: &str, from: f64, to: f64) -> Vec<Word> {
    let spaced = !Language::has_no_spaces(language);
    let mut open: Vec<Open> = Vec::new();
    for token in tokens {
        let begins = token.bytes.first().is_some_and(u8::is_ascii_whitespace)
            // A character may be spread over several tokens: it begins when the one before is whole.
            || (!spaced && open.last().is_some_and(|word| std::str::from_utf8(&word.bytes).is_ok()));
        match open.last_mut() {
            Some(word) if !begins => {
                word.bytes.extend_from_slice(&token.bytes);
                word.end = token.end;
                word.sum += token.probability;
                word.tokens += 1.0;
            }
            _ => open.push(Open {
                bytes: token.bytes.clone(),
                start: token.start,
                end: token.end,
                sum: token.probability,
                tokens: 1.0,
            }),
        }
    }
    in_time(attach(open), from, to)
}

/// Gives punctuation that stands alone to the word before it, or the first word after it.
fn attach(open: Vec<Open>) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut leading: Option<String> = None;
    for word in open {
        let text = String::from_utf8_lossy(&word.bytes).trim().replace('\u{FFFD}', "");
        if text.is_empty() {
            continue;
        }
        let probability = (word.sum / word.tokens).clamp(0.0, 1.0);
        let spoken = text.chars().any(char::is_alphanumeric);
        let opens =
            text.starts_with(['(', '[', '{', '"', '“', '‘', '«', '¿', '¡', '「', '（']) && text.chars().count() == 1;
        match words.last_mut() {
            Some(before) if !spoken && !opens => {
                before.text.push_str(&text);
                before.end = word.end;
            }
            _ if !spoken => leading = Some(leading.unwrap_or_default() + &text),
            _ => {
                let text = leading.take().unwrap_or_default() + &text;
                words.push(Word { text, start: word.start, end: word.end, probability });
            }
        }
    }
    if let (Some(rest), Some(last)) = (leading, words.last_mut()) {
        last.text.push_str(&rest);
    }
    words
}

fn in_time(mut words: Vec<Word>, from: f64, to: f64) -> Vec<Word> {
    let to = to.max(from);
    let mut earliest = from;
    let mut next_start = to;
    // A word lasts at most until the next begins; the model's own ends overlap by a token now and then.
    for word in words.iter_mut().rev() {
        word.start = word.start.clamp(from, to);
        word.end = word.end.clamp(word.start, to).min(next_start.max(word.start));
        next_start = word.start;
    }
    for word in &mut words {
        word.start = round(word.start.max(earliest).min(to));
        word.end = round(word.end.max(word.start).min(to));
        earliest = word.end;
    }
    words
}

/// To the millisecond: the model knows no better than a hundredth, and files stay readable.
pub(crate) fn round(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn token(text: &str, start: f64, end: f64) -> Token {
        Token { bytes: text.as_bytes().to_vec(), start, end, probability: 0.8 }
    }

    fn texts(words: &[Word]) -> Vec<&str> {
        words.iter().map(|word| word.text.as_str()).collect()
    }

    #[test]
    fn tokens_become_words_with_their_punctuation() {
        let tokens = [
            token(" incred", 0.0, 0.3),
            token("ul", 0.3, 0.4),
            token("ity", 0.4, 0.6),
            token(",", 0.6, 0.6),
            token(" -", 0.7, 0.7),
            token(" \"", 0.8, 0.8),
            token("No", 0.8, 1.0),
            token("!\"", 1.0, 1.1),
        ];
        let words = words(&tokens, "en", 0.0, 1.05);
        assert_eq!(texts(&words), ["incredulity,-", "\"No!\""]);
        assert_eq!((words[0].start, words[1].end), (0.0, 1.05));
    }

    #[test]
    fn characters_spread_over_tokens_are_put_together() {
        let word = "時計。".as_bytes();
        let tokens: Vec<Token> = [&word[..2], &word[2..4], &word[4..6], &word[6..]]
            .into_iter()
            .map(|bytes| Token { bytes: bytes.to_vec(), start: 0.0, end: 1.0, probability: 1.0 })
            .collect();
        assert_eq!(texts(&words(&tokens, "ja", 0.0, 1.0)).concat(), "時計。");
    }

    proptest! {
        #[test]
        fn times_never_run_backwards_and_stay_inside(
            raw in prop::collection::vec((" ?[a-z.,é—]{0,4}", -5.0..40.0f64, -5.0..40.0f64), 0..40),
            from in 0.0..10.0f64,
            length in 0.0..30.0f64,
        ) {
            let tokens: Vec<Token> = raw.iter().map(|(text, start, end)| token(text, *start, *end)).collect();
            let (from, to) = (round(from), round(from + length));
            let mut before = from;
            for word in words(&tokens, "en", from, to) {
                prop_assert!(word.start >= before && word.end >= word.start && word.end <= to, "{word:?}");
                prop_assert!(!word.text.is_empty() && word.text.trim() == word.text);
                before = word.end;
            }
        }
    }
}
