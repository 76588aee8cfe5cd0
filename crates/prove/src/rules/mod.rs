//! One file a finding; the list, sorted by id.

mod a1_c1;
mod a1_c2;
mod a1_c3;
mod a1_c3_script;
mod a1_c4;
mod a1_c4_login;
mod a1_c5;
mod a1_h1;
mod a1_h2;
mod a1_h2_scanner;
mod a1_h3;
mod a1_h4;
mod a1_h5;
mod a1_h6;
mod a1_h6_writing;
mod a1_h7;
mod a1_h8;
mod a1_l4;
mod a1_l5;
mod a1_l6;
mod a1_m1;
mod a1_m3;
mod a1_m4;
mod a1_m4_cookies;
mod a1_m5;
mod a1_m5_lookup;
mod a1_m6;
mod a1_m6_device;
mod a1_m7;
mod a1_m8;
mod a1_m8_slow;
mod a1_m9;
mod a1_s1;
mod a2_1;
mod a2_10;
mod a2_10_https;
mod a2_11;
mod a2_12;
mod a2_12_most;
mod a2_13;
mod a2_14;
mod a2_15;
mod a2_2;
mod a2_5;
mod a2_6;
mod a2_6_metadata;
mod a2_6_polyglot;
mod a2_7;
mod a2_8;
mod a2_9;
mod checklist;
mod evidence;
mod guesses;
mod malformed;
mod o_6;
mod o_access;
mod o_availability;
mod o_dropped;
mod o_factor;
mod o_install;
mod outages;
mod second_instance;
mod starts;
mod upload;
mod x_asked_again;
mod x_claims;
mod x_codes;
mod x_confusion;
mod x_disabled;
mod x_enrolment;
mod x_fixation;
mod x_isolation;
mod x_key_owner;
mod x_links;
mod x_lock;
mod x_parallel;
mod x_providers;
mod x_reset;
mod x_restart;
mod x_rotation;
mod x_session_ids;
mod x_way_back;

use crate::rule::{AnyRule, EvidenceRule, Rule, StartRule};

/// All rules that attack the target, sorted by id.
pub(crate) static ALL: &[&Rule] = &[
    &a1_c1::RULE,
    &a1_c2::RULE,
    &a1_c3::RULE,
    &a1_c3_script::RULE,
    &a1_c4::CONTROL,
    &a1_c4::COOKIE_AND_BEARER,
    &a1_c4::COOKIE_AND_X_AUTH_UID,
    &a1_c4::COOKIE_ONLY,
    &a1_c4::CROSS_SITE,
    &a1_c4::FOREIGN_ORIGIN,
    &a1_c4_login::RULE,
    &a1_c4::TOKEN_OF_ANOTHER,
    &a1_c5::RULE,
    &a1_h1::RULE,
    &a1_h1::READY,
    &a1_h2::RULE,
    &a1_h2_scanner::NEIGHBOUR,
    &a1_h2_scanner::SCANNER,
    &a1_h2::TRACE,
    &a1_h3::RULE,
    &a1_h4::SIGN_IN,
    &a1_h4::LETTERS,
    &a1_h4::SIGN_UP,
    &a1_h6_writing::RULE,
    &a1_h6::RULE,
    &a1_h7::RULE,
    &a1_h7::TOTP,
    &a1_h8::RULE,
    &a1_l5::RULE,
    &a1_m1::RULE,
    &a2_5::FORGED,
    &a1_m3::RULE,
    &a1_m4_cookies::RULE,
    &a1_m5::RULE,
    &a1_m6::RULE,
    &a1_m6_device::RULE,
    &a1_m7::RULE,
    &a1_m8::RULE,
    &a1_m8_slow::AT_ONCE,
    &a1_m8_slow::CONNECTIONS,
    &a1_m8_slow::SLOW,
    &a1_m9::RULE,
    &a2_1::RULE,
    &second_instance::RULE,
    &a2_10::CACHE,
    &a2_10::EMBEDDER,
    &a2_10::OPENER,
    &a2_10::RESOURCE,
    &a2_10::RULE,
    &a2_10::NO_BANNER,
    &a2_10::AGENT_CLUSTER,
    &a2_10::PERMISSIONS,
    &a2_10::REFERRER,
    &a2_10::TRANSPORT,
    &a2_10::SNIFF,
    &a2_10::PREFETCH,
    &a2_10::FRAME,
    &a2_10::CROSS_DOMAIN,
    &a2_10::FILTER,
    &a2_11::RULE,
    &a2_12::RULE,
    &a2_13::RULE,
    &a2_15::RULE,
    &a2_15::REPLAY,
    &a2_2::RULE,
    &a2_5::RULE,
    &a2_6::RULE,
    &a2_6_metadata::RULE,
    &a2_6_polyglot::RULE,
    &a2_7::RULE,
    &a2_9::RULE,
    &a2_9::ADDRESS,
    &checklist::TOKENS_EXPIRE,
    &checklist::SESSION_AUTH,
    &checklist::ORIGINS,
    &checklist::RATES,
    &checklist::UPLOADS,
    &checklist::ERRORS,
    &checklist::KEYS_EXPIRE,
    &checklist::HEADERS,
    &checklist::SESSIONS,
    &o_access::ISSUED,
    &o_dropped::RULE,
    &o_access::RISING,
    &o_availability::REFRESH,
    &o_availability::SIGN_INS,
    &o_access::ENDED,
    &o_6::RULE,
    &o_factor::RULE,
    &x_key_owner::RULE,
    &x_codes::RULE,
    &x_enrolment::RULE,
    &x_isolation::RULE,
    &x_confusion::RULE,
    &x_asked_again::RULE,
    &x_reset::RULE,
    &x_way_back::RULE,
    &x_fixation::RULE,
    &x_lock::RULE,
    &x_parallel::RULE,
    &x_session_ids::RULE,
    &x_rotation::RULE,
];

