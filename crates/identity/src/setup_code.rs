//! The one-time code by which whoever started the server, and nobody else, becomes its owner (A1-C2).
//!
//! Twelve letters of Crockford's alphabet (60 bits) in three groups, for one pair of eyes and half an hour. Only a hash is
//! kept, in memory: a restart prints another. Wrong letters are counted, and the tenth kills the code.

use kernel::{Ambient, Secret, Timestamp};
use sha2::{Digest, Sha256};
use std::time::Duration;
use subtle::ConstantTimeEq;

/// How long a code can be used.
pub(crate) const LIFE: Duration = Duration::from_mins(30);
/// How many wrong ones it survives, less one.
const TRIES: u8 = 10;
const GROUPS: usize = 3;
const GROUP: usize = 4;

/// Crockford's base 32: no I, L, O, U.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The code that is out, if there is one. Whoever uses it holds the lock around it from the check until the owner is
/// stored, so that two people cannot use it at the same time.
#[derive(Default)]
pub(crate) struct SetupCodes(Option<Issued>);

struct Issued {
    digest: [u8; 32],
    until: Timestamp,
    tries: u8,
}

impl SetupCodes {
    /// Makes a code; the one before it is void.
    pub(crate) fn issue(&mut self, ambient: &Ambient) -> Secret<String> {
        let mut text = String::with_capacity(GROUPS * (GROUP + 1));
        for (at, byte) in ambient.bytes::<{ GROUPS * GROUP }>().into_iter().enumerate() {
            if at > 0 && at % GROUP == 0 {
                text.push('-');
            }
            // 256 is a multiple of 32: every letter is equally likely.
            text.push(char::from(LETTERS[usize::from(byte % 32)]));
        }
        let text = Secret::new(text);
        self.0 = Some(Issued { digest: digest(text.expose()), until: ambient.now().plus(LIFE), tries: TRIES });
        text
    }

    /// Whether this is the code. A wrong one is counted; a right one stays good until [`SetupCodes::burn`].
    pub(crate) fn accepts(&mut self, text: &str, now: Timestamp) -> bool {
        let Some(issued) = &mut self.0 else { return false };
        if now >= issued.until {
            self.0 = None;
            return false;
        }
        if bool::from(issued.digest.ct_eq(&digest(text))) {
            return true;
        }
        issued.tries = issued.tries.saturating_sub(1);
        if issued.tries == 0 {
            tracing::warn!(
                event = "setup_code_dead",
                "too many wrong set-up codes; restart the server for another one"
            );
            self.0 = None;
        }
        false
    }

    /// Ends the code: it has done what it is for.
    pub(crate) fn burn(&mut self) {
        self.0 = None;
    }
}

/// The hash of what the letters mean: hyphens, spaces and case do not count, and letters that look alike are one.
fn digest(text: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    for letter in text.chars().filter(|letter| !matches!(letter, '-' | ' ')).take(64) {
        let letter = match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            letter => letter,
        };
        hash.update(u32::from(letter).to_be_bytes());
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::ManualClock;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn ambient() -> (Arc<ManualClock>, Ambient) {
        let clock = Arc::new(ManualClock::new(Timestamp::from_micros(1_800_000_000_000_000)));
        let ambient = Ambient { clock: clock.clone(), ..Ambient::system() };
        (clock, ambient)
    }

    #[test]
    fn a_code_is_three_groups_of_four() {
        let (_, ambient) = ambient();
        let code = SetupCodes::default().issue(&ambient);
        let groups: Vec<_> = code.expose().split('-').collect();
        assert_eq!(groups.len(), 3);
        assert!(groups.iter().all(|group| group.len() == 4 && group.bytes().all(|letter| LETTERS.contains(&letter))));
    }

    #[test]
    fn it_is_read_as_people_write() {
        let (_, ambient) = ambient();
        let mut codes = SetupCodes::default();
        let code = codes.issue(&ambient);
        let sloppy = code.expose().to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
        assert!(codes.accepts(&sloppy, ambient.now()));
        assert!(codes.accepts(code.expose(), ambient.now()), "still good: nothing was made with it");
        codes.burn();
        assert!(!codes.accepts(code.expose(), ambient.now()));
    }

    #[test]
    fn it_dies_after_half_an_hour() {
        let (clock, ambient) = ambient();
        let mut codes = SetupCodes::default();
        let code = codes.issue(&ambient);
        clock.advance(LIFE.saturating_sub(Duration::from_micros(1)));
        assert!(codes.accepts(code.expose(), ambient.now()));
        clock.advance(Duration::from_micros(1));
        assert!(!codes.accepts(code.expose(), ambient.now()));
    }

    #[test]
    fn ten_wrong_ones_kill_it_and_nine_do_not() {
        for (wrong, survives) in [(9, true), (10, false)] {
            let (_, ambient) = ambient();
            let mut codes = SetupCodes::default();
            let code = codes.issue(&ambient);
            for _ in 0..wrong {
                assert!(!codes.accepts("0000-0000-000U", ambient.now()));
            }
            assert_eq!(codes.accepts(code.expose(), ambient.now()), survives);
        }
    }

    #[test]
    fn a_new_code_voids_the_old_one() {
        let (_, ambient) = ambient();
        let mut codes = SetupCodes::default();
        let (old, new) = (codes.issue(&ambient), codes.issue(&ambient));
        assert!(!codes.accepts(old.expose(), ambient.now()));
        assert!(codes.accepts(new.expose(), ambient.now()));
        assert!(!SetupCodes::default().accepts(new.expose(), ambient.now()), "none was issued there");
    }

    proptest! {
        #[test]
        fn nothing_else_is_accepted(text in "\\PC{0,40}") {
            let (_, ambient) = ambient();
            let mut codes = SetupCodes::default();
            codes.issue(&ambient);
            prop_assert!(!codes.accepts(&text, ambient.now()));
        }
    }
}
