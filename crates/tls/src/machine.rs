//! By which names and addresses other devices of the same network reach this machine.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

/// The host name, alone and as multicast DNS announces it (`name.local`); lower case.
pub fn names() -> Vec<String> {
    let name = rustix::system::uname().nodename().to_string_lossy().to_ascii_lowercase();
    let name = name.split('.').next().unwrap_or_default().to_owned();
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_name && name != "localhost" { vec![format!("{name}.local"), name] } else { Vec::new() }
}

/// The addresses of this machine in its networks, without loopback and without those that need a scope.
pub fn addresses() -> Vec<IpAddr> {
    let mut all: BTreeSet<IpAddr> = BTreeSet::new();
    // Linux tells all of them; elsewhere the one that would be used to reach others has to do.
    if let Ok(text) = std::fs::read_to_string("/proc/net/fib_trie") {
        all.extend(local_routes(&text).map(IpAddr::V4));
    }
    if let Ok(text) = std::fs::read_to_string("/proc/net/if_inet6") {
        all.extend(text.lines().filter_map(interface).map(IpAddr::V6));
    }
    all.extend(outward());
    all.into_iter().filter(is_reachable).collect()
}

fn is_reachable(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !ip.is_loopback() && !ip.is_unspecified() && !ip.is_link_local(),
        IpAddr::V6(ip) => !ip.is_loopback() && !ip.is_unspecified() && !ip.is_unicast_link_local(),
    }
}

/// The address that would be used to reach others. Nothing is sent: a datagram socket only chooses its way.
fn outward() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}

/// In the kernel's table of routes, an address of our own is a leaf `|-- 192.168.1.20` followed by `/32 host LOCAL`.
fn local_routes(text: &str) -> impl Iterator<Item = Ipv4Addr> {
    let mut leaf = None;
    text.lines().filter_map(move |line| {
        let line = line.trim();
        if let Some(address) = line.strip_prefix("|-- ") {
            leaf = address.parse().ok();
            return None;
        }
        if line.starts_with("/32 host LOCAL") { leaf } else { None }
    })
}

/// A line of the kernel's list: 32 hexadecimal digits, then index, length, scope, flags and device.
fn interface(line: &str) -> Option<Ipv6Addr> {
    let digits = line.split_whitespace().next().filter(|digits| digits.len() == 32)?;
    u128::from_str_radix(digits, 16).ok().map(Ipv6Addr::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_from_the_kernels_tables() {
        let table = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 127.0.0.1\n        /32 host LOCAL\n     |-- 192.168.1.0\n        \
                     /24 link UNICAST\n     |-- 192.168.1.20\n        /32 host LOCAL\n     |-- 192.168.1.255\n        \
                     /32 link BROADCAST\n";
        let found: Vec<_> = local_routes(table).map(IpAddr::V4).filter(is_reachable).collect();
        assert_eq!(found, ["192.168.1.20".parse::<IpAddr>().unwrap()]);
        let line = "fd00000000000000000000000000000a 02 40 00 80     eth0";
        assert_eq!(interface(line), Some("fd00::a".parse().unwrap()));
        assert_eq!(interface("x"), None);
    }

    #[test]
    fn nobody_is_sent_to_loopback() {
        assert!(addresses().iter().all(|ip| !ip.is_loopback()));
        assert!(names().iter().all(|name| name != "localhost"));
    }
}
