//! What travels in the clear.

use crate::instance::{Bench, Encrypted};
use crate::material::hello;
use crate::rule::{Findings, RuleInfo, Severity, StartRule, Stop};
use crate::wire::Request;

pub(crate) static RULE: StartRule = StartRule {
    info: RuleInfo {
        id: "A2-10.https",
        finding: "A2-10",
        title: "In the clear there is nothing but the way to the encrypted address",
        severity: Severity::High,
        asvs: "4.1.2",
        cwe: 319,
        expected: "Over http, pages answer 308 to the same path of PUBLIC_URL; the API answers 403 https_required and never \
                   redirects, whatever X-Forwarded-Proto or Forwarded say; a token or a session seen there is dead afterwards. \
                   Over https, HSTS of a year or more; TLS 1.1, CBC and RSA key exchange are refused.",
        help: "Refuse before the credential is looked at, and revoke it: whoever listened has it.",
        weakened_by: "A2-10.https",
        writes: false,
    },
    trial: |bench, found| Box::pin(trial(bench, found)),
};

const PROFILE: &str = "/auth/profile";
const ME: &str = "/api/auth/me";

async fn trial(bench: &Bench, found: &mut Findings) -> Result<(), Stop> {
    let encrypted = bench.start_encrypted().await?;
    let page = encrypted.instance.lab.send(&Request::get("/")).await?;
    found.control(page.ok(), || format!("the page over https answers {}", page.brief()))?;
    let lasting = page.header("strict-transport-security").unwrap_or("");
    let age = lasting.split(';').find_map(|part| part.trim().strip_prefix("max-age=")?.parse::<u64>().ok());
    found.check(age.is_some_and(|age| age >= 31_536_000), || format!("Strict-Transport-Security: {lasting}"));
    pages(&encrypted, found).await?;
    api(&encrypted, found).await?;
    credentials(&encrypted, found).await?;
    protocols(&encrypted, found).await
}

async fn pages(encrypted: &Encrypted, found: &mut Findings) -> Result<(), Stop> {
    let Encrypted { instance, clear, .. } = encrypted;
    for (method, path) in [("GET", "/"), ("HEAD", "/"), ("GET", "/journal?from=2026"), ("GET", "/sign-in")] {
        let answer = clear.send(&Request::new(method, path).header("Host", "evil.test")).await?;
        let wanted = format!("{}{path}", instance.url);
        let sent = answer.status == 308 && answer.header("location") == Some(wanted.as_str());
        found.check(sent, || {
            let location = answer.header("location").unwrap_or("nowhere");
            format!("{method} {path} over http answers {} to {location}", answer.brief())
        });
    }
    Ok(())
}

async fn api(encrypted: &Encrypted, found: &mut Findings) -> Result<(), Stop> {
    let forged = [
        ("X-Forwarded-Proto", "https"),
        ("Forwarded", "for=127.0.0.1;proto=https"),
        ("X-Forwarded-Ssl", "on"),
        ("Front-End-Https", "on"),
    ];
    let mut requests = vec![
        Request::get(ME),
        Request::get("/openapi.json"),
        Request::get("/api/nowhere"),
        Request::post("/").same_origin(),
        Request::post("/api/auth/login").same_origin().content("application/json", b"{}".to_vec()),
        Request::post("/auth/login").content("application/json", b"{}".to_vec()),
    ];
    requests.extend(
        forged.map(|(name, value)| Request::get(ME).header("X-Forwarded-For", "127.0.0.1").header(name, value)),
    );
    for request in requests {
        let answer = encrypted.clear.send(&request).await?;
        let refused = answer.is(403, "https_required") && answer.header("location").is_none();
        found.check(refused, || format!("{} over http answers {}", request.line(), answer.brief()));
    }
    Ok(())
}

async fn credentials(encrypted: &Encrypted, found: &mut Findings) -> Result<(), Stop> {
    let Encrypted { instance, clear, .. } = encrypted;
    let lab = &instance.lab;
    let pair = lab.pair(&lab.account(0).await?).await?;
    let with_token = Request::get(PROFILE).bearer(&pair.access);
    let served = lab.send(&with_token).await?;
    found.control(served.ok(), || format!("an access token over https answers {}", served.brief()))?;
    let refused = clear.send(&with_token).await?;
    found.check(refused.is(403, "https_required"), || format!("a token over http answers {}", refused.brief()));
    let after = lab.send(&with_token).await?;
    found.check(after.status == 401, || format!("the same token afterwards over https answers {}", after.brief()));

    let (session, _) = lab.sign_in(1).await?;
    let with_cookie = Request::get(ME).cookies(&session);
    let served = lab.send(&with_cookie).await?;
    found.control(served.ok(), || format!("a session over https answers {}", served.brief()))?;
    let refused = clear.send(&with_cookie).await?;
    found.check(refused.is(403, "https_required"), || format!("a session over http answers {}", refused.brief()));
    let after = lab.send(&with_cookie).await?;
    found.check(after.status == 401, || format!("the same session afterwards over https answers {}", after.brief()));
    Ok(())
}

async fn protocols(encrypted: &Encrypted, found: &mut Findings) -> Result<(), Stop> {
    let good = hello::taken(encrypted.port, hello::GOOD).await?;
    found.control(good, || "TLS 1.2 with a good cipher is refused".to_owned())?;
    for (name, hello) in hello::WEAK {
        let taken = hello::taken(encrypted.port, *hello).await?;
        found.check(!taken, || format!("{name} is spoken"));
    }
    Ok(())
}
