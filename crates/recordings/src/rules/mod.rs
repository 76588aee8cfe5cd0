//! Decisions without I/O.

pub(crate) mod disposition;
pub(crate) mod file_name;
pub(crate) mod problem;
pub(crate) mod range;
pub(crate) mod seconds;

use std::time::Duration;

/// How long something deleted can be brought back.
pub(crate) const UNDO: Duration = Duration::from_hours(30 * 24);

/// Characters that change the direction or the place of the text around them, or cannot be seen at all: in a name they make
/// `gpj.wav` read as `vaw.jpg`.
pub(crate) const fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{FFFD}')
}
