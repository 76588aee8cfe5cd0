use crate::report::{Report, Status};
use std::fmt::Write as _;

/// `JUnit` XML, as continuous integration reads it. Unknown is an error there, not applicable is skipped.
pub fn junit(report: &Report) -> String {
    let count = |status| report.count(status);
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuite name=\"mindvibe prove\" hostname=\"{}\" timestamp=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">\n",
        escape(&report.target),
        escape(&report.started_at),
        report.rules.len(),
        count(Status::Fail),
        count(Status::Unknown),
        count(Status::NotApplicable),
    );
    for rule in &report.rules {
        let element = match rule.status {
            Status::Pass => None,
            Status::Fail => Some("failure"),
            Status::NotApplicable => Some("skipped"),
            Status::Unknown => Some("error"),
        };
        let (finding, name) = (escape(rule.finding), format!("{} {}", rule.id, escape(&rule.heading())));
        let property = |name: &str, value: &str| format!("      <property name=\"{name}\" value=\"{value}\"/>\n");
        let named =
            [("cwe", format!("CWE-{}", rule.cwe)), ("asvs", rule.asvs.to_owned()), ("owasp", rule.owasp.to_owned())];
        let named: String = named.iter().map(|(name, value)| property(name, &escape(value))).collect();
        let said = element.map(|element| format!("    <{element} message=\"{}\"/>\n", escape(&rule.seen)));
        let seconds = format!("{}.{:03}", rule.duration_ms / 1000, rule.duration_ms % 1000);
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "  <testcase classname=\"{finding}\" name=\"{name}\" time=\"{seconds}\">\n    <properties>\n{named}    </properties>\n{}  </testcase>\n",
            said.unwrap_or_default(),
        );
    }
    text.push_str("</testsuite>\n");
    text
}

/// Attribute text; characters that XML 1.0 has no way to write become a question mark.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            letter if letter.is_control() => out.push('?'),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::sample::report;

    #[test]
    fn it_reads_like_this() {
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="mindvibe prove" hostname="http://127.0.0.1:8080" timestamp="2026-11-21T10:00:00Z" tests="5" failures="1" errors="1" skipped="1">
  <testcase classname="A1-C1" name="A1-C1 A title" time="1.204">
    <properties>
      <property name="cwe" value="CWE-352"/>
      <property name="asvs" value="3.5.1"/>
      <property name="owasp" value="A01:2025"/>
    </properties>
  </testcase>
  <testcase classname="A1-C4" name="A1-C4.cookie-only A title" time="1.204">
    <properties>
      <property name="cwe" value="CWE-352"/>
      <property name="asvs" value="3.5.1"/>
      <property name="owasp" value="A01:2025"/>
    </properties>
    <failure message="POST /a &amp; &lt;b&gt;: 200"/>
  </testcase>
  <testcase classname="A1-H2" name="A1-H2 A title" time="1.204">
    <properties>
      <property name="cwe" value="CWE-352"/>
      <property name="asvs" value="3.5.1"/>
      <property name="owasp" value="A01:2025"/>
    </properties>
    <skipped message="read-only"/>
  </testcase>
  <testcase classname="A2-4" name="A2-4.start A title (start: this program, not the target)" time="1.204">
    <properties>
      <property name="cwe" value="CWE-352"/>
      <property name="asvs" value="3.5.1"/>
      <property name="owasp" value="A01:2025"/>
    </properties>
  </testcase>
  <testcase classname="A2-6" name="A2-6 A title" time="1.204">
    <properties>
      <property name="cwe" value="CWE-352"/>
      <property name="asvs" value="3.5.1"/>
      <property name="owasp" value="A01:2025"/>
    </properties>
    <error message="no accounts"/>
  </testcase>
</testsuite>
"#;
        assert_eq!(super::junit(&report()), expected);
        assert_eq!(super::escape("a\u{1b}\"b"), "a?&quot;b");
    }
}
