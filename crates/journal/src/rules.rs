//! Decisions without I/O: what a list shows of a text, and what the days of a trend are.

use crate::model::MoodBody;
use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use kernel::Timestamp;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::time::Duration;
use utoipa::ToSchema;

/// How long something deleted can be brought back.
pub(crate) const UNDO: Duration = Duration::from_hours(30 * 24);
/// How far ahead of our clock a moment may be said to be: clocks differ.
pub(crate) const AHEAD: Duration = Duration::from_mins(5);
const EXCERPT_CHARS: usize = 200;

/// The beginning of a text, cut at the end of a word where there is one.
pub(crate) fn excerpt(content: &str) -> String {
    let line = content.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= EXCERPT_CHARS {
        return line;
    }
    let cut: String = line.chars().take(EXCERPT_CHARS).collect();
    let whole = cut.rsplit_once(' ').map_or(cut.as_str(), |(words, _)| words);
    format!("{whole}…")
}

/// A calendar day as `2026-11-21` (RFC 3339, full-date).
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn iso<S: Serializer>(date: &NaiveDate, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(date)
}

/// One day of a trend. A day without a mood is a gap, not a zero.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct Day {
    /// In the reader's time zone.
    #[schema(value_type = String, format = Date, min_length = 10, max_length = 10)]
    #[serde(serialize_with = "iso")]
    pub(crate) date: NaiveDate,
    #[schema(minimum = 0)]
    pub(crate) count: usize,
    #[schema(minimum = -2, maximum = 2)]
    pub(crate) mean: Option<f64>,
    #[schema(minimum = -2, maximum = 2)]
    pub(crate) low: Option<i8>,
    #[schema(minimum = -2, maximum = 2)]
    pub(crate) high: Option<i8>,
}

/// The moods of some days, day by day.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct Stats {
    #[schema(max_length = 64)]
    pub(crate) time_zone: String,
    #[schema(value_type = String, format = Date, min_length = 10, max_length = 10)]
    #[serde(serialize_with = "iso")]
    pub(crate) from: NaiveDate,
    #[schema(value_type = String, format = Date, min_length = 10, max_length = 10)]
    #[serde(serialize_with = "iso")]
    pub(crate) to: NaiveDate,
    #[schema(minimum = 0)]
    pub(crate) count: usize,
    #[schema(minimum = -2, maximum = 2)]
    pub(crate) mean: Option<f64>,
    /// Where the middle half of the days lies; from four days with a mood on.
    #[schema(minimum = -2, maximum = 2)]
    pub(crate) usual_low: Option<f64>,
    #[schema(minimum = -2, maximum = 2)]
    pub(crate) usual_high: Option<f64>,
    #[schema(max_items = 366)]
    pub(crate) days: Vec<Day>,
}

/// The calendar days a trend of `days` ending now covers, in the reader's zone.
pub(crate) fn span(now: Timestamp, days: u16, zone: Tz) -> (NaiveDate, NaiveDate) {
    let today = now.to_chrono().with_timezone(&zone).date_naive();
    let back = Days::new(u64::from(days.saturating_sub(1)));
    (today.checked_sub_days(back).unwrap_or(today), today)
}

/// The instants between which those days certainly lie, whatever the zone's offset and changes of clock.
pub(crate) fn bounds(from: NaiveDate, to: NaiveDate) -> (Timestamp, Timestamp) {
    let midnight = |date: NaiveDate| Timestamp::from(date.and_time(chrono::NaiveTime::MIN).and_utc());
    let day = Duration::from_hours(24);
    (midnight(from).minus(day), midnight(to).plus(2 * day))
}

