//! Instants: UTC, whole microseconds, RFC 3339 on the wire.

use crate::digits;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// An instant in UTC, in whole microseconds since 1970-01-01T00:00:00Z.
///
/// Microseconds, because that is what both database engines keep; an instant that was stored compares equal to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since the Unix epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// As a `chrono` instant, for calendar arithmetic; saturates some 260,000 years from now.
    pub fn to_chrono(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or(if self.0 < 0 {
            DateTime::<Utc>::MIN_UTC
        } else {
            DateTime::<Utc>::MAX_UTC
        })
    }

    /// This much later.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
    }

    /// This much earlier.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
    }

    /// The time from `earlier` until this instant; zero when `earlier` is in fact later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(at: DateTime<Utc>) -> Self {
        Self(at.timestamp_micros())
    }
}

/// How an instant of the years 0 to 9999 is written: `2026-11-21T08:30:00.000000Z`.
const PATTERN: [u8; 27] = *b"0000-00-00T00:00:00.000000Z";
/// The microseconds of a day.
const DAY: u64 = 86_400_000_000;
/// The days from 0000-03-01 to 1970-01-01, and 400 years more, so that what is counted from there is never negative. The
/// calendar repeats after them; they are 146,097 days.
const BEFORE_1970: i64 = 719_468 + 146_097;

impl Timestamp {
    /// The instant as it is written; `None` outside of the years 0 to 9999.
    ///
    /// By hand, because several stand in most answers and one in every line of the log, and a general formatter costs more
    /// than all else there.
    fn written(self) -> Option<[u8; 27]> {
        let micros = u64::try_from(self.0.checked_add(BEFORE_1970 * DAY.cast_signed())?).ok()?;
        let [days, seconds, micros] =
            [micros / DAY, micros % DAY / 1_000_000, micros % 1_000_000].map(|part| usize::try_from(part).unwrap_or(0));
        // A year is counted from March, so that the day that some years have more is its last.
        let (era, day) = (days / 146_097, days % 146_097);
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let from_march = (5 * day + 2) / 153;
        let day = day - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = (era * 400 + year + usize::from(month <= 2)).checked_sub(400)?;
        if year > 9999 {
            return None;
        }
        let parts = [
            (0, year / 100),
            (2, year),
            (5, month),
            (8, day),
            (11, seconds / 3600),
            (14, seconds / 60 % 60),
            (17, seconds % 60),
            (20, micros / 10_000),
            (22, micros / 100),
            (24, micros),
        ];
        let mut out = PATTERN;
        for (at, number) in parts {
            out[at..at + 2].copy_from_slice(&digits::pair(number));
        }
        Some(out)
    }

    /// Writes the instant at the end of a text.
    pub fn push_to(self, out: &mut Vec<u8>) {
        match self.written() {
            Some(written) => out.extend_from_slice(&written),
            None => self.with_text(|text| out.extend_from_slice(text.as_bytes())),
        }
    }

    /// Hands the text to `take`, which needs no memory of its own for nearly every instant.
    fn with_text<T>(self, take: impl FnOnce(&str) -> T) -> T {
        if let Some(written) = self.written()
            && let Ok(text) = std::str::from_utf8(&written)
        {
            return take(text);
        }
        take(&self.to_chrono().to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_text(|text| f.write_str(text))
    }
}

impl FromStr for Timestamp {
    type Err = chrono::ParseError;
    /// Any RFC 3339 instant, whatever its offset.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        DateTime::parse_from_rfc3339(text).map(|at| Self(at.timestamp_micros()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.with_text(|text| serializer.serialize_str(text))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(|_| de::Error::custom("not an RFC 3339 instant such as 2026-11-21T08:30:00Z"))
    }
}

impl utoipa::PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .max_length(Some(35))
            .description(Some("An instant, RFC 3339, UTC."))
            .into()
    }
}

impl utoipa::ToSchema for Timestamp {
    fn name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn printing_and_parsing_agree(micros in -60_000_000_000_000_000i64..200_000_000_000_000_000) {
            let at = Timestamp::from_micros(micros);
            prop_assert_eq!(at.to_string().parse::<Timestamp>().unwrap(), at);
        }

        #[test]
        fn it_is_written_as_chrono_writes_it(micros: i64, near in -70_000_000_000_000_000i64..300_000_000_000_000_000) {
            for at in [Timestamp::from_micros(micros), Timestamp::from_micros(near)] {
                prop_assert_eq!(at.to_string(), at.to_chrono().to_rfc3339_opts(SecondsFormat::Micros, true));
            }
        }
    }

    #[test]
    fn every_day_of_eight_centuries_is_written_as_chrono_writes_it() {
        for day in -200_000..100_000 {
            let at = Timestamp::from_micros(day * DAY.cast_signed() - 1);
            assert_eq!(at.to_string(), at.to_chrono().to_rfc3339_opts(SecondsFormat::Micros, true));
        }
    }

    #[test]
    fn an_offset_is_the_same_instant() {
        let a: Timestamp = "2026-11-21T10:00:00+02:00".parse().unwrap();
        assert_eq!(a.to_string(), "2026-11-21T08:00:00.000000Z");
        assert_eq!(a.since(a.plus(Duration::from_secs(1))), Duration::ZERO);
    }
}
