//! What strangers hand over as a credential or a signature, taken apart and not believed: a way in for the fuzzer
//! (`crates/fuzz`) that asks for no database.

use crate::tokens::Jws;
use crate::{api_keys, signing};

/// As what this text can be read.
pub fn kinds(text: &str) -> Vec<&'static str> {
    let mut kinds = Vec::new();
    if api_keys::parse(text).is_some() {
        kinds.push("API key");
    }
    if Jws::parse(text).is_some() {
        kinds.push("signed token");
    }
    if signing::is_readable(text) {
        kinds.push("signature");
    }
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_read_as_what_it_is() {
        assert_eq!(kinds("eyJhbGciOiJub25lIn0.e30."), ["signed token"]);
        assert_eq!(kinds("sig1=(\"@method\");created=1;keyid=\"k\""), ["signature"]);
        assert!(kinds("").is_empty());
    }
}
