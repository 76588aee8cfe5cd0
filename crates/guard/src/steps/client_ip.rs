//! Who is at the other end, when proxies stand in between: `Forwarded` (RFC 7239) or `X-Forwarded-*`, of trusted ones only.

use http::HeaderMap;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

/// What a trusted proxy says of the connection that the client made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The address the request really comes from.
    pub(crate) ip: IpAddr,
    /// Whether the peer is a trusted proxy.
    pub(crate) proxied: bool,
    /// Whether the client's own connection was encrypted; `None` when nobody who is believed says so.
    pub(crate) encrypted: Option<bool>,
}

/// One hop, as the proxy behind it wrote it down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hop {
    /// `None` where something else than an address stands.
    ip: Option<IpAddr>,
    encrypted: Option<bool>,
}

/// The peer's own address; or, when the peer is a trusted proxy, the rightmost hop that is not itself one. What stands
/// further left was written by the client and is worth nothing.
///
/// A socket that takes both families shows an IPv4 peer as `::ffff:a.b.c.d`: here, and in what a proxy writes down,
/// that is the address of IPv4, so that lists of networks, limits and scores see one client and not two.
pub(crate) fn find(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Seen {
    let peer = peer.to_canonical();
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|net| net.contains(ip));
    let direct = Seen { ip: peer, proxied: false, encrypted: None };
    if !is_trusted(&peer) {
        return direct;
    }
    let unsaid = Seen { proxied: true, ..direct };
    let choose = |hops: &[Hop]| {
        for hop in hops.iter().rev() {
            match hop.ip {
                Some(ip) if is_trusted(&ip) => {}
                Some(ip) => return Seen { ip, proxied: true, encrypted: hop.encrypted },
                // A hop that is no address breaks the chain: what is left of it cannot be trusted.
                None => return unsaid,
            }
        }
        // Every hop is a proxy of ours: the request is one's own, and the first of them knows how it came.
        Seen { encrypted: hops.first().and_then(|hop| hop.encrypted), ..unsaid }
    };
    let (standard, usual) = (standard(headers), usual(headers));
    match (standard.is_empty(), usual.is_empty()) {
        // Whoever tells the scheme alone tells it of its own peer, which it does not name.
        (true, true) => {
            Seen { encrypted: items(headers, "x-forwarded-proto").last().and_then(|text| scheme(text)), ..unsaid }
        }
        (true, false) => choose(&usual),
        (false, true) => choose(&standard),
        // A proxy writes one of the two and hands on the other as the client sent it. Which one it is cannot be told, so
        // they count only where they agree.
        (false, false) => {
            let (one, other) = (choose(&standard), choose(&usual));
            if one == other { one } else { unsaid }
        }
    }
}

/// Whether a request carries a header by which proxies tell of a client, believed or not.
pub(crate) fn is_forwarded(headers: &HeaderMap) -> bool {
    ["forwarded", "x-forwarded-for", "x-forwarded-proto"].iter().any(|name| headers.contains_key(*name))
}

fn items<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    // A line that is no text still has its place.
    let lines = headers.get_all(name).iter().map(|line| line.to_str().unwrap_or("?"));
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|item| !item.is_empty()).collect()
}

fn scheme(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("https") || text.eq_ignore_ascii_case("wss") {
        return Some(true);
    }
    (text.eq_ignore_ascii_case("http") || text.eq_ignore_ascii_case("ws")).then_some(false)
}

/// An address, with or without a port; a bracketed one of IPv6 too.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let found = bare.parse::<IpAddr>().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()));
    found.map(|ip| ip.to_canonical())
}

/// `X-Forwarded-For` and `X-Forwarded-Proto`: two lists to which each proxy adds on the right; or of the second only one
/// value, by the outermost.
fn usual(headers: &HeaderMap) -> Vec<Hop> {
    let (addresses, schemes) = (items(headers, "x-forwarded-for"), items(headers, "x-forwarded-proto"));
    let count = addresses.len();
    let hops = addresses.into_iter().enumerate().map(|(place, text)| {
        let from_the_right = count - 1 - place;
        let said = schemes.len().checked_sub(1 + from_the_right).map_or(schemes.first(), |at| schemes.get(at));
        Hop { ip: address(text), encrypted: said.and_then(|text| scheme(text)) }
    });
    hops.collect()
}

