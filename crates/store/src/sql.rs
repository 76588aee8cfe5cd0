//! Statement texts that are the same for both engines, and the catalogue's judgement of them.

/// One text for both engines; a pair only where the dialects truly differ.
///
/// Parameters are `$1`, `$2`… on both. Always a constant: nothing builds SQL from strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sql {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

impl Sql {
    /// The same text on both engines: nearly always.
    pub const fn same(text: &'static str) -> Self {
        Self { sqlite: text, postgres: text }
    }

    /// A text per engine. A test counts these, because two copies drift.
    pub const fn pair(sqlite: &'static str, postgres: &'static str) -> Self {
        Self { sqlite, postgres }
    }

    /// Whether the engines have texts of their own.
    pub fn is_pair(self) -> bool {
        self.sqlite != self.postgres
    }
}

/// An entry of a slice's `STATEMENTS`: the text, and the columns that its row type expects.
#[derive(Clone, Copy, Debug)]
pub struct Statement {
    /// The text.
    pub sql: Sql,
    /// `Row::COLUMNS` of the row type it is read into; empty when it answers no rows.
    pub columns: &'static [&'static str],
}

impl Statement {
    /// A statement that answers no rows.
    pub const fn write(sql: Sql) -> Self {
        Self { sql, columns: &[] }
    }

    /// A statement that is read into rows: `Statement::read(FIND, Mood::COLUMNS)`.
    pub const fn read(sql: Sql, columns: &'static [&'static str]) -> Self {
        Self { sql, columns }
    }

    /// What no text may hold: these act on the whole batch, not on one member of it, or on the connection.
    pub(crate) fn forbidden(&self) -> Option<&'static str> {
        const WORDS: &[&str] = &[
            "begin",
            "commit",
            "end",
            "savepoint",
            "release",
            "rollback",
            "pragma",
            "attach",
            "detach",
            "vacuum",
            "deferrable",
            "raise",
            "set_config",
        ];
        for text in [self.sql.sqlite, self.sql.postgres] {
            let lower = text.to_ascii_lowercase();
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            // `case … end` is the one innocent use of a word on the list.
            let case = lower.split(|c| !is_word(c)).any(|word| word == "case");
            for word in WORDS.iter().filter(|word| !(case && **word == "end")) {
                if lower.split(|c| !is_word(c)).any(|found| found == *word) {
                    return Some(word);
                }
            }
        }
        None
    }

    /// The highest `$n` of one text.
    pub(crate) fn highest_parameter(text: &str) -> usize {
        text.split('$')
            .skip(1)
            .map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>())
            .filter_map(|digits| digits.parse().ok())
            .max()
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_reach_beyond_their_turn_are_refused() {
        let of = |text| Statement::write(Sql::same(text)).forbidden();
        assert_eq!(of("insert or rollback into moods (id) values ($1)"), Some("rollback"));
        assert_eq!(of("PRAGMA foreign_keys = off"), Some("pragma"));
        assert_eq!(of("select case when $1 then 1 else 2 end as n"), None);
        assert_eq!(of("update recordings set released = 1, ending = $1"), None);
    }

    #[test]
    fn parameters_are_counted_by_their_number() {
        assert_eq!(Statement::highest_parameter("select $2, $10 from t where a = $2"), 10);
        assert_eq!(Statement::highest_parameter("select 1"), 0);
    }
}
