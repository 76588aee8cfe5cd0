//! Telling a model that goes round in circles from a person who repeats themselves.
//!
//! Whisper sometimes falls into a loop and writes one phrase over and over, above all when its audio window was cut
//! short. A person says "no, no, no"; nobody says the same four words six times on end without a breath.

/// The longest phrase looked for, in words.
const LONGEST: usize = 12;
/// How many words a run may fill before it is a loop; a phrase must also come at least four times on end.
const RUN: usize = 9;
/// Nobody speaks this many words a second for long.
const FASTEST: f64 = 7.0;

/// Whether these words, said in `seconds`, look like a loop.
pub(crate) fn loops<'a>(words: impl Iterator<Item = &'a str>, seconds: f64) -> bool {
    let words: Vec<String> = words.map(plain).filter(|word| !word.is_empty()).collect();
    #[expect(clippy::cast_precision_loss, reason = "a count of words")]
    let fast = words.len() as f64 > seconds * FASTEST + 12.0;
    fast || (1..=LONGEST).any(|length| has_run(&words, length))
}

/// Whether one phrase of that many words comes again and again, without a gap.
fn has_run(words: &[String], length: usize) -> bool {
    let mut same = 0;
    for (word, before) in words.iter().skip(length).zip(words) {
        same = if word == before { same + 1 } else { 0 };
        // `same` counts the words after the first turn of the phrase.
        if same >= 3 * length && same + length > RUN {
            return true;
        }
    }
    false
}

/// A word without case and punctuation.
fn plain(word: &str) -> String {
    word.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(text: &str, seconds: f64) -> bool {
        loops(text.split(' '), seconds)
    }

    #[test]
    fn people_repeat_themselves() {
        assert!(!looks("No, no, no, no! Not again.", 4.0));
        assert!(!looks("it was the best of times, it was the worst of times, it was the age of wisdom", 8.0));
        assert!(!looks("Try again. Fail again. Fail better. Try again. Fail again.", 6.0));
    }

    #[test]
    fn models_go_in_circles() {
        assert!(looks(&"thank you ".repeat(9), 60.0));
        assert!(looks(&"you ".repeat(20), 60.0));
        assert!(looks(&format!("well {}", "it was the epoch of belief, ".repeat(4)), 60.0));
        assert!(looks("one two three four five six seven eight nine ten eleven twelve thirteen fourteen", 0.2));
    }
}