/// Puts moods into the days of the reader's calendar. Moods outside of the span are left out.
pub(crate) fn stats(from: NaiveDate, to: NaiveDate, zone: Tz, moods: &[(Timestamp, MoodBody)]) -> Stats {
    let mut by_day: BTreeMap<NaiveDate, Vec<i8>> =
        from.iter_days().take_while(|day| *day <= to).map(|day| (day, Vec::new())).collect();
    for (at, body) in moods {
        if let Some(scores) = by_day.get_mut(&at.to_chrono().with_timezone(&zone).date_naive()) {
            scores.push(body.score);
        }
    }
    let all: Vec<f64> = by_day.values().flatten().map(|score| f64::from(*score)).collect();
    let days: Vec<Day> = by_day
        .into_iter()
        .map(|(date, scores)| {
            let numbers: Vec<f64> = scores.iter().map(|score| f64::from(*score)).collect();
            Day {
                date,
                count: scores.len(),
                mean: mean(&numbers),
                low: scores.iter().min().copied(),
                high: scores.iter().max().copied(),
            }
        })
        .collect();
    let mut means: Vec<f64> = days.iter().filter_map(|day| day.mean).collect();
    means.sort_by(f64::total_cmp);
    let usual = |share| (means.len() >= 4).then(|| quantile(&means, share));
    Stats {
        time_zone: zone.name().to_owned(),
        from,
        to,
        count: all.len(),
        mean: mean(&all),
        usual_low: usual(0.25),
        usual_high: usual(0.75),
        days,
    }
}

#[expect(clippy::cast_precision_loss, reason = "nobody notes 2^52 moods")]
fn mean(numbers: &[f64]) -> Option<f64> {
    (!numbers.is_empty()).then(|| round(numbers.iter().sum::<f64>() / numbers.len() as f64))
}

/// The quantile of sorted numbers, between neighbours by their distance (type 7 of Hyndman and Fan).
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an index into a short list, and 0 <= share <= 1"
)]
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    let (low, part) = (at.floor() as usize, at.fract());
    let high = (low + 1).min(sorted.len() - 1);
    round(sorted[low] + part * (sorted[high] - sorted[low]))
}

/// Two decimals: more would pretend to know.
fn round(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mood(at: &str, score: i8) -> (Timestamp, MoodBody) {
        (at.parse().unwrap(), MoodBody { score, tags: vec![], note: String::new() })
    }

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_late_evening_belongs_to_the_readers_day() {
        let zone = chrono_tz::Asia::Kolkata;
        let moods = [mood("2026-11-20T20:00:00Z", 2), mood("2026-11-20T10:00:00Z", -1)];
        let stats = stats(date("2026-11-20"), date("2026-11-21"), zone, &moods);
        assert_eq!(stats.days.iter().map(|day| day.mean).collect::<Vec<_>>(), [Some(-1.0), Some(2.0)]);
        assert_eq!((stats.count, stats.mean, stats.usual_low), (2, Some(0.5), None));
    }

    #[test]
    fn the_day_of_a_clock_change_is_one_day() {
        let zone = chrono_tz::Europe::Berlin;
        // 25 October 2026 has 25 hours there.
        let moods =
            [mood("2026-10-24T22:00:00Z", 1), mood("2026-10-25T22:59:59Z", 1), mood("2026-10-25T23:00:00Z", -2)];
        let stats = stats(date("2026-10-25"), date("2026-10-26"), zone, &moods);
        assert_eq!(stats.days.iter().map(|day| day.count).collect::<Vec<_>>(), [2, 1]);
    }

    #[test]
    fn the_usual_range_is_the_middle_half() {
        let moods: Vec<_> = [-2, -1, 0, 1, 2]
            .iter()
            .enumerate()
            .map(|(n, s)| mood(&format!("2026-11-0{}T12:00:00Z", n + 1), *s))
            .collect();
        let stats = stats(date("2026-11-01"), date("2026-11-05"), Tz::UTC, &moods);
        assert_eq!((stats.usual_low, stats.usual_high), (Some(-1.0), Some(1.0)));
    }

    #[test]
    fn an_excerpt_ends_with_a_word() {
        assert_eq!(excerpt("  a\n b  "), "a b");
        let long = excerpt(&"word ".repeat(100));
        assert!(long.ends_with("word…") && long.chars().count() <= 201, "{long}");
        assert_eq!(excerpt(&"x".repeat(300)).chars().count(), 201);
    }

    proptest! {
        #[test]
        fn every_day_of_the_span_is_there_once(days in 1u16..=366, micros in 0i64..4_000_000_000_000_000) {
            let now = Timestamp::from_micros(micros);
            let zone = chrono_tz::Pacific::Apia;
            let (from, to) = span(now, days, zone);
            let stats = stats(from, to, zone, &[]);
            prop_assert_eq!(stats.days.len(), usize::from(days));
            let (begin, end) = bounds(from, to);
            prop_assert!(begin <= now && now < end);
        }
    }
}