/// `Forwarded: for="[2001:db8::7]:4711";proto=https, for=10.0.0.2`.
fn standard(headers: &HeaderMap) -> Vec<Hop> {
    let lines = headers.get_all("forwarded").iter().map(|line| line.to_str().unwrap_or("?"));
    let elements = lines.flat_map(|line| split(line, ',')).filter(|element| !element.trim().is_empty());
    let hops = elements.map(|element| {
        let mut hop = Hop { ip: None, encrypted: None };
        for pair in split(element, ';') {
            let Some((name, value)) = pair.split_once('=') else { continue };
            let value = value.trim().trim_matches('"');
            match name.trim().to_ascii_lowercase().as_str() {
                "for" => hop.ip = address(value),
                "proto" => hop.encrypted = scheme(value),
                _ => {}
            }
        }
        hop
    });
    hops.collect()
}

/// Splits where the separator does not stand between quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut quoted = false;
    text.split(|letter: char| {
        quoted ^= letter == '"';
        letter == separator && !quoted
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seen(peer: &str, pairs: &[(&str, &str)]) -> Seen {
        let headers = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        find(peer.parse().unwrap(), &headers, &["10.0.0.0/8".parse().unwrap()])
    }

    fn ip(peer: &str, forwarded: &str) -> String {
        seen(peer, &[("x-forwarded-for", forwarded)]).ip.to_string()
    }

    #[test]
    fn a_forged_hop_changes_nothing() {
        assert_eq!(ip("203.0.113.9", "1.2.3.4"), "203.0.113.9", "the peer is no proxy of ours");
        assert_eq!(ip("10.0.0.1", "6.6.6.6, 203.0.113.7"), "203.0.113.7");
        assert_eq!(ip("10.0.0.1", "6.6.6.6, 203.0.113.7, 10.0.0.2"), "203.0.113.7");
        assert_eq!(ip("10.0.0.1", "203.0.113.7, nonsense"), "10.0.0.1");
        assert_eq!(ip("10.0.0.1", "10.0.0.3"), "10.0.0.1");
        assert_eq!(ip("10.0.0.1", "203.0.113.7:5123"), "203.0.113.7");
    }

    #[test]
    fn an_address_of_ipv4_within_ipv6_is_that_address() {
        assert_eq!(ip("::ffff:203.0.113.9", "1.2.3.4"), "203.0.113.9", "the peer is no proxy of ours");
        assert_eq!(ip("::ffff:10.0.0.1", "203.0.113.7"), "203.0.113.7", "the peer is a proxy of ours");
        assert_eq!(ip("10.0.0.1", "6.6.6.6, ::ffff:203.0.113.7"), "203.0.113.7");
        assert_eq!(ip("10.0.0.1", "203.0.113.7, ::ffff:10.0.0.2"), "203.0.113.7", "and so is the second");
        assert_eq!(ip("::ffff:a00:1", "203.0.113.7, ::ffff:a00:2"), "203.0.113.7", "in hexadecimal too");
        assert_eq!(ip("10.0.0.1", "[::ffff:203.0.113.7]:5123"), "203.0.113.7", "with a port");
        assert_eq!(ip("10.0.0.1", "2001:db8::7"), "2001:db8::7", "any other is itself");
        let standard = |text: &str| seen("::ffff:10.0.0.1", &[("forwarded", text)]).ip.to_string();
        assert_eq!(standard("for=\"[::ffff:203.0.113.7]:4711\""), "203.0.113.7");
        assert_eq!(standard("for=203.0.113.7, for=\"[::ffff:a00:2]\""), "203.0.113.7");
        let both = [("forwarded", "for=\"[::ffff:203.0.113.7]\""), ("x-forwarded-for", "203.0.113.7")];
        assert_eq!(seen("10.0.0.1", &both).ip.to_string(), "203.0.113.7", "two spellings are one story");
    }

    #[tokio::test]
    async fn both_spellings_of_a_client_share_a_bucket() {
        use crate::limiter::{Class, Limiter, Rates, Window};
        let limiter = Limiter::new(&Rates { links: vec![Window::per(2, 3600)], ..Rates::default() });
        let by = async |peer: &str, forwarded: &str| {
            let client = ip(peer, forwarded).parse().unwrap();
            limiter.take_by(Class::Links, client).await.1.is_ok()
        };
        assert!(by("203.0.113.9", "").await && by("::ffff:203.0.113.9", "").await);
        assert!(!by("203.0.113.9", "").await && !by("::ffff:203.0.113.9", "").await, "two in all");
        assert!(by("10.0.0.1", "203.0.113.7").await && by("::ffff:10.0.0.1", "::ffff:203.0.113.7").await);
        assert!(!by("10.0.0.1", "::ffff:203.0.113.7").await, "told by a proxy, two in all");
    }

    #[test]
    fn the_scheme_is_that_of_the_same_hop() {
        let proto = |hops: &str, schemes: &str| {
            seen("10.0.0.1", &[("x-forwarded-for", hops), ("x-forwarded-proto", schemes)]).encrypted
        };
        assert_eq!(proto("203.0.113.7", "https"), Some(true));
        assert_eq!(proto("203.0.113.7", "HTTP"), Some(false));
        assert_eq!(proto("6.6.6.6, 203.0.113.7", "https, http"), Some(false), "the left one is the client's own");
        assert_eq!(proto("203.0.113.7, 10.0.0.2", "https, http"), Some(true), "encrypted up to our first proxy");
        assert_eq!(proto("203.0.113.7, 10.0.0.2", "https"), Some(true), "only the outermost says it");
        assert_eq!(proto("203.0.113.7", "gopher"), None);
        assert_eq!(
            seen("10.0.0.1", &[("x-forwarded-proto", "https")]).encrypted,
            Some(true),
            "told without an address"
        );
        assert_eq!(seen("10.0.0.1", &[("x-forwarded-for", "203.0.113.7")]).encrypted, None);
        let untrusted = seen("203.0.113.9", &[("x-forwarded-for", "1.2.3.4"), ("x-forwarded-proto", "https")]);
        assert_eq!((untrusted.encrypted, untrusted.proxied), (None, false));
    }

    #[test]
    fn the_standard_header_says_both_in_one() {
        let of = |text: &str| {
            let seen = seen("10.0.0.1", &[("forwarded", text)]);
            (seen.ip.to_string(), seen.encrypted)
        };
        let client = |ip: &str, encrypted| (ip.to_owned(), encrypted);
        assert_eq!(of("for=203.0.113.7;proto=https"), client("203.0.113.7", Some(true)));
        assert_eq!(of("For=6.6.6.6;Proto=https, for=203.0.113.7;proto=http"), client("203.0.113.7", Some(false)));
        assert_eq!(
            of("for=\"[2001:db8::7]:4711\";proto=https, for=10.0.0.2;proto=http"),
            client("2001:db8::7", Some(true))
        );
        assert_eq!(of("for=unknown;proto=https"), client("10.0.0.1", None));
        assert_eq!(of("for=\"_hidden, for=6.6.6.6\";proto=https"), client("10.0.0.1", None), "a comma between quotes");
    }

    #[test]
    fn two_stories_are_believed_where_they_agree() {
        let both = |standard: &str| {
            let usual = [("x-forwarded-for", "203.0.113.7"), ("x-forwarded-proto", "https")];
            let seen = seen("10.0.0.1", &[usual[0], usual[1], ("forwarded", standard)]);
            (seen.ip.to_string(), seen.encrypted)
        };
        assert_eq!(both("for=203.0.113.7;proto=https"), ("203.0.113.7".to_owned(), Some(true)));
        assert_eq!(both("for=6.6.6.6;proto=https"), ("10.0.0.1".to_owned(), None));
        assert_eq!(both("for=203.0.113.7;proto=http"), ("10.0.0.1".to_owned(), None));
    }

    proptest! {
        #[test]
        fn no_text_lets_a_stranger_choose_the_address(text in "[ -~]{0,80}") {
            let headers = [("x-forwarded-for".parse().unwrap(), text.parse().unwrap())].into_iter().collect();
            let stranger: IpAddr = "203.0.113.9".parse().unwrap();
            prop_assert_eq!(find(stranger, &headers, &["10.0.0.0/8".parse().unwrap()]).ip, stranger);
            // Behind a proxy, what the client sent is on the left of what the proxy wrote.
            let text = format!("{text}, 203.0.113.7");
            let headers = [("x-forwarded-for".parse().unwrap(), text.parse().unwrap())].into_iter().collect();
            let seen = find("10.0.0.1".parse().unwrap(), &headers, &["10.0.0.0/8".parse().unwrap()]);
            prop_assert_eq!(seen.ip.to_string(), "203.0.113.7");
        }
    }
}
