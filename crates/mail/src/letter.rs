//! A letter: its words put together, as plain text and as HTML.

use crate::locale::Locale;
use crate::topic::Topic;

/// A letter, ready to be put into an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// One line.
    pub subject: String,
    /// For whoever reads plain text.
    pub text: String,
    /// The same for whoever reads HTML. No image, no script, nothing fetched from anywhere.
    pub html: String,
}

impl Letter {
    /// Writes a letter. `values` fill the places in braces that the topic names; `links` go to its buttons, in order.
    /// A value is text and nothing else: line breaks and control characters become spaces, HTML is escaped.
    pub fn write(locale: Locale, topic: Topic, values: &[(&str, &str)], links: &[&str]) -> Self {
        let words = (locale.0.words)(topic);
        let values: Vec<(&str, String)> = values
            .iter()
            .map(|(name, value)| (*name, one_line(if *name == "what" { (locale.0.thing)(value) } else { value })))
            .collect();
        let paragraph = |text: &str| fill(text, &values);
        let mut text = vec![locale.0.greeting.to_owned()];
        let mut html = vec![format!("<p>{}</p>", escape(locale.0.greeting))];
        let mut say = |sentences: &str| {
            html.push(format!("<p>{}</p>", escape(sentences)));
            text.push(sentences.to_owned());
        };
        for sentences in words.before {
            say(&paragraph(sentences));
        }
        for (label, link) in words.links.iter().zip(links) {
            html.push(format!("<p><a href=\"{}\">{}</a></p>", escape(link), escape(label)));
            text.push(format!("{label}:\n{}", one_line(link)));
        }
        for sentences in words.after {
            let sentences = paragraph(sentences);
            html.push(format!("<p>{}</p>", escape(&sentences)));
            text.push(sentences);
        }
        html.push(format!("<p>{}</p>", escape(locale.0.closing)));
        text.push(locale.0.closing.to_owned());
        let subject = fill(words.subject, &values);
        let html = format!(
            "<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\"><title>{}</title></head>\n<body>\n{}\n</body></html>\n",
            locale.0.tag,
            escape(&subject),
            html.join("\n")
        );
        Self { subject, text: text.join("\n\n") + "\n", html }
    }
}

/// Puts the values into their places, once: what looks like a place inside a value stays as it is.
fn fill(text: &str, values: &[(&str, String)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        if let Some((_, value)) = values.iter().find(|(known, _)| *known == name) {
            out.push_str(value);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::languages::LANGUAGES;

    fn places(text: &str) -> Vec<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
    }

    #[test]
    fn every_language_says_the_same_things() {
        for topic in Topic::ALL {
            let named = |language: &crate::languages::Language| {
                let words = (language.words)(topic);
                let mut all: Vec<&str> =
                    words.before.iter().chain(words.after).flat_map(|sentences| places(sentences)).collect();
                all.sort_unstable();
                all.dedup();
                (all, words.links.len())
            };
            for language in &LANGUAGES[1..] {
                assert_eq!(named(language), named(&LANGUAGES[0]), "{topic:?} in {}", language.tag);
            }
        }
        for language in LANGUAGES {
            let mut subjects: Vec<_> = Topic::ALL.iter().map(|topic| (language.words)(*topic).subject).collect();
            subjects.sort_unstable();
            subjects.dedup();
            assert_eq!(subjects.len(), Topic::ALL.len(), "{}: each topic has a subject of its own", language.tag);
        }
    }

    #[test]
    fn no_place_is_left_empty_and_every_link_is_there_in_both_forms() {
        let values: Vec<(&str, &str)> =
            ["when", "tries", "address", "device", "network", "left", "what", "name", "days", "provider", "email"]
                .map(|name| (name, "VALUE"))
                .to_vec();
        for locale in Locale::all() {
            for topic in Topic::ALL {
                let letter = Letter::write(locale, topic, &values, &["https://a.example/1", "https://a.example/2"]);
                assert!(!letter.text.contains(['{', '}']), "{}", letter.text);
                let words = (locale.0.words)(topic);
                for at in 1..=words.links.len() {
                    let link = format!("https://a.example/{at}");
                    assert!(letter.text.contains(&link) && letter.html.contains(&format!("href=\"{link}\"")));
                }
                assert!(words.links.len() <= 2 && !letter.subject.contains(['\n', '\r']));
            }
        }
    }

    #[test]
    fn a_value_is_text_and_nothing_else() {
        let hostile = "<b>x</b>\r\nBcc: victim@example.org {address} \"'&";
        let letter = Letter::write(Locale::of("en"), Topic::PasskeyAdded, &[("name", hostile)], &[]);
        assert!(letter.html.contains("&lt;b&gt;x&lt;/b&gt;") && !letter.html.contains("<b>"));
        assert!(letter.text.contains("<b>x</b>  Bcc: victim@example.org {address}"), "{}", letter.text);
        assert!(!letter.text.contains("\nBcc"));
    }
}
