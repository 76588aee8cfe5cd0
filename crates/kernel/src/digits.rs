//! Whole numbers in decimal, written by hand: several stand in every answer and in every line of the log, where a general
//! formatter costs more than all else.

/// The two digits of every number below a hundred.
static PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let (mut at, mut tens, mut ones) = (0, b'0', b'0');
    while at < 100 {
        pairs[at] = [tens, ones];
        if ones == b'9' {
            (tens, ones) = (tens + 1, b'0');
        } else {
            ones += 1;
        }
        at += 1;
    }
    pairs
};

/// The last two digits of a number.
pub(crate) const fn pair(number: usize) -> [u8; 2] {
    PAIRS[number % 100]
}

/// A number in decimal, without memory of its own.
#[derive(Debug, Clone, Copy)]
pub struct Digits {
    bytes: [u8; 20],
    begin: usize,
}

impl Digits {
    /// Of a number, without zeros in front.
    pub fn of(number: u64) -> Self {
        let (mut bytes, mut begin, mut rest) = ([b'0'; 20], 20, number);
        while rest >= 10 {
            begin -= 2;
            // Below a hundred.
            let two = usize::try_from(rest % 100).unwrap_or(0);
            bytes[begin..begin + 2].copy_from_slice(&pair(two));
            rest /= 100;
        }
        if rest > 0 || begin == 20 {
            begin -= 1;
            bytes[begin] = pair(usize::try_from(rest).unwrap_or(0))[1];
        }
        Self { bytes, begin }
    }

    /// The digits, as ASCII.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[self.begin..]
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        // Digits are ASCII.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn small_numbers_and_the_largest_are_written_as_ever() {
        for number in (0..=100_100).chain([u64::from(u32::MAX), u64::MAX - 1, u64::MAX]) {
            assert_eq!(Digits::of(number).as_str(), number.to_string());
        }
    }

    proptest! {
        #[test]
        fn every_number_is_written_as_ever(number: u64, shift in 0u32..64) {
            let digits = Digits::of(number >> shift);
            prop_assert_eq!(digits.as_str(), (number >> shift).to_string());
        }
    }
}
