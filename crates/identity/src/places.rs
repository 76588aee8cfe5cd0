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
