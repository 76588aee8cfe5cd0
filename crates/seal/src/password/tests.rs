use super::*;
use data_encoding::HEXLOWER;
use kernel::SystemRng;
use proptest::prelude::*;

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

fn cheap() -> Params {
    Params::new(19_456, 2, 1).expect("the floor")
}

fn pepper(byte: u8) -> Pepper {
    Pepper::new(Secret::new([byte; 32]))
}

const MATCHES: Result<Verdict, Error> = Ok(Verdict { matches: true, rehash: false });
const REHASH: Result<Verdict, Error> = Ok(Verdict { matches: true, rehash: true });
const DIFFERS: Result<Verdict, Error> = Ok(Verdict { matches: false, rehash: false });

#[test]
fn argon2id_of_rfc_9106_with_secret_and_associated_data() {
    let params = argon2::ParamsBuilder::new()
        .m_cost(32)
        .t_cost(3)
        .p_cost(4)
        .output_len(32)
        .data(argon2::AssociatedData::new(&[4; 12]).expect("twelve bytes"))
        .build()
        .expect("the vector's parameters");
    let tag = argon2id(params, &[3; 8], &[1; 32], &[2; 16], 32).expect("the vector's input");
    assert_eq!(HEXLOWER.encode(&tag), "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659");
}

#[test]
fn argon2id_of_the_reference_implementation_as_a_stored_text() {
    // phc-winner-argon2, src/test.c: Argon2id, version 19, 2^16 KiB, two passes, one lane, "password", "somesalt".
    let text = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    let hasher = Hasher::new(Params::default(), None);
    assert_eq!(hasher.verify(&secret("password"), text), REHASH);
    assert_eq!(hasher.verify(&secret("differentpassword"), text), DIFFERS);
}

#[test]
fn the_default_is_what_the_house_promises() {
    let hasher = Hasher::new(Params::default(), Some(pepper(1)));
    let text = hasher.hash(&secret("correct horse battery staple"), &SystemRng).expect("hashed");
    assert!(text.starts_with("$argon2id$v=19$m=65536,t=3,p=1$"), "{text}");
    let parts: Vec<_> = text.split('$').collect();
    assert_eq!((parts.len(), parts[5].len()), (6, 43), "a tag of 32 bytes");
    assert_eq!(hasher.verify(&secret("correct horse battery staple"), &text), MATCHES);
    assert_eq!(hasher.verify(&secret("correct horse battery stapl"), &text), DIFFERS);
}

#[test]
fn parameters_below_the_floor_or_beyond_sense_are_refused() {
    for (memory, passes, lanes) in
        [(19_455, 2, 1), (19_456, 1, 1), (19_456, 2, 0), (0, 0, 0), (u32::MAX, 3, 1), (65_536, 65, 1), (65_536, 3, 17)]
    {
        assert_eq!(Params::new(memory, passes, lanes), Err(Error::Parameters), "{memory} {passes} {lanes}");
    }
    assert_eq!(Params::new(65_536, 3, 1), Ok(Params::default()));
}

#[test]
fn the_whole_password_counts() {
    let hasher = Hasher::new(cheap(), None);
    let long = "a".repeat(72);
    let text = hasher.hash(&secret(&format!("{long}12345678")), &SystemRng).expect("hashed");
    assert_eq!(hasher.verify(&secret(&format!("{long}12345679")), &text), DIFFERS);
    assert_eq!(hasher.verify(&secret(&long), &text), DIFFERS);
    let longest = "ü".repeat(LONGEST / 2);
    let text = hasher.hash(&secret(&longest), &SystemRng).expect("hashed");
    assert_eq!(hasher.verify(&secret(&longest), &text), MATCHES);
    let last_differs = format!("{}x", "ü".repeat(LONGEST / 2 - 1));
    assert_eq!(hasher.verify(&secret(&last_differs), &text), DIFFERS);
    let too_long = secret(&format!("{longest}x"));
    assert_eq!(hasher.hash(&too_long, &SystemRng), Err(Error::TooLong));
    assert_eq!(hasher.verify(&too_long, &text), Err(Error::TooLong));
}

#[test]
fn one_password_typed_in_two_ways_is_one_password() {
    let prepared = |text: &str| prepare(text).expect("short enough").to_string();
    assert_eq!(prepared("cafe\u{301}"), "caf\u{e9}");
    assert_eq!(prepared("a\u{a0}b\u{3000}c\u{2009}d e"), "a b c d e");
    // Neither folded, nor trimmed, nor decomposed by compatibility.
    assert_eq!(prepared(" Aﬁ\u{200b}\t "), " Aﬁ\u{200b}\t ");
    let hasher = Hasher::new(cheap(), None);
    let text = hasher.hash(&secret("cafe\u{301}\u{a0}noir"), &SystemRng).expect("hashed");
    assert_eq!(hasher.verify(&secret("caf\u{e9} noir"), &text), MATCHES);
    assert_eq!(hasher.verify(&secret("cafe noir"), &text), DIFFERS);
}

