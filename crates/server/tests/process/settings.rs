//! Starts that must not happen, and what they say.

use crate::program::command;

const SECRET: &str = "k3yThatIsLongEnough-9f81c2aa7be04d55";

#[test]
fn half_configured_production_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |settings: &[(&str, &str)]| {
        let mut command = command(&folder.path().join("data"));
        command.env_remove("ENVIRONMENT").envs(settings.iter().copied()).arg("serve");
        let output = command.output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let url = ("PUBLIC_URL", "https://mind.example");
    for (settings, names) in [
        (vec![], "PUBLIC_URL"),
        (vec![url], "SECRET_KEY"),
        (vec![url, ("SECRET_KEY", "changeme")], "SECRET_KEY"),
        (vec![url, ("SECRET_KEY", "your-secret-key-change-in-production-0000")], "SECRET_KEY"),
        (vec![url, ("SECRET_KEY", "0123456789012345678901234567890")], "SECRET_KEY"),
        (vec![url, ("ALLOW_INSECURE_SESSION_AUTH", "true")], "ALLOW_INSECURE_SESSION_AUTH"),
        (vec![("PUBLIC_URL", "http://mind.example")], "PUBLIC_URL"),
        (vec![url, ("SECRET_KEY", SECRET), ("SMTP_URL", "smtps://mail.example.org")], "MAIL_FROM"),
        (vec![url, ("SECRET_KEY", SECRET), ("SMTP_HOST", "mail.example.org"), ("MAIL_FROM", "nobody")], "MAIL_FROM"),
        (vec![url, ("SECRET_KEY", SECRET), ("PASSWORD_MODE", "none")], "PASSWORD_MODE"),
        (vec![url, ("SECRET_KEY", SECRET), ("REGISTRATION", "anybody")], "REGISTRATION"),
        (vec![url, ("SECRET_KEY", SECRET), ("SECRET_KEY_PREVIOUS", SECRET)], "SECRET_KEY_PREVIOUS"),
        (vec![url, ("SECRET_KEY", SECRET), ("CORS_ALLOWED_ORIGINS", "https://b.example/")], "CORS_ALLOWED_ORIGINS"),
        (vec![url, ("SECRET_KEY", SECRET), ("CORS_ALLOWED_ORIGINS", "http://localhost:3000")], "CORS_ALLOWED_ORIGINS"),
        (vec![("PUBLIC_URL", "http://localhost:8080"), ("SECRET_KEY", SECRET)], "PUBLIC_URL"),
        (vec![url, ("SECRET_KEY", SECRET), ("DB_SSL_MODE", "require-no-verify")], "DB_SSL_MODE"),
        (
            vec![url, ("SECRET_KEY", SECRET), ("DATABASE_URL", "postgres://u:CANARY@db.invalid/x?sslmode=require")],
            "DATABASE_URL",
        ),
        (vec![url, ("SECRET_KEY", SECRET), ("LISTEN_ADDR", "0.0.0.0:8080")], "LISTEN_ADDR"),
        (vec![url, ("SECRET_KEY", SECRET), ("TLS_CERT_FILE", "chain.pem")], "TLS_KEY_FILE"),
        (
            vec![url, ("SECRET_KEY", SECRET), ("TLS_CERT_FILE", "/no/chain.pem"), ("TLS_KEY_FILE", "/no/key.pem")],
            "TLS_CERT_FILE",
        ),
        (vec![url, ("SECRET_KEY", SECRET), ("TLS_MODE", "acme")], "ACME_TERMS_AGREED"),
        (vec![url, ("MINDVIBE_CONFIG", "/nowhere.env")], "MINDVIBE_CONFIG"),
    ] {
        let (status, said) = refused(&settings);
        assert_eq!(status, 78, "{said}");
        assert!(said.contains("CRITICAL") && said.contains(names) && !said.contains("CANARY"), "{said}");
        assert_eq!(said.lines().filter(|line| line.contains("CRITICAL")).count(), 1, "{said}");
    }
}

#[test]
fn a_database_opens_in_its_own_environment_only() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    crate::program::create_user(&data, &[("SECRET_KEY", SECRET)], "a@mind.example");
    let mut production = command(&data);
    production.env("ENVIRONMENT", "production").env("PUBLIC_URL", "https://mind.example").env("SECRET_KEY", SECRET);
    let output = production.arg("serve").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(said.contains("CRITICAL") && said.contains("ENVIRONMENT") && said.contains("development"), "{said}");
}

#[test]
fn another_secret_does_not_open_the_key_store() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    crate::program::create_user(&data, &[], "a@mind.example");
    let secret = ("SECRET_KEY", "another-k3y-9f81c2aa7be04d55-wUopLxVn");
    let output = command(&data).env(secret.0, secret.1).arg("migrate").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("SECRET_KEY_PREVIOUS") && !said.contains(secret.1), "{said}");
    let old = std::fs::read_to_string(data.join("secret.key")).unwrap();
    let rotated =
        command(&data).env(secret.0, secret.1).env("SECRET_KEY_PREVIOUS", old).arg("migrate").output().unwrap();
    assert!(rotated.status.success(), "{}", String::from_utf8_lossy(&rotated.stderr));
}

#[test]
fn the_address_of_a_database_is_told_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let url = "postgres://mind:CANARY-pass@127.0.0.1:1/mind";
    let output = command(&folder.path().join("data"))
        .env("DATABASE_URL", url)
        .env("LOG_LEVEL", "trace")
        .arg("serve")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success());
    assert!(!said.contains("CANARY"), "{said}");
}
