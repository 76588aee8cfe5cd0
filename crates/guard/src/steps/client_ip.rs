//! The address a request really comes from.

use http::HeaderMap;
use ipnet::IpNet;
use std::net::IpAddr;

/// The peer's own address; or, when the peer is a trusted proxy, the rightmost address in `X-Forwarded-For` that is not
/// itself a trusted proxy. What stands further left was written by the client and is worth nothing.
pub(crate) fn find(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|net| net.contains(ip));
    if !is_trusted(&peer) {
        return peer;
    }
    let hops = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    let hops: Vec<_> = hops.map(|hop| hop.trim().parse::<IpAddr>()).collect();
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
}
