//! Between a row's sealed body and the type it holds.

use kernel::{Ambient, Fault, UserId};
use seal::{Aad, DataKey};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// Where a body belongs: it opens nowhere else.
fn place(table: &'static str, row: Uuid, user: UserId) -> Aad {
    Aad { table, row, column: "body", user: user.uuid() }
}

/// Seals a body for its row.
pub(crate) fn seal<T: Serialize>(
    key: &DataKey,
    ambient: &Ambient,
    table: &'static str,
    row: Uuid,
    user: UserId,
    body: &T,
) -> Result<Vec<u8>, Fault> {
    let plain = serde_json::to_vec(body).map_err(Fault::internal)?;
    Ok(key.seal(&place(table, row, user), &plain, &*ambient.rng))
}

/// Opens a row's body. One that does not open is an error that names its row: nothing is skipped in silence.
pub(crate) fn open<T: DeserializeOwned>(
    key: &DataKey,
    table: &'static str,
    row: Uuid,
    user: UserId,
    sealed: &[u8],
) -> Result<T, Fault> {
    let plain = key
        .open(&place(table, row, user), sealed)
        .map_err(|error| Fault::internal(format!("{table} {row} does not open: {error}")))?;
    serde_json::from_slice(&plain).map_err(|error| {
        // The kind and place only: serde's own words may repeat what a person wrote.
        Fault::internal(format!("{table} {row} cannot be read ({:?} at byte {})", error.classify(), error.column()))
    })
}
