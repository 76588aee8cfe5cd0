//! How much of somebody's budget of sound a recording takes (A1-M2).

use std::num::NonZeroU32;
use std::time::Duration;

/// Its seconds, a begun one as a whole one. What is too short to say how long it is has begun one.
pub(crate) fn seconds(duration: Duration) -> NonZeroU32 {
    let whole = duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0));
    NonZeroU32::new(u32::try_from(whole).unwrap_or(u32::MAX)).unwrap_or(NonZeroU32::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_begun_second_is_a_whole_one() {
        let of = |millis| seconds(Duration::from_millis(millis)).get();
        assert_eq!([of(0), of(1), of(999), of(1000), of(1001), of(21_600_000)], [1, 1, 1, 1, 2, 21_600]);
        assert_eq!(seconds(Duration::MAX).get(), u32::MAX);
    }
}
