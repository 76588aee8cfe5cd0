//! English.

use super::{Language, Words};
use crate::topic::Topic;

pub(super) const LANGUAGE: Language = Language {
    tag: "en",
    greeting: "Hello,",
    closing: "MindVibe. This letter was written by a program; nobody reads the answers to it.",
    words,
    thing,
};

fn thing(what: &str) -> &str {
    match what {
        "totp" => "codes from an authenticator app",
        "backup_codes" => "backup codes",
        other => other,
    }
}

const NOT_YOU: &str = "If this was not you, somebody else may have access: set a new password and sign out everywhere.";

#[expect(clippy::too_many_lines, reason = "one arm a topic, and nothing else")]
fn words(topic: Topic) -> Words {
    match topic {
        Topic::VerifyAddress => Words {
            subject: "Confirm your address",
            before: &["welcome to MindVibe. One step is left: please confirm that this address is yours."],
            links: &["Confirm the address"],
            after: &[
                "The link works once and for 24 hours.",
                "If you did not ask for an account, you need not do anything. Without this step it cannot be used.",
            ],
        },
        Topic::SignUpAttempt => Words {
            subject: "You already have an account",
            before: &[
                "somebody, perhaps you, tried to make an account with this address. You have one already, so nothing \
                 was changed.",
                "If it was you and the password has slipped your mind, you can set a new one.",
            ],
            links: &["Set a new password"],
            after: &["If it was not you, you need not do anything."],
        },
        Topic::Invitation => Words {
            subject: "You are invited to MindVibe",
            before: &["somebody who runs a MindVibe would like you to have an account there."],
            links: &["Make the account"],
            after: &["The invitation works once and for seven days. If you do not want it, let it lapse."],
        },
        Topic::Approved => Words {
            subject: "Your account is ready",
            before: &["your account has been approved. You can sign in now."],
            links: &["Sign in"],
            after: &[],
        },
        Topic::ApprovalWanted => Words {
            subject: "Somebody waits for your approval",
            before: &["{email} has made an account and confirmed the address. It can be used once you approve it."],
            links: &["Look at it"],
            after: &[],
        },
        Topic::PasswordReset => Words {
            subject: "Set a new password",
            before: &["here is the link to set a new password, as it was asked for."],
            links: &["Set a new password"],
            after: &[
                "The link works once and for one hour. Your second factor, if you have one, stays as it is.",
                "If you did not ask for it, you need not do anything. Your password stays as it is.",
            ],
        },
        Topic::PasswordChanged => Words {
            subject: "Your password was changed",
            before: &[
                "the password of your account was changed, and everything that was signed in was signed out.",
                NOT_YOU,
            ],
            links: &[],
            after: &[],
        },
        Topic::PasswordBreached => Words {
            subject: "Please choose another password",
            before: &[
                "the password you just signed in with stands on the lists that are tried first when somebody guesses. \
                 Please choose another one soon.",
            ],
            links: &["Set a new password"],
            after: &[],
        },
        Topic::Locked => Words {
            subject: "Your account is locked for a while",
            before: &[
                "there were too many wrong sign-ins, so your account takes none for a while. It opens again by itself.",
                "When: {when}. Wrong tries: {tries}. From: {address}. With: {device}.",
                "If it was you, you can open it now. If it was not, your password was not found out; to be on the safe \
                 side you can sign out everywhere and set a new one.",
            ],
            links: &["Open my account", "It was not me"],
            after: &["Each link works once and for one hour."],
        },
        Topic::NewDevice => Words {
            subject: "A new sign-in",
            before: &[
                "somebody signed in to your account with a device that was not seen before.",
                "When: {when}. From: {network}. With: {device}.",
                "If it was you, all is well.",
            ],
            links: &["It was not me"],
            after: &["The link signs out everywhere and starts a new password. It works once and for seven days."],
        },
        Topic::SuspiciousSession => Words {
            subject: "Something looks odd about a sign-in",
            before: &[
                "a place where you are signed in suddenly looks like another device. From: {network}. With: {device}.",
                "If you have just changed your browser, all is well.",
            ],
            links: &["It was not me"],
            after: &["The link signs out everywhere and starts a new password. It works once and for seven days."],
        },
        Topic::BackupCodeUsed => Words {
            subject: "A backup code was used",
            before: &[
                "somebody signed in to your account with one of your backup codes. So many are left: {left}.",
                NOT_YOU,
            ],
            links: &[],
            after: &[],
        },
        Topic::SecondFactorOn => Words {
            subject: "A second factor was switched on",
            before: &["your account now asks for a second factor: {what}.", NOT_YOU],
            links: &[],
            after: &[],
        },
        Topic::SecondFactorOff => Words {
            subject: "A second factor was switched off",
            before: &["your account no longer asks for this second factor: {what}.", NOT_YOU],
            links: &[],
            after: &[],
        },
        Topic::PasskeyAdded => Words {
            subject: "A passkey was added",
            before: &["a passkey was added to your account: {name}.", NOT_YOU],
            links: &[],
            after: &[],
        },
        Topic::PasskeyRemoved => Words {
            subject: "A passkey was removed",
            before: &["a passkey was removed from your account: {name}.", NOT_YOU],
            links: &[],
            after: &[],
        },
        Topic::RefreshReused => Words {
            subject: "A device was signed out",
            before: &[
                "an app presented a key that had been used before. This happens when a key is copied, so that app was \
                 signed out. If it is yours, sign in there again.",
                NOT_YOU,
            ],
            links: &[],
            after: &[],
        },
        Topic::ApiKeyExpires => Words {
            subject: "An API key ends soon",
            before: &[
                "your API key {name} ends at {when}. Days left: {days}. Renew it before then if you still need it.",
            ],
            links: &[],
            after: &[],
        },
        Topic::ApiKeyLeaked => Words {
            subject: "An API key was found in the open",
            before: &[
                "your API key {name} was found where others could see it. It was made void at once. Make a new one.",
            ],
            links: &[],
            after: &[],
        },
        Topic::CredentialInUrl => Words {
            subject: "A sign-in was ended for safety",
            before: &[
                "a program sent one of your keys as part of an address, or over a connection that is not encrypted. \
                 Others may have read it there, so that key was made void at once. Sign in again there, and have the \
                 program send its key in a header, by https.",
            ],
            links: &[],
            after: &[],
        },
        Topic::ProviderConnected => Words {
            subject: "Another way to sign in was connected",
            before: &["your account can now also be used by signing in with {provider}.", NOT_YOU],
            links: &[],
            after: &[],
        },
        Topic::ProviderRemoved => Words {
            subject: "A way to sign in was disconnected",
            before: &["your account can no longer be used by signing in with {provider}.", NOT_YOU],
            links: &[],
            after: &[],
        },
    }
}
