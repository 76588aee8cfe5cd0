//! Which paths only a scanner asks for.
//!
//! Judged are paths that lead nowhere, and by whole segments: no word within a word counts, so `/generate`, `/rating` and
//! `/environment` are what they say.

use percent_encoding::percent_decode_str;

/// Segments, one after the other, that stand in no path of ours and in nobody's typing errors.
const PROBES: &[&[&str]] = &[
    &["wp-admin"],
    &["wp-content"],
    &["wp-includes"],
    &["wp-json"],
    &["phpmyadmin"],
    &["pma"],
    &["adminer"],
    &["cgi-bin"],
    &["actuator"],
    &["jolokia"],
    &["server-status"],
    &["server-info"],
    &["hnap1"],
    &["boaform"],
    &["gponform"],
    &["jmx-console"],
    &["web-inf"],
    &["meta-inf"],
    &["_profiler"],
    &["_ignition"],
    &["id_rsa"],
    &["etc", "passwd"],
    &["etc", "shadow"],
    &["proc", "self"],
    &["manager", "html"],
    &["solr", "admin"],
    &["vendor", "phpunit"],
    &["telescope", "requests"],
    &["owa", "auth"],
    &["remote", "login"],
];

/// Endings of files that are run or kept by servers of another kind.
const ENDINGS: &[&str] =
    &["php", "php5", "phtml", "asp", "aspx", "ashx", "jsp", "jspx", "cgi", "cfm", "bak", "sql", "pem"];

/// What browsers, search engines and programs of good will ask every server for.
const CUSTOMARY: &[&str] = &["favicon.ico", "robots.txt", "sitemap.xml", "ads.txt", "humans.txt", "browserconfig.xml"];

/// Whether it is asked for by custom, and says nothing about whoever asks.
pub(crate) fn is_customary(path: &str) -> bool {
    let path = path.trim_start_matches('/');
    CUSTOMARY.contains(&path) || path.starts_with(".well-known/") || path.starts_with("apple-touch-icon")
}

/// Whether only a scanner asks for it.
pub(crate) fn is_probe(path: &str) -> bool {
    let segments: Vec<String> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy().to_ascii_lowercase())
        .collect();
    if kernel::weaken::is("O-6") {
        // As the audited filter did it: letters anywhere.
        return ["rat", "env", "git", "admin"].iter().any(|letters| path.contains(letters));
    }
    let listed = PROBES.iter().any(|probe| segments.windows(probe.len()).any(|window| window == *probe));
    listed || segments.iter().any(|segment| is_hidden(segment)) || segments.last().is_some_and(|last| is_foreign(last))
}

/// A hidden file or folder (`.git`, `.env.local`), or a step upwards.
fn is_hidden(segment: &str) -> bool {
    // A backslash is a separator elsewhere.
    let hidden = |part: &str| part.starts_with('.') && part != "." && part != ".well-known";
    segment.split(['\\', '/']).any(hidden)
}

fn is_foreign(segment: &str) -> bool {
    segment.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_scanners_ask_for_is_known() {
        for path in [
            "/.git/config",
            "/.env",
            "/api/.env.local",
            "/.aws/credentials",
            "/wp-admin/setup-config.php",
            "/WP-Admin/",
            "/xmlrpc.php",
            "/old/index.PHP",
            "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php",
            "/cgi-bin/luci",
            "/actuator/health",
            "/%2e%2e/%2e%2e/etc/passwd",
            "/static/..%5c..%5cwindows",
            "/a/..%2f..%2fb",
            "/backup.sql",
            "/GponForm/diag_Form",
        ] {
            assert!(is_probe(path), "{path}");
        }
    }

    #[test]
    fn what_is_asked_for_by_custom_is_known() {
        for path in ["/favicon.ico", "/robots.txt", "/apple-touch-icon-precomposed.png", "/.well-known/gpc.json"] {
            assert!(is_customary(path) && !is_probe(path), "{path}");
        }
        assert!(!is_customary("/a/favicon.ico") && !is_customary("/wp-login.php"));
    }

    #[test]
    fn a_word_within_a_word_is_no_probe() {
        for path in [
            "/",
            "/generate",
            "/api/journeys/generate",
            "/api/reflections/weekly/regenerate",
            "/api/auth/backup-codes/regenerate",
            "/rate",
            "/api/feedback/rating",
            "/strategy",
            "/environment",
            "/digital-detox",
            "/api/admin/errors/1",
            "/admin/people",
            "/admin",
            "/manager",
            "/etc",
            "/vendor",
            "/proc",
            "/self",
            "/html/manager",
            "/phpmyadmins",
            "/actuators",
            "/spreadsheet",
            "/.well-known/security.txt",
            "/files/report.pdf",
            "/songs/asphalt",
            "/v1.2/sql",
            "/e.g.",
        ] {
            assert!(!is_probe(path), "{path}");
        }
    }
}
