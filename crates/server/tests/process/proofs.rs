//! `mindvibe prove --record`: a proof is kept by the installation that was tried, by no other, and outlives a crash.

use crate::program::{Program, command, create_user};
use serde_json::Value;
use std::path::Path;

const SETTINGS: &[(&str, &str)] = &[("SECURITY_PAGE", "on"), ("RATE_LIMIT_ANONYMOUS", "10000/60")];

/// Tries two rules, of which the second has nothing to go by; status, standard output, standard error.
fn prove(data: &Path, target: &str) -> (i32, String, String) {
    let results = data.join("none.json");
    let results = results.to_str().unwrap();
    let only = ["--only", "A1-H1.ready", "--only", "A1-L1", "--evidence", results, "--record"];
    let output = command(data).args(["prove", "--target", target]).args(only).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

async fn counts(program: &Program) -> Value {
    let client = reqwest::Client::builder().build().unwrap();
    let answer = client.get(program.url("/api/security/summary")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json::<Value>().await.unwrap()["counts"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proof_belongs_to_the_installation_that_was_tried_and_outlives_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let (data, other) = (folder.path().join("data"), folder.path().join("other"));
    create_user(&other, &[], "a@mind.example");
    let program = Program::start(&data, SETTINGS);
    let target = format!("http://localhost:{}", program.port);

    let (status, said, complained) = prove(&other, &target);
    assert!(status == 2 && complained.contains("is not the server of this data"), "{status} {said} {complained}");
    assert_eq!(counts(&program).await["never"], counts(&program).await["rules"], "nothing was kept");

    let (status, said, complained) = prove(&data, &target);
    assert!(status == 0 && said.contains("Kept 2 results"), "{status} {said} {complained}");
    let kept = counts(&program).await;
    assert_eq!((&kept["passed"], &kept["unknown"], &kept["failed"]), (&1.into(), &1.into(), &0.into()), "{kept}");
    program.kill();
    let program = Program::start(&data, SETTINGS);
    assert_eq!(counts(&program).await, kept);
    program.kill();
}

#[test]
fn without_data_there_is_nothing_to_keep_it_in() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(folder.path());
    let output = command.env_remove("DATA_DIR").args(["prove", "--record"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && said.contains("set DATA_DIR"), "{said}");
}
