//! The server's clock, as it tells it: an attacker has no better one, and codes and signatures go by it.

use crate::wire::Response;

/// Seconds since 1970 by the answer's `Date` (RFC 9110, section 5.6.7).
pub(crate) fn seconds(answer: &Response) -> Option<i64> {
    read(answer.header("date")?)
}

/// The day of a time in RFC 3339, counted from 1 January 1970.
pub(crate) fn day(at: &str) -> Option<i64> {
    let mut parts = at.get(..10)?.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    (1..=12).contains(&month).then(|| days_before(year, month - 1) + day - 1)
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`
fn read(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let parts: Vec<&str> = text.split([' ', ':']).collect();
    let [_, day, month, year, hour, minute, second, "GMT"] = parts.as_slice() else { return None };
    let number = |part: &str| part.parse::<i64>().ok();
    let month = i64::try_from(MONTHS.iter().position(|name| name == month)?).ok()?;
    let days = days_before(number(year)?, month) + number(day)? - 1;
    Some(((days * 24 + number(hour)?) * 60 + number(minute)?) * 60 + number(second)?)
}

/// Days from 1970 to the first of a month, which counts from 0.
fn days_before(year: i64, month: i64) -> i64 {
    let leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let years: i64 = (1970..year).map(|year| if leap(year) { 366 } else { 365 }).sum();
    let february = if leap(year) { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    years + months.iter().zip(0..month).map(|(days, _)| days).sum::<i64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read() {
        assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(read("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(read("Thu, 29 Feb 2024 23:59:59 GMT"), Some(1_709_251_199));
        assert_eq!(read("Fri, 01 Mar 2024 00:00:00 GMT"), Some(1_709_251_200));
        for other in ["", "yesterday", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Brumaire 1994 08:49:37 GMT"] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
