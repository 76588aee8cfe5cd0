use super::*;
use crate::record::OpenError;
use kernel::SystemRng;
use proptest::prelude::*;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use uuid::Uuid;

const PLACE: Aad = Aad { table: "recordings", row: Uuid::from_u128(7), column: "audio", user: Uuid::from_u128(9) };
const SIZES: [usize; 8] = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 1, 200_000];

fn key() -> DataKey {
    DataKey::generate(1, &SystemRng)
}

/// Bytes that never repeat with the period of a chunk.
fn sound(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from((at * at + at / 251) % 256).expect("below 256")).collect()
}

fn sealed(key: &DataKey, aad: &Aad, plain: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), key, aad, &SystemRng).expect("a vector takes all");
    // Pieces that fit neither a chunk nor each other.
    for piece in plain.chunks(10_007) {
        writer.write_all(piece).expect("a vector takes all");
    }
    assert_eq!(writer.written(), plain.len() as u64);
    writer.finish().expect("a vector takes all")
}

fn read_all(key: &DataKey, aad: &Aad, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    Reader::open(Cursor::new(bytes), key, aad)?.read_to_end(&mut plain)?;
    Ok(plain)
}

fn refusal(result: io::Result<Vec<u8>>) -> OpenError {
    let error = result.expect_err("not the file that was sealed");
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    *error.get_ref().expect("a cause").downcast_ref::<OpenError>().expect("an OpenError")
}

#[test]
fn files_of_every_size_come_back_whole() {
    let key = key();
    for size in SIZES {
        let plain = sound(size);
        let file = sealed(&key, &PLACE, &plain);
        assert_eq!(file.len(), HEADER + size + TAG * size.div_ceil(CHUNK).max(1), "{size}");
        let reader = Reader::open(Cursor::new(&file), &key, &PLACE).expect("sealed here");
        assert_eq!(reader.len(), size as u64);
        assert!(read_all(&key, &PLACE, &file).expect("sealed here") == plain, "{size}");
    }
}

#[test]
fn a_file_cut_anywhere_that_matters_is_refused_at_open() {
    let key = key();
    for size in SIZES {
        let file = sealed(&key, &PLACE, &sound(size));
        let boundaries = (0..4).map(|n| HEADER + n * SEALED_CHUNK).filter(|&at| at < file.len());
        let near = boundaries.flat_map(|at| [at.saturating_sub(1), at, at + 1, at + TAG, at + TAG + 1]);
        for cut in near.chain([0, 1, HEADER - 1, file.len() - 1]).filter(|&cut| cut < file.len()) {
            let opened = Reader::open(Cursor::new(&file[..cut]), &key, &PLACE);
            assert!(opened.is_err(), "{size} bytes, cut at {cut}");
        }
    }
}

#[test]
fn a_file_with_anything_appended_is_refused_at_open() {
    let key = key();
    for size in SIZES {
        let file = sealed(&key, &PLACE, &sound(size));
        for extra in [1, TAG, TAG + 1, SEALED_CHUNK, 2 * SEALED_CHUNK] {
            let longer = [&file[..], &vec![0; extra]].concat();
            assert!(Reader::open(Cursor::new(longer), &key, &PLACE).is_err(), "{size} bytes and {extra}");
        }
        // Its own last chunk once more, and another file's.
        let other = sealed(&key, &PLACE, &sound(size));
        for tail in [&file[HEADER..], &other[HEADER..]] {
            assert!(read_all(&key, &PLACE, &[&file, tail].concat()).is_err(), "{size}");
        }
    }
}

