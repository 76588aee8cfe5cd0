//! Lists: `{items, next_cursor}`, asked for with `?limit=&cursor=`.

use crate::Timestamp;
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::ToSchema;
use uuid::Uuid;

/// How many items a page may hold: 1 to 100, 25 when nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(u8);

impl Limit {
    /// The largest page.
    pub const MAX: u8 = 100;

    /// `None` outside 1 to 100.
    pub const fn new(n: u8) -> Option<Self> {
        if n >= 1 && n <= Self::MAX { Some(Self(n)) } else { None }
    }

    /// The number itself.
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(25)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let n = i64::deserialize(deserializer)?;
        u8::try_from(n).ok().and_then(Self::new).ok_or_else(|| de::Error::custom("limit is 1 to 100"))
    }
}

/// Where a page ends: the last item's instant and id, which together order every list. Opaque on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The instant by which the list is ordered.
    pub at: Timestamp,
    /// Breaks ties between items of the same instant.
    pub id: Uuid,
}

impl Cursor {
    /// The longest text that can be a cursor.
    pub const TEXT_LEN: usize = 32;

    /// What such a text looks like: 24 bytes in base64url, of which the first three bits are alike, as in every instant
    /// that a database can store.
    pub const PATTERN: &str = "^[A-H4-9_-][A-Za-z0-9_-]{31}$";

    /// Before every item of a list that runs from the newest to the oldest: where its first page begins.
    pub const NEWEST: Self = Self { at: Timestamp::from_micros(i64::MAX / 4), id: Uuid::max() };

    fn encode(self) -> String {
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&self.at.as_micros().to_be_bytes());
        bytes[8..].copy_from_slice(self.id.as_bytes());
        BASE64URL_NOPAD.encode(&bytes)
    }

    fn decode(text: &str) -> Option<Self> {
        let bytes: [u8; 24] = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?.try_into().ok()?;
        let (at, id) = bytes.split_at(8);
        let at = i64::from_be_bytes(at.try_into().ok()?);
        // Further out no database can store it, and no list of ours has ever held it.
        (at.unsigned_abs() <= Self::NEWEST.at.as_micros().unsigned_abs())
            .then_some(Self { at: Timestamp::from_micros(at), id: Uuid::from_slice(id).ok()? })
    }
}

impl Serialize for Cursor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.encode())
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::decode(&text).ok_or_else(|| de::Error::custom("not a cursor that a list gave out"))
    }
}

/// One page of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items, in the order of the list.
    #[schema(max_items = 100)]
    pub items: Vec<T>,
    /// Give it back as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 32, max_length = 32)]
    pub next_cursor: Option<Cursor>,
}

impl<T> Page<T> {
    /// Makes a page of rows that were fetched with one more than `limit`, so that "is there more?" costs no second query.
    pub fn of(mut rows: Vec<T>, limit: Limit, cursor: impl Fn(&T) -> Cursor) -> Self {
        let size = usize::from(limit.get());
        let more = rows.len() > size;
        rows.truncate(size);
        let next_cursor = if more { rows.last().map(cursor) } else { None };
        Self { items: rows, next_cursor }
    }

    /// The same page of other items.
    pub fn map<U>(self, each: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(each).collect(), next_cursor: self.next_cursor }
    }

    /// The same page of other items, if every one of them can be made.
    pub fn try_map<U, E>(self, each: impl FnMut(T) -> Result<U, E>) -> Result<Page<U>, E> {
        let items = self.items.into_iter().map(each).collect::<Result<_, _>>()?;
        Ok(Page { items, next_cursor: self.next_cursor })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_survives_the_wire(micros in -1_000_000_000_000_000_000i64..1_000_000_000_000_000_000, id: u128) {
            let cursor = Cursor { at: Timestamp::from_micros(micros), id: Uuid::from_u128(id) };
            let text = serde_json::to_string(&cursor).unwrap();
            prop_assert_eq!(text.len(), Cursor::TEXT_LEN + 2);
            prop_assert_eq!(serde_json::from_str::<Cursor>(&text).unwrap(), cursor);
        }

        #[test]
        fn what_the_document_promises_is_a_cursor(
            text in proptest::string::string_regex(Cursor::PATTERN.trim_matches(['^', '$'])).unwrap()
        ) {
            prop_assert!(Cursor::decode(&text).is_some(), "{}", text);
        }

        #[test]
        fn no_text_makes_a_cursor_panic(text: String) {
            let _ = Cursor::decode(&text);
        }
    }

    #[test]
    fn one_row_too_many_means_there_is_more() {
        let limit = Limit::new(2).unwrap();
        let at = |n: &i64| Cursor { at: Timestamp::from_micros(*n), id: Uuid::nil() };
        assert_eq!(Page::of(vec![3, 2, 1], limit, at).next_cursor, Some(at(&2)));
        assert_eq!(Page::of(vec![3, 2], limit, at).next_cursor, None);
        assert!(Limit::new(0).is_none() && Limit::new(101).is_none());
    }
}
