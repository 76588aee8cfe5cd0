//! A sealed file as a stream of its plaintext.

use super::{Disk, Reader};
use bytes::Bytes;
use futures_util::stream;
use seal::chunks::CHUNK;
use std::io::{self, Read, Seek, SeekFrom};

/// The bytes from `first` on, cut where the sealed chunks are, so that each is opened once.
pub(crate) fn pieces(
    disk: Disk,
    reader: Reader,
    first: u64,
    size: u64,
) -> impl stream::Stream<Item = io::Result<Bytes>> {
    stream::try_unfold((reader, first, size), move |(mut reader, at, left)| {
        let disk = disk.clone();
        async move {
            if left == 0 {
                return Ok(None);
            }
            let read = disk
                .run(move || {
                    let chunk = CHUNK as u64;
                    // At most one chunk, which fits whatever holds `CHUNK`.
                    let next = usize::try_from(left.min(chunk - at % chunk)).map_err(io::Error::other)?;
                    reader.seek(SeekFrom::Start(at))?;
                    let mut piece = vec![0; next];
                    reader.read_exact(&mut piece)?;
                    Ok((reader, piece))
                })
                .await;
            match read {
                Ok((reader, piece)) => {
                    let taken = piece.len() as u64;
                    Ok(Some((Bytes::from(piece), (reader, at + taken, left - taken))))
                }
                Err(error) => {
                    // The status is out already; the cut connection tells the client, this line tells us.
                    tracing::error!(%error, "a recording could not be read to its end");
                    Err(error)
                }
            }
        }
    })
}
