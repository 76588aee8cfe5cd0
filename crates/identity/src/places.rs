//! Where a network is, roughly, from a database that the operator may supply: its licence does not let us ship one.
//!
//! Only to help people recognise their own sessions. Looked up by the network, since nothing else is kept.

use maxminddb::{Reader, path};
use std::net::IpAddr;
use std::path::Path;

/// Why there is no such database.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(#[from] maxminddb::MaxMindDbError);

/// The database.
pub(crate) struct Places(Reader<Vec<u8>>);

impl Places {
    /// Reads a file in MaxMind's format whole.
    pub(crate) fn open(file: &Path) -> Result<Self, Unreadable> {
        Ok(Self(Reader::open_readfile(file)?))
    }

    /// `Berlin, Germany`, or only the country, or nothing.
    pub(crate) fn of(&self, network: &str) -> Option<String> {
        let address: IpAddr = network.split('/').next()?.parse().ok()?;
        // A database that does not know a network, or is damaged there, is one that has nothing to say about it.
        let found = self.0.lookup(address).ok()?;
        let name = |of: &'static str| -> Option<String> {
            let text: Option<&str> = found.decode_path(&path![of, "names", "en"]).ok()?;
            // Foreign text: bounded, and nothing in it that steers a terminal or a page.
            text.map(|text| text.chars().filter(|letter| !letter.is_control()).take(64).collect())
        };
        match (name("city"), name("country")) {
            (Some(city), Some(country)) => Some(format!("{city}, {country}")),
            (None, Some(country)) => Some(country),
            (city, None) => city,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Vec<u8> {
        let mut out = vec![0x40 | u8::try_from(text.len()).unwrap()];
        out.extend(text.as_bytes());
        out
    }

    fn map(pairs: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let mut out = vec![0xe0 | u8::try_from(pairs.len()).unwrap()];
        for (name, value) in pairs {
            out.extend(text(name));
            out.extend(value);
        }
        out
    }

    fn names(name: &str) -> Vec<u8> {
        map(&[("names", map(&[("en", text(name))]))])
    }

    /// A database in MaxMind's format (version 2.0): one node, whose left half, 0.0.0.0/1, has `data` and whose right has not.
    fn database(data: &[u8]) -> Places {
        let (nodes, gap) = (1u8, 16u8);
        let mut file = vec![0, 0, nodes + gap, 0, 0, nodes];
        file.extend([0; 16]);
        file.extend(data);
        file.extend(b"\xab\xcd\xefMaxMind.com");
        let small = |number: u8| vec![0xa1, number];
        file.extend(map(&[
            ("binary_format_major_version", small(2)),
            ("binary_format_minor_version", small(0)),
            ("build_epoch", vec![0x01, 0x02, 1]),
            ("database_type", text("Test-City")),
            ("description", map(&[])),
            ("ip_version", small(4)),
            ("languages", vec![0x00, 0x04]),
            ("node_count", vec![0xc1, nodes]),
            ("record_size", small(24)),
        ]));
        Places(Reader::from_source(file).unwrap())
    }

    #[test]
    fn a_network_has_a_place_or_none() {
        let places = database(&map(&[("city", names("Berlin")), ("country", names("Germany"))]));
        assert_eq!(places.of("89.160.20.0/24").as_deref(), Some("Berlin, Germany"));
        assert_eq!(places.of("192.0.2.0/24"), None, "the other half");
        assert_eq!(places.of("2001:db8:1::/48"), None, "a database of the older addresses");
        assert_eq!(places.of(""), None);
        let places = database(&map(&[("country", names("Ger\u{1b}many"))]));
        assert_eq!(places.of("89.160.20.0/24").as_deref(), Some("Germany"));
        assert!(Places::open(Path::new("/nonexistent.mmdb")).is_err());
    }
}
