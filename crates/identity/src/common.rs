//! Passwords that are tried first: 30,000 of them, the list `passwords` of zxcvbn 3.1.1 as published on crates.io (MIT),
//! which its authors made from passwords that leaked. `common_passwords.txt` holds one a line, in lower case, sorted.
//!
//! It is part of the program, so it works without a network.

use std::collections::HashSet;
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;

static LIST: LazyLock<HashSet<&'static str>> = LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// Whether it stands on the list, whatever its case or width.
pub(crate) fn is_common(password: &str) -> bool {
    // The longest one has 20 characters; folding can shorten what is longer than that, but hardly to a quarter.
    if password.len() > 80 {
        return false;
    }
    let folded: String = password.nfkc().flat_map(char::to_lowercase).collect();
    LIST.contains(folded.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_at_least_ten_thousand() {
        assert_eq!(LIST.len(), 30_000);
        assert!(LIST.iter().all(|one| !one.is_empty() && is_common(one)), "each is written as it is looked up");
    }

    #[test]
    fn what_everybody_tries_is_on_it() {
        for common in ["123456", "password", "Password1", "QWERTYUIOP", "ｐａｓｓｗｏｒｄ", "trustno1"] {
            assert!(is_common(common), "{common}");
        }
        for rare in ["", "plum kettle orbit lantern", &"password".repeat(20), "correct horse battery staple"] {
            assert!(!is_common(rare), "{rare}");
        }
    }
}
