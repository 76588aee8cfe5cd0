//! What a program calls itself, read for two purposes only: a name that its owner recognises, and whether it is still the
//! same one. Nothing is allowed or refused because of a name, which anybody can write.

use std::borrow::Cow;
use std::fmt;

/// Marks of browsers, the more particular before those whose mark they also carry.
const BROWSERS: &[(&str, &str)] = &[
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Chromium/", "Chrome"),
    ("Safari/", "Safari"),
];

/// Marks of systems, in the same order.
const SYSTEMS: &[(&str, &str)] = &[
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
];

/// A browser and a system, without their versions: what stays the same when either is updated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Family {
    program: Cow<'static, str>,
    system: Option<&'static str>,
}

impl Family {
    /// Reads what a program calls itself. A program that is no browser is known by its first word.
    pub(crate) fn of(user_agent: &str) -> Self {
        let named = |marks: &[(&str, &'static str)]| {
            marks.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
        };
        let own = || {
            let word = user_agent.split(['/', ' ', '(']).next().unwrap_or("");
            let letters = word.chars().filter(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(*letter));
            Cow::Owned(letters.take(32).collect())
        };
        Self { program: named(BROWSERS).map_or_else(own, Cow::Borrowed), system: named(SYSTEMS) }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&*self.program, self.system) {
            ("", None) => f.write_str("Unknown program"),
            ("", Some(system)) => f.write_str(system),
            (program, None) => f.write_str(program),
            (program, Some(system)) => write!(f, "{program} on {system}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_people_know() {
        for (text, name) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
                "Safari on macOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0 Mobile/15E148 Safari/604.1",
                "Chrome on iPhone",
            ),
            ("curl/8.5.0", "curl"),
            ("", "Unknown program"),
            ("\u{1b}[31m<script>", "31mscript"),
        ] {
            assert_eq!(Family::of(text).to_string(), name);
        }
    }

    #[test]
    fn an_update_is_the_same_program_and_another_program_is_not() {
        let at = |version| {
            let text = "Mozilla/5.0 (X11; Linux x86_64; rv:1) Gecko/20100101 Firefox/";
            Family::of(&format!("{text}{version}"))
        };
        assert_eq!(at("144.0"), at("145.0"));
        assert_ne!(at("145.0"), Family::of("curl/8.5.0"));
        assert_ne!(Family::of("curl/8.5.0"), Family::of("python-requests/2.32"));
        assert_eq!(Family::of("curl/8.5.0"), Family::of("curl/8.6.0"));
    }
}