#[test]
fn the_pepper_counts_and_can_be_changed() {
    let password = secret("correct horse battery staple");
    let plain = Hasher::new(cheap(), None);
    let old = Hasher::new(cheap(), Some(pepper(1)));
    let new = Hasher::new(cheap(), Some(pepper(2))).with_previous(vec![pepper(1)]);
    let (bare, made) =
        (plain.hash(&password, &SystemRng).expect("hashed"), old.hash(&password, &SystemRng).expect("hashed"));
    assert_eq!(old.verify(&password, &made), MATCHES);
    assert_eq!(new.verify(&password, &made), REHASH);
    assert_eq!(new.verify(&secret("another"), &made), DIFFERS);
    assert_eq!(new.verify(&password, &bare), REHASH);
    assert_eq!(plain.verify(&password, &made), Err(Error::UnknownPepper));
    assert_eq!(Hasher::new(cheap(), Some(pepper(2))).verify(&password, &made), Err(Error::UnknownPepper));
    // The id alone does not do it: a pepper of the same id and another secret finds no match.
    let forged = Pepper { id: pepper(1).id, secret: Secret::new([9; 32]) };
    assert_eq!(Hasher::new(cheap(), Some(forged)).verify(&password, &made), DIFFERS);
}

#[test]
fn other_parameters_ask_for_a_new_hash() {
    let (weak, strong) = (Hasher::new(cheap(), None), Hasher::new(Params::new(19_456, 3, 1).expect("above"), None));
    let text = weak.hash(&secret("a password"), &SystemRng).expect("hashed");
    assert_eq!(strong.verify(&secret("a password"), &text), REHASH);
    assert_eq!(strong.verify(&secret("b password"), &text), DIFFERS);
}

#[test]
fn nobody_s_hash_costs_the_same_and_matches_nothing() {
    for hasher in [Hasher::new(cheap(), None), Hasher::new(cheap(), Some(pepper(1)))] {
        let real = hasher.hash(&secret("a password"), &SystemRng).expect("hashed");
        let (dummy, real) =
            (Stored::read(hasher.dummy()).expect("written here"), Stored::read(&real).expect("written here"));
        assert_eq!((dummy.memory_kib, dummy.passes, dummy.lanes), (real.memory_kib, real.passes, real.lanes));
        assert_eq!((dummy.salt.len(), dummy.tag.len()), (real.salt.len(), real.tag.len()));
        assert_eq!(dummy.pepper(), real.pepper());
        for guess in ["", "a password"] {
            assert_eq!(hasher.verify(&secret(guess), hasher.dummy()), DIFFERS);
        }
    }
}

#[test]
fn hashes_of_one_password_differ() {
    let hasher = Hasher::new(cheap(), None);
    let hash = || hasher.hash(&secret("a password"), &SystemRng).expect("hashed");
    assert_ne!(hash(), hash());
}

#[test]
fn stored_texts_that_are_damaged_or_hostile_are_refused_at_once() {
    let hasher = Hasher::new(cheap(), None);
    let tail = "c29tZXNhbHRzb21lc2FsdA$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    for text in [
        String::new(),
        "plain".to_owned(),
        format!("$argon2id$v=19$m=4294967295,t=3,p=1${tail}"),
        format!("$argon2id$v=19$m=65536,t=4294967295,p=1${tail}"),
        format!("$argon2id$v=19$m=65536,t=3,p=200${tail}"),
        format!("$argon2id$v=19$m=65536,t=0,p=1${tail}"),
        format!("$argon2id$v=19$m=0,t=3,p=1${tail}"),
    ] {
        assert_eq!(hasher.verify(&secret("a password"), &text), Err(Error::Malformed), "{text}");
    }
}

#[test]
fn faults_name_the_field_or_the_time_to_wait() {
    let fault = Fault::from(Error::TooLong);
    assert_eq!((fault.kind(), fault.fields()[0].code), (kernel::Kind::Invalid, "too_long"));
    let fault = Fault::from(Error::Busy);
    assert_eq!((fault.kind(), fault.code()), (kernel::Kind::Unavailable, "busy"));
    assert!(fault.retry_delay().is_some());
    assert_eq!(Fault::from(Error::Malformed).kind(), kernel::Kind::Internal);
}

proptest! {
    #[test]
    fn preparing_twice_is_preparing_once(text in "\\PC{0,60}") {
        let once = prepare(&text).expect("short enough");
        prop_assert!(once.len() <= 3 * text.len());
        prop_assert_eq!(&*prepare(&once).expect("short enough"), &*once);
    }
}
