//! The address a request really comes from.

use http::HeaderMap;
use ipnet::IpNet;
use std::net::IpAddr;

/// The peer's own address; or, when the peer is a trusted proxy, the rightmost address in `X-Forwarded-For` that is not
/// itself a trusted proxy. What stands further left was written by the client and is worth nothing.
///
/// A socket that takes both families shows an IPv4 peer as `::ffff:a.b.c.d`: here, and in what a proxy writes down,
/// that is the address of IPv4, so that lists of networks, limits and scores see one client and not two.
pub(crate) fn find(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let peer = peer.to_canonical();
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|net| net.contains(ip));
    if !is_trusted(&peer) {
        return peer;
    }
    let hops = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    let hops: Vec<_> = hops.map(|hop| hop.trim().parse::<IpAddr>().map(|ip| ip.to_canonical())).collect();
    for hop in hops.into_iter().rev() {
        match hop {
            Ok(ip) if is_trusted(&ip) => {}
            Ok(ip) => return ip,
            // A hop that is no address breaks the chain: what is left of it cannot be trusted.
            Err(_) => return peer,
        }
    }
    peer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(peer: &str, forwarded: &str) -> String {
        let headers = [("x-forwarded-for".parse().unwrap(), forwarded.parse().unwrap())].into_iter().collect();
        find(peer.parse().unwrap(), &headers, &["10.0.0.0/8".parse().unwrap()]).to_string()
    }

    #[test]
    fn a_forged_hop_changes_nothing() {
        assert_eq!(ip("203.0.113.9", "1.2.3.4"), "203.0.113.9", "the peer is no proxy of ours");
        assert_eq!(ip("10.0.0.1", "6.6.6.6, 203.0.113.7"), "203.0.113.7");
        assert_eq!(ip("10.0.0.1", "6.6.6.6, 203.0.113.7, 10.0.0.2"), "203.0.113.7");
        assert_eq!(ip("10.0.0.1", "203.0.113.7, nonsense"), "10.0.0.1");
        assert_eq!(ip("10.0.0.1", "10.0.0.3"), "10.0.0.1");
    }

    #[test]
    fn an_address_of_ipv4_within_ipv6_is_that_address() {
        assert_eq!(ip("::ffff:203.0.113.9", "1.2.3.4"), "203.0.113.9", "the peer is no proxy of ours");
        assert_eq!(ip("::ffff:10.0.0.1", "203.0.113.7"), "203.0.113.7", "the peer is a proxy of ours");
        assert_eq!(ip("10.0.0.1", "6.6.6.6, ::ffff:203.0.113.7"), "203.0.113.7");
        assert_eq!(ip("10.0.0.1", "203.0.113.7, ::ffff:10.0.0.2"), "203.0.113.7", "and so is the second");
        assert_eq!(ip("::ffff:a00:1", "203.0.113.7, ::ffff:a00:2"), "203.0.113.7", "in hexadecimal too");
        assert_eq!(ip("10.0.0.1", "2001:db8::7"), "2001:db8::7", "any other is itself");
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
}
