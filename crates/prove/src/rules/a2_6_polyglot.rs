//! A recording that is also a page.

use super::upload::{PATH, id, tidy, upload};
use crate::lab::Lab;
use crate::material::polyglot;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::Request;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A2-6.polyglot",
        finding: "A2-6",
        title: "A recording that is also a page does not run as one",
        severity: Severity::High,
        asvs: "3.2.1",
        cwe: 79,
        expected: "A WAV with a page inside is taken, or refused with 415. Downloaded it is an attachment, nosniff, under a \
                   policy with sandbox; played it is audio/*, nosniff; never text/html.",
        help: "The type that is sent comes from the decoder, not from the upload; downloads are attachments.",
        weakened_by: "A2-6",
        writes: true,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let token = lab.token(2).await?;
    let plain = upload(lab, &token, "prove.wav", &crate::material::wav()).await?;
    tidy(lab, &token, &plain).await;
    found.control(plain.status == 201, || format!("a second of sound as prove.wav: {}", plain.brief()))?;
    let answer = upload(lab, &token, "page.html.wav", &polyglot()).await?;
    let Some(id) = id(&answer) else {
        found.check(matches!(answer.status, 400 | 415), || format!("the upload: {}", answer.brief()));
        return Ok(());
    };
    for (query, saved) in [("?download=1", true), ("", false)] {
        let got = lab.send(&Request::get(&format!("{PATH}/{id}/audio{query}")).bearer(&token)).await?;
        found.check(got.ok(), || format!("GET audio{query}: {}", got.brief()));
        let media = got.header("content-type").unwrap_or("").to_owned();
        found.check(media.starts_with("audio/"), || format!("GET audio{query}: Content-Type: {media}"));
        let sniff = got.header("x-content-type-options").unwrap_or("");
        found.check(sniff == "nosniff", || format!("GET audio{query}: may be sniffed"));
        let policy = got.all("content-security-policy").collect::<Vec<_>>().join("; ");
        found.check(policy.contains("default-src 'none'"), || format!("GET audio{query}: {policy}"));
        if saved {
            let kind = got.header("content-disposition").unwrap_or("");
            found.check(kind.starts_with("attachment"), || format!("the download is {kind:?}"));
            found.check(policy.contains("sandbox"), || "the download's policy has no sandbox".to_owned());
        }
    }
    tidy(lab, &token, &answer).await;
    Ok(())
}