#[test]
fn chunks_moved_repeated_dropped_or_taken_from_another_file_are_refused() {
    let key = key();
    let (file, other) = (sealed(&key, &PLACE, &sound(200_000)), sealed(&key, &PLACE, &sound(200_000)));
    let chunk = |of: &[u8], n: usize| of[HEADER + n * SEALED_CHUNK..][..SEALED_CHUNK].to_vec();
    let (head, tail) = (&file[..HEADER], &file[HEADER + 3 * SEALED_CHUNK..]);
    let built = |parts: [Vec<u8>; 3]| [head, &parts.concat(), tail].concat();
    let (a, b, c) = (chunk(&file, 0), chunk(&file, 1), chunk(&file, 2));
    assert!(read_all(&key, &PLACE, &built([a.clone(), b.clone(), c.clone()])).is_ok());
    for parts in
        [[b.clone(), a.clone(), c.clone()], [a.clone(), a.clone(), c.clone()], [a.clone(), b, chunk(&other, 2)]]
    {
        assert_eq!(refusal(read_all(&key, &PLACE, &built(parts))), OpenError::Altered);
    }
    let dropped = [head, &a, &c, tail].concat();
    assert_eq!(refusal(read_all(&key, &PLACE, &dropped)), OpenError::Altered);
}

#[test]
fn another_key_place_or_file_is_refused_before_a_chunk_is_opened() {
    let mine = key();
    let file = sealed(&mine, &PLACE, &sound(70_000));
    let other = Uuid::from_u128(1);
    for place in [
        Aad { table: "rooms", ..PLACE },
        Aad { row: other, ..PLACE },
        Aad { column: "picture", ..PLACE },
        Aad { user: other, ..PLACE },
    ] {
        assert_eq!(refusal(read_all(&mine, &place, &file)), OpenError::OtherKey, "{place:?}");
    }
    assert_eq!(refusal(read_all(&key(), &PLACE, &file)), OpenError::OtherKey);
    let swapped = sealed(&mine, &Aad { row: other, ..PLACE }, &sound(70_000));
    assert_eq!(refusal(read_all(&mine, &PLACE, &swapped)), OpenError::OtherKey);
    // The header of one and the chunks of another, both for the same place.
    let twin = sealed(&mine, &PLACE, &sound(70_000));
    let mixed = [&file[..HEADER], &twin[HEADER..]].concat();
    assert_eq!(refusal(read_all(&mine, &PLACE, &mixed)), OpenError::Altered);
}

#[test]
fn every_flipped_bit_is_refused() {
    let key = key();
    let file = sealed(&key, &PLACE, b"what was said");
    for bit in 0..file.len() * 8 {
        let mut altered = file.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(read_all(&key, &PLACE, &altered).is_err(), "bit {bit}");
    }
}

#[test]
fn a_flipped_bit_in_one_chunk_spoils_that_chunk_alone() {
    let (key, plain) = (key(), sound(200_000));
    let mut file = sealed(&key, &PLACE, &plain);
    file[HEADER + SEALED_CHUNK + 5] ^= 1;
    let mut reader = Reader::open(Cursor::new(&file), &key, &PLACE).expect("the last chunk is whole");
    let mut out = [0; 100];
    reader.read_exact(&mut out).expect("the first chunk is whole");
    assert_eq!(out, plain[..100]);
    reader.seek(SeekFrom::Start(CHUNK as u64 + 9)).expect("inside");
    assert_eq!(reader.read(&mut out).expect_err("altered").kind(), io::ErrorKind::InvalidData);
    reader.seek(SeekFrom::Start(2 * CHUNK as u64)).expect("inside");
    reader.read_exact(&mut out).expect("the third chunk is whole");
    assert_eq!(out, plain[2 * CHUNK..][..100]);
}

#[test]
fn a_file_that_was_never_finished_is_refused() {
    let key = key();
    for size in [0, 10, CHUNK + 10, 2 * CHUNK + 10] {
        let mut file = Vec::new();
        let mut writer = Writer::new(&mut file, &key, &PLACE, &SystemRng).expect("a vector takes all");
        writer.write_all(&sound(size)).expect("a vector takes all");
        writer.flush().expect("a vector takes all");
        drop(writer);
        assert!(Reader::open(Cursor::new(&file), &key, &PLACE).is_err(), "{size}");
    }
}

