//! What went wrong inside is told to nobody, or to everybody.

use super::upload::upload;
use crate::instance::Bench;
use crate::leak;
use crate::material::wav;
use crate::rule::{Findings, RuleInfo, Severity, StartRule, Stop};
use crate::wire::Request;

pub(crate) static RULE: StartRule = StartRule {
    info: RuleInfo {
        id: "A1-M5.lookup",
        finding: "A1-M5",
        title: "An administrator finds the cause of a failure by its id, and nobody else does",
        severity: Severity::Medium,
        asvs: "16.5.1",
        cwe: 209,
        expected: "An upload while the recordings' folder is a file: 5xx with an id and nothing of the inside. GET \
                   /api/admin/errors/{id}: 200 with a cause for the owner with a second factor, 401 for nobody, 403 for a \
                   member, for the owner's password alone and for an API key, 404 for an id of nothing.",
        help: "Keep the cause under the correlation id; hand it to administrators who have just confirmed who they are.",
        weakened_by: "A1-M5.lookup",
        writes: false,
    },
    trial: |bench, found| Box::pin(trial(bench, found)),
};

async fn trial(bench: &Bench, found: &mut Findings) -> Result<(), Stop> {
    let instance = bench.start(&[]).await?;
    let (lab, owner) = (&instance.lab, &instance.owner);
    let token = lab.take_token(0).await?;
    let media = instance.data().join("media");
    // It may not be there before the first recording is.
    let _ = std::fs::remove_dir_all(&media);
    std::fs::write(&media, "no folder").map_err(|error| Stop::Unsure(format!("nothing could be broken: {error}")))?;
    let failed = upload(lab, &token, "tone.wav", &wav()).await?;
    let id = failed.header("x-request-id").unwrap_or_default().to_owned();
    found.control(failed.status >= 500 && !id.is_empty(), || {
        format!("an upload to nowhere answers {}", failed.brief())
    })?;
    let shown = leak::find(&failed.text());
    found.check(shown.is_none(), || format!("an upload to nowhere shows {}", shown.unwrap_or_default()));

    let before = lab.pair(owner.account()).await?.access;
    let session = owner.enrol().await?;
    let key = owner.key("monitoring:read").await?;
    let path = format!("/api/admin/errors/{id}");
    let told = lab.send(&Request::get(&path).cookies(&session)).await?;
    let cause = told.member("/cause").unwrap_or_default();
    found.control(told.ok() && !cause.is_empty(), || format!("the owner is answered {}", told.brief()))?;
    for (who, expected, request) in [
        ("nobody", 401, Request::get(&path)),
        ("a member", 403, Request::get(&path).bearer(&token)),
        ("a member whose failure it was, with a session", 403, Request::get(&path).cookies(&lab.session(0).await?)),
        ("the owner's password alone", 403, Request::get(&path).bearer(&before)),
        ("an API key of the owner", 403, Request::get(&path).bearer(&key)),
    ] {
        let answer = lab.send(&request).await?;
        found.check(answer.status == expected && !answer.text().contains(&cause), || {
            format!("the cause, asked for by {who}: {}", answer.brief())
        });
    }
    let nothing = format!("/api/admin/errors/{}", crate::document::NOBODY);
    let answer = lab.send(&Request::get(&nothing).cookies(&session)).await?;
    found.check(answer.status == 404, || format!("the cause of what never happened: {}", answer.brief()));
    Ok(())
}
