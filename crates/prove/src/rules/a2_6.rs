//! Files that are not what they say, or say too much.

use super::upload::{PATH, count, tidy, upload};
use crate::lab::Lab;
use crate::material::{Part, endless, media, wav};
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::{Body, Request, WireError};

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A2-6",
        finding: "A2-6",
        title: "Uploads are judged by name, size and content",
        severity: Severity::High,
        asvs: "5.2.2",
        cwe: 434,
        expected: "Names with paths, control characters or reserved words: 400 invalid_filename. A program, an archive or a \
                   text as .wav, sound under another type's or a forbidden extension: 415. 101 MB announced: 413 before a byte \
                   of it. 101 MB in chunks: 413. None of them becomes a recording; a real one does.",
        help: "The name is data, never a path; the type is what the first packets say; the size is counted while it comes.",
        weakened_by: "A2-6",
        writes: true,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

/// Names, and whether the form itself may already refuse them (400 with any code).
const NAMES: &[(&str, bool)] = &[
    ("../../etc/passwd.wav", false),
    ("..\\\\..\\\\windows\\\\win.wav", false),
    ("/etc/cron.d/x.wav", false),
    ("C:\\\\x.wav", false),
    ("a/b.wav", false),
    ("CON.wav", false),
    ("nul.wav", false),
    ("COM1.wav", false),
    ("a\tb.wav", false),
    ("a\u{202e}vaw.exe.wav", false),
    ("a\u{7}b.wav", true),
    ("a\u{0}b.wav", true),
    ("..", true),
];

fn executable() -> Vec<u8> {
    let mut bytes = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00".to_vec();
    bytes.resize(4096, 0);
    bytes[0x3c] = 0x80;
    bytes[0x80..0x84].copy_from_slice(b"PE\0\0");
    bytes
}

fn archive() -> Vec<u8> {
    let mut bytes =
        b"PK\x03\x04\x14\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00".to_vec();
    bytes.extend([1, 0, 0, 0, b'a']);
    bytes.extend(b"PK\x05\x06\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00");
    bytes
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    // One of many accounts for each: ten a minute may be handed in by one.
    let tokens = lab.tokens().await?;
    let mut before = 0;
    for token in &tokens {
        before += count(lab, token).await?;
    }
    let sound = wav();
    let answer = upload(lab, &tokens[0], "prove.wav", &sound).await?;
    tidy(lab, &tokens[0], &answer).await;
    found.control(answer.status == 201, || format!("a second of sound as prove.wav: {}", answer.brief()))?;

    for (number, (name, form_may)) in NAMES.iter().enumerate() {
        let token = &tokens[number % tokens.len()];
        let answer = upload(lab, token, name, &sound).await?;
        let right = answer.is(400, "invalid_filename") || (*form_may && matches!(answer.status, 400 | 415 | 422));
        found.check(right, || format!("the name {name:?}: {}", answer.brief()));
        tidy(lab, token, &answer).await;
    }
    let (program, packed) = (executable(), archive());
    let contents: [(&str, &[u8]); 8] = [
        ("program.wav", &program),
        ("archive.wav", &packed),
        ("archive.mp3", &packed),
        ("text.ogg", b"<!doctype html><script>1</script>"),
        ("sound.mp3", &sound),
        ("sound.flac", &sound),
        ("sound.exe", &sound),
        ("sound.html", &sound),
    ];
    for (number, (name, bytes)) in contents.iter().enumerate() {
        let token = &tokens[(number + 1) % tokens.len()];
        let answer = upload(lab, token, name, bytes).await?;
        found.check(answer.status == 415, || format!("{name} with the wrong content: {}", answer.brief()));
        tidy(lab, token, &answer).await;
    }
    sizes(lab, found, &tokens).await?;
    let mut after = 0;
    for token in &tokens {
        after += count(lab, token).await?;
    }
    found.check(after <= before, || format!("{} refused files became recordings", after.saturating_sub(before)));
    Ok(())
}

async fn sizes(lab: &Lab, found: &mut Findings, tokens: &[String]) -> Result<(), Stop> {
    let post = |number: usize| Request::post(PATH).bearer(&tokens[number % tokens.len()]);
    let announced = post(0).framed(&media(), Body::Announced(101 * 1024 * 1024)).patience(8);
    match lab.try_send(&announced).await {
        Ok(answer) => found.check(answer.status == 413, || format!("101 MB announced: {}", answer.brief())),
        Err(WireError::Timeout(seconds)) => {
            found.check(false, || format!("101 MB announced: no refusal within {seconds} s"));
        }
        Err(error) => return Err(error.into()),
    }
    // A hundred megabytes over somebody's line prove nothing that loopback does not.
    if lab.wire.many_addresses() {
        let mut start = wav();
        // The header promises as much as its four bytes can hold.
        start[4..8].fill(0xff);
        start[40..44].copy_from_slice(&[0xdb, 0xff, 0xff, 0xff]);
        let request = endless(post(1), &[Part::file("long.wav", &start)], 102).patience(120);
        match lab.try_send(&request).await {
            Ok(answer) => {
                let taken = answer.sent / (1024 * 1024);
                found
                    .check(answer.status == 413, || format!("102 MiB in chunks: {} after {taken} MiB", answer.brief()));
                tidy(lab, &tokens[1 % tokens.len()], &answer).await;
            }
            Err(WireError::Timeout(seconds)) => {
                found.check(false, || format!("102 MiB in chunks: no refusal within {seconds} s"));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