#[test]
fn the_plaintext_and_the_salt_are_never_the_same_twice() {
    let (key, plain) = (key(), b"the canary sings at dawn".repeat(4000));
    let (one, two) = (sealed(&key, &PLACE, &plain), sealed(&key, &PLACE, &plain));
    assert_ne!(one[SALT_AT..], two[SALT_AT..]);
    assert!(!one.windows(10).any(|bytes| bytes == b"the canary"));
}

/// Counts what is read of it.
struct Counted<'a>(Cursor<&'a [u8]>, u64);

impl Read for Counted<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(out)?;
        self.1 += count as u64;
        Ok(count)
    }
}

impl Seek for Counted<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn a_read_in_the_middle_opens_only_the_chunks_it_touches() {
    let (key, plain) = (key(), sound(40 * CHUNK));
    let file = sealed(&key, &PLACE, &plain);
    let mut counted = Counted(Cursor::new(&file), 0);
    let mut reader = Reader::open(&mut counted, &key, &PLACE).expect("sealed here");
    let mut out = vec![0; 3000];
    reader.seek(SeekFrom::Start(20 * CHUNK as u64 - 1000)).expect("inside");
    reader.read_exact(&mut out).expect("inside");
    assert_eq!(out, plain[20 * CHUNK - 1000..][..3000]);
    drop(reader);
    // The header, the last chunk that proves the length, and the two chunks on either side of the boundary.
    assert_eq!(counted.1, (HEADER + 3 * SEALED_CHUNK) as u64);
}

#[test]
fn seeking_follows_the_rules_of_files() {
    let key = key();
    let file = sealed(&key, &PLACE, &sound(100));
    let mut reader = Reader::open(Cursor::new(&file), &key, &PLACE).expect("sealed here");
    let mut out = [0; 10];
    assert_eq!(reader.seek(SeekFrom::End(-5)).expect("inside"), 95);
    assert_eq!(reader.read(&mut out).expect("inside"), 5);
    assert_eq!(reader.seek(SeekFrom::Current(50)).expect("beyond the end"), 150);
    assert_eq!(reader.read(&mut out).expect("nothing there"), 0);
    let error = reader.seek(SeekFrom::Current(-151)).expect_err("before the start");
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert_eq!(reader.stream_position().expect("unmoved"), 150);
}

/// Takes so many bytes, then refuses.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 < bytes.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0 -= bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_said_and_the_file_takes_nothing_more() {
    let key = key();
    let mut writer = Writer::new(Full(HEADER + 10), &key, &PLACE, &SystemRng).expect("room for the header");
    let error = writer.write_all(&sound(3 * CHUNK)).expect_err("no room for a chunk");
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    assert!(writer.write(b"more").is_err());
    assert!(writer.finish().is_err());
    assert!(Writer::new(Full(3), &key, &PLACE, &SystemRng).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn random_seeks_read_what_was_written(
        size in prop_oneof![proptest::sample::select(SIZES.to_vec()), 0..150_000_usize],
        reads in proptest::collection::vec((0.0..1.1_f64, 0..70_000_usize), 1..12),
    ) {
        let (key, plain) = (key(), sound(size));
        let file = sealed(&key, &PLACE, &plain);
        let mut reader = Reader::open(Cursor::new(&file), &key, &PLACE).expect("sealed here");
        for (share, length) in reads {
            #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss,
                reason = "any position will do")]
            let at = (size as f64 * share) as usize;
            reader.seek(SeekFrom::Start(at as u64)).expect("not before the start");
            let mut out = Vec::new();
            reader.by_ref().take(length as u64).read_to_end(&mut out).expect("sealed here");
            let expected = &plain[at.min(size)..(at + length).min(size)];
            prop_assert!(out == expected, "{at}, {length}");
        }
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Reader::open(Cursor::new(&bytes), &key(), &PLACE).is_err());
    }
}
