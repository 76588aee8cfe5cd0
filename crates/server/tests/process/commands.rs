//! `mindvibe user …` as a person at a terminal and as a script meet it.

use crate::program::{PASSWORD, Program, command, create_user};
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

/// Far above what a person needs: here it is not limits that are looked at.
const NO_LIMIT: &[(&str, &str)] =
    &[("RATE_LIMIT_SIGN_IN_BY_ADDRESS", "1000/60"), ("RATE_LIMIT_SIGN_IN_BY_ACCOUNT", "1000/60")];

/// Runs a command with this on its standard input; its status and what it said.
fn run(data: &Path, arguments: &[&str], input: &str) -> (i32, String) {
    let mut command = command(data);
    let mut child = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    // A command that does not read its input may be gone before it is written.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_out_person_is_helped_beside_a_running_server() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    create_user(&data, &[], "anna@mind.example");
    let program = Program::start(&data, NO_LIMIT);
    let client = reqwest::Client::builder().build().unwrap();
    let log_in = async |password: &str| {
        let body = json!({"email": "anna@mind.example", "password": password});
        client.post(program.url("/auth/login")).json(&body).send().await.unwrap().status().as_u16()
    };
    for _ in 0..5 {
        assert_eq!(log_in("wrong").await, 401);
    }
    assert_eq!(log_in(PASSWORD).await, 401, "locked");
    let (status, said) = run(&data, &["user", "unlock", "--email", "Anna@mind.example", "--format", "json"], "");
    assert_eq!(status, 0, "{said}");
    assert_eq!(serde_json::from_str::<Value>(&said).unwrap()["lifted"], true);
    assert_eq!(log_in(PASSWORD).await, 200);

    let (status, said) =
        run(&data, &["user", "reset-password", "--email", "anna@mind.example", "--format", "json"], "");
    assert_eq!(status, 0, "{said}");
    let link = serde_json::from_str::<Value>(&said).unwrap()["link"].as_str().unwrap().to_owned();
    let token = link.split_once("/reset#").expect("a link to the page").1.to_owned();
    let body = json!({"token": token, "password": "another long sentence, not the first 9"});
    let confirmed = client.post(program.url("/api/auth/password-reset/confirm")).json(&body).send().await.unwrap();
    assert_eq!(confirmed.status(), 200);
    assert_eq!(log_in("another long sentence, not the first 9").await, 200);

    let set = ["user", "reset-password", "--email", "anna@mind.example", "--password-stdin"];
    let (status, said) = run(&data, &set, "short\n");
    assert!(status == 1 && said.contains("password: at least 15"), "{status} {said}");
    let (status, said) = run(&data, &set, &format!("{PASSWORD}\n"));
    assert!(status == 0 && !said.contains(PASSWORD), "{said}");
    assert_eq!(log_in(PASSWORD).await, 200);
    program.kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disabled_account_lets_nobody_in_until_it_is_enabled() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    create_user(&data, &[], "anna@mind.example");
    let program = Program::start(&data, NO_LIMIT);
    let client = program.script("anna@mind.example").await;
    let me = async || client.get(program.url("/auth/profile")).send().await.unwrap().status().as_u16();
    assert_eq!(me().await, 200);
    let user = |what: &str, email: &str| run(&data, &["user", what, "--email", email, "--format", "json"], "");
    let (status, said) = user("disable", "Anna@mind.example");
    assert!(status == 0 && said.contains("\"disabled\""), "{status} {said}");
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(me().await, 401);
    let log_in = async || {
        let body = json!({"email": "anna@mind.example", "password": PASSWORD});
        let client = reqwest::Client::builder().build().unwrap();
        client.post(program.url("/auth/login")).json(&body).send().await.unwrap().status().as_u16()
    };
    assert_eq!(log_in().await, 401);
    assert_eq!(user("disable", "anna@mind.example").0, 0, "once more does nothing");
    assert_eq!((user("enable", "anna@mind.example").0, user("enable", "anna@mind.example").0), (0, 0));
    assert_eq!((log_in().await, me().await), (200, 401), "what was signed in stays out");
    assert_eq!((user("disable", "nobody@mind.example").0, user("enable", "nobody@mind.example").0), (1, 1));
    program.kill();
}

#[test]
fn accounts_are_imported_line_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let hash = "$2b$04$abcdefghijklmnopqrstuuQCzP7jzWZS/E3GL4oF3LWbHm3pfKHH.";
    let lines = [
        json!({"email": "a@mind.example", "password_hash": hash, "display_name": "Ann"}).to_string(),
        String::new(),
        json!({"email": "A@mind.example", "password_hash": hash}).to_string(),
        json!({"email": "b@mind.example", "password_hash": "CANARY-no-hash"}).to_string(),
        "no json CANARY".to_owned(),
    ];
    let (status, said) = run(&data, &["user", "import", "--format", "json"], &lines.join("\n"));
    assert_eq!(status, 1, "some were refused: {said}");
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["imported"], 1);
    let refused: Vec<_> = said["refused"].as_array().unwrap().iter().map(|one| one["line"].as_u64().unwrap()).collect();
    assert_eq!(refused, [3, 4, 5]);
    assert!(!said.to_string().contains("CANARY"), "{said}");
    let (status, said) = run(&data, &["user", "import"], "");
    assert!(status == 0 && said.contains("Took over 0"), "{said}");
}

#[test]
fn every_command_has_an_example_and_three_ways_to_end() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    for name in ["create", "import", "reset-password", "unlock", "disable", "enable"] {
        let (status, said) = run(&data, &["user", name, "--help"], "");
        assert!(status == 0 && said.contains("Example:") && said.contains("--format"), "{said}");
    }
    for arguments in [["user", "unlock", "--email", "nobody@mind.example"], ["user", "reset-password", "--email", "x"]]
    {
        let (status, said) = run(&data, &arguments, "");
        assert!(status == 1 && !said.is_empty(), "{status} {said}");
    }
    assert_eq!(run(&data, &["user", "unlock"], "").0, 2);
    assert_eq!(run(&data, &["user", "evict"], "").0, 2);
}
