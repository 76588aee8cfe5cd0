//! `mindvibe init`, `config …` and `doctor` as a person at a terminal and as a script meet them.

use crate::program::{Program, command, create_user};
use serde_json::Value;
use std::path::Path;

const KEY: &str = "k3yThatIsLongEnough-9f81c2aa7be04d55";

/// Runs a command with these settings alone; its status and what it said.
fn run(data: &Path, settings: &[(&str, &str)], arguments: &[&str]) -> (i32, String) {
    let mut command = command(data);
    command.env_remove("ENVIRONMENT").envs(settings.iter().copied());
    let output = command.args(arguments).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

fn json(said: &str) -> Value {
    serde_json::from_str(said).unwrap_or_else(|error| panic!("{error}: {said}"))
}

#[test]
fn what_init_makes_passes_the_check_and_starts() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("etc");
    let dir_text = dir.to_str().unwrap();
    let init = ["init", "--dir", dir_text, "--public-url", "https://mind.example", "--format", "json"];
    let (status, said) = run(folder.path(), &[], &init);
    assert_eq!(status, 0, "{said}");
    assert_eq!(json(&said)["settings"]["new"], true);
    let secret = std::fs::read_to_string(dir.join("secret-key")).unwrap();
    assert!(!said.contains(secret.trim()), "the secret is in its file only");
    let (status, said) = run(folder.path(), &[], &init);
    assert_eq!((status, &json(&said)["secret"]["new"]), (0, &Value::Bool(false)), "{said}");
    assert_eq!(std::fs::read_to_string(dir.join("secret-key")).unwrap(), secret);

    let file = dir.join("mindvibe.env");
    let config = [("MINDVIBE_CONFIG", file.to_str().unwrap())];
    let (status, said) = run(folder.path(), &config, &["config", "check"]);
    assert_eq!(status, 0, "{said}");
    let (status, said) = run(folder.path(), &config, &["config", "check", "--format", "json"]);
    let checked = json(&said);
    assert_eq!((status, &checked["ok"], &checked["environment"]), (0, &Value::Bool(true), &Value::from("production")));
    assert_eq!(checked["settings"]["SECRET_KEY"], "configured");
    assert!(!said.contains(secret.trim()));

    let (status, said) = run(folder.path(), &[], &["init", "--dir", folder.path().join("x").to_str().unwrap()]);
    assert!(status == 1 && said.contains("PUBLIC_URL"), "{status} {said}");
    let program = Program::start(&dir.join("data"), &[("MINDVIBE_CONFIG", config[0].1), ("ENVIRONMENT", "production")]);
    program.kill();
}

#[test]
fn a_check_tells_all_that_is_wrong_and_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let settings = [("SECRET_KEY", "CANARY-changeme"), ("CORS_ALLOWED_ORIGINS", "*")];
    let (status, said) = run(&data, &settings, &["config", "check", "--format", "json"]);
    assert_eq!(status, 1, "{said}");
    let named: Vec<String> = json(&said)["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| problem["setting"].as_str().unwrap().to_owned())
        .collect();
    for name in ["SECRET_KEY", "PUBLIC_URL", "CORS_ALLOWED_ORIGINS"] {
        assert!(named.contains(&name.to_owned()), "{said}");
    }
    assert!(!said.contains("CANARY") && !data.exists(), "{said}");
    let file = folder.path().join("misspelt.env");
    std::fs::write(&file, "PUBLIC_URL=https://mind.example\nTLS_CERT_FLE=x\n").unwrap();
    let settings = [("MINDVIBE_CONFIG", file.to_str().unwrap()), ("SECRET_KEY", KEY)];
    let (status, said) = run(&data, &settings, &["config", "check"]);
    assert!(status == 1 && said.contains("TLS_CERT_FLE"), "{status} {said}");
}

#[test]
fn schema_and_example_are_for_programs_and_people() {
    let folder = tempfile::tempdir().unwrap();
    let (status, said) = run(folder.path(), &[], &["config", "schema", "--format", "json"]);
    assert_eq!((status, &json(&said)["type"]), (0, &Value::from("object")));
    let (status, said) = run(folder.path(), &[], &["config", "example"]);
    assert!(status == 0 && said.contains("PUBLIC_URL=https://mind.example"), "{said}");
    for arguments in [
        vec!["init", "--help"],
        vec!["config", "check", "--help"],
        vec!["config", "schema", "--help"],
        vec!["config", "example", "--help"],
        vec!["doctor", "--help"],
    ] {
        let (status, said) = run(folder.path(), &[], &arguments);
        assert!(status == 0 && said.contains("Example") && said.contains("--format"), "{said}");
    }
    assert_eq!(run(folder.path(), &[], &["config", "chek"]).0, 2);
    assert_eq!(run(folder.path(), &[], &["doctor", "--format", "xml"]).0, 2);
}

#[test]
fn the_doctor_says_what_is_wrong_and_how_to_mend_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    create_user(&data, &[], "a@mind.example");
    // Development on this machine, with nothing around it: nothing is to be mended.
    let (status, said) = run(&data, &[("ENVIRONMENT", "development")], &["doctor", "--format", "json"]);
    assert_eq!((status, &json(&said)["ok"]), (0, &Value::Bool(true)), "{said}");
    let wrong =
        [("ENVIRONMENT", "development"), ("BACKUP_DIR", "/nowhere"), ("REDIS_URL", "redis://:CANARY@127.0.0.1:9")];
    let (status, said) = run(&data, &wrong, &["doctor", "--format", "json"]);
    assert!(status == 1 && !said.contains("CANARY"), "{said}");
    let bad: Vec<Value> = json(&said)["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["state"] == "bad")
        .map(|check| check["check"].clone())
        .collect();
    assert_eq!(bad, ["redis", "backups"], "{said}");
    let (status, said) = run(&data, &wrong, &["doctor"]);
    assert!(status == 1 && said.contains("BAD") && said.contains("mend: "), "{said}");
    let (status, said) = run(&data, &[("SECRET_KEY", "changeme")], &["doctor"]);
    assert!(status == 1 && said.contains("settings"), "{said}");
}
