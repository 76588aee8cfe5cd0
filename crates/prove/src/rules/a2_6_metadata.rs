//! A recording tells where it was made, and by whom, to everybody who gets it.

use super::upload::{PATH, id, tidy, upload};
use crate::lab::Lab;
use crate::material::tagged;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::Request;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A2-6.metadata",
        finding: "A2-6",
        title: "What a file tells besides its sound is not kept",
        severity: Severity::Medium,
        asvs: "14.2.8",
        cwe: 212,
        expected: "A WAV with tags (INFO, ID3, bext, iXML) before and behind its sound, and more behind its end: taken, and \
                   fetched again it holds none of them, and the very same sound.",
        help: "Write what is kept anew, out of what is needed to play it; a list of what to remove is never complete.",
        weakened_by: "A2-6.metadata",
        writes: true,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

/// The sound in a WAV file: what follows the word `data` and its length.
fn sound(file: &[u8]) -> Option<&[u8]> {
    let at = file.windows(4).position(|word| word == b"data")? + 4;
    let length = u32::from_le_bytes(file.get(at..at + 4)?.try_into().ok()?);
    file.get(at + 4..at + 4 + usize::try_from(length).ok()?)
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    const CANARY: &str = "prove-canary-48.2082-16.3738";
    let token = lab.token(3).await?;
    let sent = tagged(CANARY);
    let answer = upload(lab, &token, "tagged.wav", &sent).await?;
    let made = id(&answer).filter(|_| answer.status == 201);
    found.control(made.is_some(), || format!("a second of sound with tags: {}", answer.brief()))?;
    let id = made.unwrap_or_default();
    let got = lab.send(&Request::get(&format!("{PATH}/{id}/audio?download=1")).bearer(&token)).await?;
    tidy(lab, &token, &answer).await;
    found.control(got.ok() && sound(&got.body).is_some(), || format!("fetching it again: {}", got.brief()))?;
    let left = got.body.windows(CANARY.len()).filter(|window| *window == CANARY.as_bytes()).count();
    found.check(left == 0, || format!("{left} of its tags are left in what is kept"));
    found.check(sound(&got.body) == sound(&sent), || "the sound is not the same".to_owned());
    Ok(())
}
