//! German, with the familiar "du", as the client speaks.

use super::{Language, Words};
use crate::topic::Topic;

pub(super) const LANGUAGE: Language = Language {
    tag: "de",
    greeting: "Hallo,",
    closing: "MindVibe. Diesen Brief hat ein Programm geschrieben; Antworten darauf liest niemand.",
    words,
    thing,
};

fn thing(what: &str) -> &str {
    match what {
        "totp" => "Codes aus einer Authenticator-App",
        "backup_codes" => "Ersatzcodes",
        other => other,
    }
}

const NOT_YOU: &str = "Falls du das nicht warst, hat vielleicht jemand anderes Zugang: Setze ein neues Passwort und melde dich überall ab.";

#[expect(clippy::too_many_lines, reason = "one arm a topic, and nothing else")]
fn words(topic: Topic) -> Words {
    match topic {
        Topic::VerifyAddress => Words {
            subject: "Bestätige deine Adresse",
            before: &[
                "willkommen bei MindVibe. Ein Schritt fehlt noch: Bitte bestätige, dass diese Adresse dir gehört.",
            ],
            links: &["Adresse bestätigen"],
            after: &[
                "Der Link gilt einmal und 24 Stunden lang.",
                "Falls du kein Konto wolltest, brauchst du nichts zu tun. Ohne diesen Schritt kann es niemand benutzen.",
            ],
        },
        Topic::SignUpAttempt => Words {
            subject: "Du hast schon ein Konto",
            before: &[
                "jemand, vielleicht du, wollte mit dieser Adresse ein Konto anlegen. Du hast schon eines, deshalb wurde \
                 nichts geändert.",
                "Falls du es warst und das Passwort nicht mehr weißt, kannst du ein neues setzen.",
            ],
            links: &["Neues Passwort setzen"],
            after: &["Falls du es nicht warst, brauchst du nichts zu tun."],
        },
        Topic::Invitation => Words {
            subject: "Du bist zu MindVibe eingeladen",
            before: &["jemand, der ein MindVibe betreibt, möchte dir dort ein Konto geben."],
            links: &["Konto anlegen"],
            after: &["Die Einladung gilt einmal und sieben Tage lang. Wenn du sie nicht willst, lass sie verfallen."],
        },
        Topic::Approved => Words {
            subject: "Dein Konto ist bereit",
            before: &["dein Konto wurde freigegeben. Du kannst dich jetzt anmelden."],
            links: &["Anmelden"],
            after: &[],
        },
        Topic::ApprovalWanted => Words {
            subject: "Jemand wartet auf deine Freigabe",
            before: &[
                "{email} hat ein Konto angelegt und die Adresse bestätigt. Es ist benutzbar, sobald du es freigibst.",
            ],
            links: &["Ansehen"],
            after: &[],
        },
        Topic::PasswordReset => Words {
            subject: "Neues Passwort setzen",
            before: &["hier ist der Link für ein neues Passwort, um den gebeten wurde."],
            links: &["Neues Passwort setzen"],
            after: &[
                "Der Link gilt einmal und eine Stunde lang. Dein zweiter Faktor, falls du einen hast, bleibt, wie er ist.",
                "Falls du nicht darum gebeten hast, brauchst du nichts zu tun. Dein Passwort bleibt, wie es ist.",
            ],
        },
        Topic::PasswordChanged => Words {
            subject: "Dein Passwort wurde geändert",
            before: &[
                "das Passwort deines Kontos wurde geändert, und alles, was angemeldet war, wurde abgemeldet.",
                NOT_YOU,
            ],
            links: &[],
            after: &[],
        },
        Topic::PasswordBreached => Words {
            subject: "Bitte wähle ein anderes Passwort",
            before: &[
                "das Passwort, mit dem du dich gerade angemeldet hast, steht auf den Listen, die beim Raten zuerst \
                 probiert werden. Bitte wähle bald ein anderes.",
            ],
            links: &["Neues Passwort setzen"],
            after: &[],
        },
        Topic::Locked => Words {
            subject: "Dein Konto ist für eine Weile gesperrt",
            before: &[
                "es gab zu viele falsche Anmeldungen, deshalb nimmt dein Konto eine Weile keine an. Es öffnet sich von \
                 selbst wieder.",
                "Wann: {when}. Falsche Versuche: {tries}. Von: {address}. Mit: {device}.",
                "Falls du es warst, kannst du es jetzt öffnen. Falls nicht: Dein Passwort wurde nicht gefunden; um \
                 sicherzugehen, kannst du dich überall abmelden und ein neues setzen.",
            ],
            links: &["Mein Konto öffnen", "Das war ich nicht"],
            after: &["Jeder Link gilt einmal und eine Stunde lang."],
        },
        Topic::NewDevice => Words {
            subject: "Eine neue Anmeldung",
            before: &[
                "jemand hat sich bei deinem Konto mit einem Gerät angemeldet, das noch nie da war.",
                "Wann: {when}. Von: {network}. Mit: {device}.",
                "Falls du es warst, ist alles gut.",
            ],
            links: &["Das war ich nicht"],
            after: &["Der Link meldet überall ab und beginnt ein neues Passwort. Er gilt einmal und sieben Tage lang."],
        },
        Topic::SuspiciousSession => Words {
            subject: "Eine Anmeldung sieht merkwürdig aus",
            before: &[
                "eine Stelle, an der du angemeldet bist, sieht plötzlich wie ein anderes Gerät aus. Von: {network}. Mit: \
                 {device}.",
                "Falls du gerade den Browser gewechselt hast, ist alles gut.",
            ],
            links: &["Das war ich nicht"],
            after: &["Der Link meldet überall ab und beginnt ein neues Passwort. Er gilt einmal und sieben Tage lang."],
        },
        Topic::BackupCodeUsed => Words {
            subject: "Ein Ersatzcode wurde benutzt",
            before: &[
                "jemand hat sich bei deinem Konto mit einem deiner Ersatzcodes angemeldet. Übrig sind: {left}.",
                NOT_YOU,
            ],
            links: &[],
            after: &[],
        },
        Topic::SecondFactorOn => Words {
            subject: "Ein zweiter Faktor wurde eingeschaltet",
            before: &["dein Konto fragt jetzt nach einem zweiten Faktor: {what}.", NOT_YOU],
            links: &[],
            after: &[],
        },
        Topic::SecondFactorOff => Words {
            subject: "Ein zweiter Faktor wurde ausgeschaltet",
            before: &["dein Konto fragt nicht mehr nach diesem zweiten Faktor: {what}.", NOT_YOU],
            links: &[],
            after: &[],
        },
        Topic::PasskeyAdded => Words {
            subject: "Ein Passkey kam hinzu",
            before: &["zu deinem Konto kam ein Passkey hinzu: {name}.", NOT_YOU],
            links: &[],
            after: &[],
        },
        Topic::PasskeyRemoved => Words {
            subject: "Ein Passkey wurde entfernt",
            before: &["von deinem Konto wurde ein Passkey entfernt: {name}.", NOT_YOU],
            links: &[],
            after: &[],
        },
        Topic::RefreshReused => Words {
            subject: "Ein Gerät wurde abgemeldet",
            before: &[
                "eine App hat einen Schlüssel vorgelegt, der schon einmal benutzt war. Das geschieht, wenn ein Schlüssel \
                 kopiert wird; deshalb wurde sie abgemeldet. Wenn es deine ist, melde dich dort neu an.",
                NOT_YOU,
            ],
            links: &[],
            after: &[],
        },
        Topic::ApiKeyExpires => Words {
            subject: "Ein API-Schlüssel läuft bald ab",
            before: &[
                "dein API-Schlüssel {name} endet am {when}. Tage bis dahin: {days}. Erneuere ihn vorher, wenn du ihn noch brauchst.",
            ],
            links: &[],
            after: &[],
        },
        Topic::ApiKeyLeaked => Words {
            subject: "Ein API-Schlüssel wurde offen gefunden",
            before: &[
                "dein API-Schlüssel {name} wurde gefunden, wo andere ihn sehen konnten. Er wurde sofort ungültig. Mache einen neuen.",
            ],
            links: &[],
            after: &[],
        },
        Topic::CredentialInUrl => Words {
            subject: "Eine Anmeldung wurde zur Sicherheit beendet",
            before: &[
                "ein Programm hat einen deiner Schlüssel als Teil einer Adresse oder über eine unverschlüsselte \
                 Verbindung geschickt. Dort können andere ihn gelesen haben, deshalb wurde er sofort ungültig. Melde \
                 dich dort neu an und lass das Programm den Schlüssel in einem Header schicken, über https.",
            ],
            links: &[],
            after: &[],
        },
        Topic::ProviderConnected => Words {
            subject: "Eine weitere Anmeldung wurde verbunden",
            before: &["dein Konto kann jetzt auch über die Anmeldung bei {provider} benutzt werden.", NOT_YOU],
            links: &[],
            after: &[],
        },
        Topic::ProviderRemoved => Words {
            subject: "Eine Anmeldung wurde getrennt",
            before: &["dein Konto kann nicht mehr über die Anmeldung bei {provider} benutzt werden.", NOT_YOU],
            links: &[],
            after: &[],
        },
    }
}
