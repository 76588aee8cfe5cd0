//! Where a sealed value belongs: the context that is authenticated with it and never stored in it.

use uuid::Uuid;

/// The place a sealed value belongs to. Opened anywhere else (another table, row, column or person), it is refused.
///
/// `table` and `column` name the place in the data's own words (`recordings`, `audio` for a file); they must never change
/// once something was sealed under them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aad {
    /// The table.
    pub table: &'static str,
    /// The row's id.
    pub row: Uuid,
    /// The column.
    pub column: &'static str,
    /// Whose it is.
    pub user: Uuid,
}

impl Aad {
    /// One text for one place: names carry their length, all else has a fixed one, so no two places read alike.
    pub(crate) fn encode(&self, key_version: u32) -> Vec<u8> {
        let mut out = Vec::with_capacity(8 + self.table.len() + 16 + 8 + self.column.len() + 16 + 4);
        named(&mut out, self.table);
        out.extend_from_slice(self.row.as_bytes());
        named(&mut out, self.column);
        out.extend_from_slice(self.user.as_bytes());
        out.extend_from_slice(&key_version.to_be_bytes());
        out
    }
}

fn named(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(&(name.len() as u64).to_be_bytes());
    out.extend_from_slice(name.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_that_moves_between_names_makes_another_text() {
        let place = |table, column| Aad { table, row: Uuid::nil(), column, user: Uuid::nil() }.encode(1);
        assert_ne!(place("ab", "c"), place("a", "bc"));
        assert_ne!(place("", "abc"), place("abc", ""));
        assert_ne!(Aad { table: "t", row: Uuid::nil(), column: "c", user: Uuid::nil() }.encode(2), place("t", "c"));
    }
}