/// All rules that start instances of this program, sorted by id.
pub(crate) static STARTS: &[&StartRule] = &[
    &outages::OUTAGE,
    &a1_h1::KEY,
    &a1_h5::CERTIFICATE,
    &starts::DATABASE,
    &o_install::PORTS,
    &a1_l4::RULE,
    &starts::ADDRESS,
    &a1_l6::RULE,
    &starts::ORIGINS,
    &a1_m4::RULE,
    &a1_m5_lookup::RULE,
    &starts::CONNECT,
    &a1_s1::RULE,
    &starts::CEILING,
    &a2_10_https::RULE,
    &a2_12_most::RULE,
    &a2_14::RULE,
    &starts::SOCKETS,
    &starts::EQUAL,
    &starts::SECRETS,
    &outages::SCANNER,
    &a2_8::RULE,
    &checklist::HTTPS,
    &checklist::SECRETS,
    &checklist::LOGS,
    &o_install::FRESH,
    &x_disabled::RULE,
    &x_claims::RULE,
    &x_providers::RULE,
    &x_restart::RULE,
    &x_links::RULE,
];

/// All rules that look up what tests of this build found, sorted by id.
pub(crate) static EVIDENCE: &[&EvidenceRule] = &[
    &evidence::SUBPROCESS,
    &evidence::PUBLIC_ITEMS,
    &evidence::MIGRATIONS,
    &evidence::INDEXES,
    &evidence::FILE_LENGTH,
    &evidence::CONSTANT_SQL,
];

/// All rules of every kind, sorted by id.
pub(crate) fn all() -> Vec<AnyRule> {
    let attacks = ALL.iter().map(|rule| AnyRule::Attack(rule));
    let starts = STARTS.iter().map(|rule| AnyRule::Start(rule));
    let evidence = EVIDENCE.iter().map(|rule| AnyRule::Evidence(rule));
    let mut all: Vec<_> = attacks.chain(starts).chain(evidence).collect();
    all.sort_by_key(|rule| rule.info().id);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::Kind;

    #[test]
    fn ids_are_unique_sorted_and_belong_to_their_finding() {
        assert!(ALL.is_sorted_by_key(|rule| rule.info.id) && STARTS.is_sorted_by_key(|rule| rule.info.id));
        assert!(EVIDENCE.is_sorted_by_key(|rule| rule.info.id));
        let ids: Vec<_> = all().iter().map(|rule| rule.info().id).collect();
        let mut distinct = ids.clone();
        distinct.dedup();
        assert_eq!(ids, distinct);
        for rule in all() {
            let info = rule.info();
            let rest = info.id.strip_prefix(info.finding).unwrap_or("?");
            assert!(rest.is_empty() || rest.starts_with('.'), "{}", info.id);
            for text in [info.title, info.expected, info.help, info.asvs] {
                assert!(!text.is_empty(), "{}", info.id);
            }
            let unseeded = rule.kind() == Kind::Evidence || info.id.ends_with(".second-instance");
            assert_eq!(info.weakened_by.is_empty(), unseeded, "{}", info.id);
            assert_eq!(rule.tests().is_empty(), rule.kind() != Kind::Evidence, "{}", info.id);
        }
    }

    #[test]
    fn the_findings_of_this_version_are_all_covered() {
        let due = "A1-C1 A1-C2 A1-C3 A1-C4 A1-C5 A1-H1 A1-H2 A1-H3 A1-H4 A1-H6 A1-H7 A1-H8 A1-L1 A1-L2 A1-L3 A1-L4 \
                   A1-L5 A1-L6 A1-M1 A1-M2 A1-M3 A1-M4 A1-M5 A1-M6 A1-M7 A1-M8 A1-M9 A1-S1 A1-S2 A1-S4 A1-S5 A2-1 \
                   A2-10 A2-11 A2-12 A2-13 A2-15 A2-2 A2-3 A2-4 A2-5 A2-6 A2-7 A2-8 A2-9 A2-CHECKLIST O-12 O-14 \
                   O-15 O-2 O-3 O-4 O-5 O-6 O-8 X-CVE-2023-22492 X-CVE-2025-61928 X-CVE-2025-64102 \
                   X-CVE-2026-105209 X-CVE-2026-114607 X-CVE-2026-11800 X-CVE-2026-123521 X-CVE-2026-18963 \
                   X-CVE-2026-25537 X-CVE-2026-53516 X-CVE-2026-67333 X-CVE-2026-7507 X-CVE-2026-9798 \
                   X-CVE-2026-9802 X-GHSA-2wmj-46rj-qm2w X-GHSA-7h8m-vrxx-vr4m X-GHSA-rg35-5v25-mqvp \
                   X-KEYCLOAK-50999";
        for finding in due.split(' ') {
            assert!(all().iter().any(|rule| rule.info().finding == finding), "{finding}");
        }
        assert_eq!(all().iter().filter(|rule| rule.info().finding == "A2-CHECKLIST").count(), 12);
    }
}
