//! Whose bucket it is.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;

/// How many times as much as one /64 a whole /56 may take. One household has a /64, or a /56 of 256 of them to move about
/// in: moving about must not be worth more than this.
const NEIGHBOURHOOD: NonZeroU32 = NonZeroU32::new(4).expect("four");

/// A bucket's owner, and how many times the limit their bucket holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) times: NonZeroU32,
}

impl<'a> Key<'a> {
    pub(crate) const fn of(text: &'a str) -> Self {
        Self { text: Cow::Borrowed(text), times: NonZeroU32::MIN }
    }
}

/// Who an address is counted as: IPv4 whole, IPv6 by /64, since one household has all of that.
pub fn household(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => IpAddr::V4(ip),
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from(u128::from(ip) & !(u128::MAX >> 64))),
    }
}

/// The /56 around an IPv6 address.
pub(crate) fn neighbourhood(ip: IpAddr) -> Option<IpAddr> {
    match ip.to_canonical() {
        IpAddr::V4(_) => None,
        IpAddr::V6(ip) => Some(IpAddr::V6(Ipv6Addr::from(u128::from(ip) & !(u128::MAX >> 56)))),
    }
}

/// The buckets that a call from this address takes from.
pub(crate) fn of_address(ip: IpAddr) -> Vec<Key<'static>> {
    let mut keys = vec![Key { text: household(ip).to_string().into(), times: NonZeroU32::MIN }];
    if let Some(around) = neighbourhood(ip) {
        keys.push(Key { text: format!("{around}/56").into(), times: NEIGHBOURHOOD });
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_ipv6_household_is_one_key_and_its_neighbourhood_another() {
        let keys = |text: &str| -> Vec<_> {
            of_address(text.parse().unwrap()).into_iter().map(|key| (key.text.into_owned(), key.times.get())).collect()
        };
        let expected = |text: &str| (text.to_owned(), 1);
        assert_eq!(keys("192.0.2.1"), [expected("192.0.2.1")]);
        assert_eq!(keys("::ffff:192.0.2.1"), keys("192.0.2.1"));
        let one = keys("2001:db8:1:2::1");
        assert_eq!(one, [expected("2001:db8:1:2::"), ("2001:db8:1::/56".to_owned(), 4)]);
        assert_eq!(one, keys("2001:db8:1:2:ffff::9"));
        let beside = keys("2001:db8:1:ff::1");
        assert!(beside[0] != one[0] && beside[1] == one[1]);
        let elsewhere = keys("2001:db8:1:100::1");
        assert!(elsewhere[0] != one[0] && elsewhere[1] != one[1]);
    }
}
