//! What no outsider can see, and which tests of this build have seen it.

use crate::rule::{EvidenceRule, RuleInfo, Severity};

/// A rule that is its tests.
macro_rules! evidence {
    ($rule:ident, $id:literal, $finding:literal, $severity:ident, $asvs:literal, $cwe:literal,
        $title:literal, $expected:literal, $help:literal, [$($test:literal),+ $(,)?]) => {
        pub(crate) static $rule: EvidenceRule = EvidenceRule {
            info: RuleInfo {
                id: $id,
                finding: $finding,
                title: $title,
                severity: Severity::$severity,
                asvs: $asvs,
                cwe: $cwe,
                expected: $expected,
                help: $help,
                weakened_by: "",
                writes: false,
            },
            tests: &[$($test),+],
        };
    };
}

evidence!(
    SUBPROCESS,
    "A1-L1",
    "A1-L1",
    Medium,
    "1.2.5",
    78,
    "Nothing that serves requests starts another program",
    "No source of the server but the attack suite's, which starts instances of the program itself, names a way to start one: \
     neither a shell nor a program can be given what somebody wrote.",
    "Speech is decoded and transcribed in the process. What must ever be started gets a fixed path and an argument list.",
    ["server/house/nothing_but_the_attack_suite_starts_a_program"]
);
evidence!(
    PUBLIC_ITEMS,
    "A1-L2",
    "A1-L2",
    Medium,
    "15.1.5",
    1125,
    "What the cryptography and the guard show to others is a committed list",
    "The public items of `seal` and `guard` are those of their lists, letter for letter.",
    "Show less, or add the item to the list in a commit that says why.",
    [
        "seal/public_items/the_public_items_are_the_committed_list",
        "guard/public_items/listed::the_public_items_are_the_committed_list",
    ]
);
evidence!(
    MIGRATIONS,
    "A1-S2",
    "A1-S2",
    Medium,
    "15.4.2",
    362,
    "Five instances that start at once migrate an empty database once",
    "On SQLite and on PostgreSQL: all five start, and each migration was applied once; a migration that changed afterwards \
     stops the start.",
    "Hold the database's lock around looking and applying.",
    [
        "store/store/opening::many_that_start_together_migrate_once",
        "store/store/opening::a_migration_that_changed_afterwards_stops_the_start"
    ]
);
evidence!(
    INDEXES,
    "A1-S4",
    "A1-S4",
    Medium,
    "15.2.2",
    405,
    "No statement reads a whole table that grows",
    "The plan of every statement of every slice, on both databases, finds what it looks for by an index.",
    "Add the index to the migration, or ask for less.",
    [
        "identity/lib/tests::on_sqlite::statements_are_sound",
        "identity/lib/tests::on_postgres::statements_are_sound",
        "journal/lib/queries::tests::on_sqlite::statements_are_sound",
        "journal/lib/queries::tests::on_postgres::statements_are_sound",
        "recordings/lib/queries::tests::on_sqlite::statements_are_sound",
        "recordings/lib/queries::tests::on_postgres::statements_are_sound",
        "store/store/engines::on_sqlite::statements_are_sound",
        "store/store/engines::on_postgres::statements_are_sound",
    ]
);
evidence!(
    FILE_LENGTH,
    "A1-S5",
    "A1-S5",
    Medium,
    "15.1.5",
    1125,
    "No source file is longer than 600 lines",
    "Every source file of the repository has at most 600 lines.",
    "Part it by what it is about.",
    ["check/file_length"]
);
evidence!(
    CONSTANT_SQL,
    "A2-11.static",
    "A2-11",
    High,
    "1.2.4",
    89,
    "A statement that is put together from text does not compile",
    "Every statement is a constant of the program: the compiler refuses another text, the linter the way around it, and both \
     databases read every one of them.",
    "Write the statement as a constant and bind the values.",
    [
        "server/house/a_statement_is_a_constant_and_the_linter_bans_the_way_around",
        "store/store/engines::on_sqlite::statements_are_sound"
    ]
);
