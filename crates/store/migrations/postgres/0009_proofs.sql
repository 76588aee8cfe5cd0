-- How the rules of `mindvibe prove` ended when they were last tried on this installation and kept: one row a rule.

-- `version` is that of the program that tried, which is the one that was tried: another is not kept.
create table proofs (
    rule text not null,
    outcome text not null,
    seen text not null,
    requests bigint not null,
    target text not null,
    version text not null,
    proven_at timestamptz not null,
    primary key (rule),
    constraint proofs_outcome_check check (outcome in ('pass', 'fail', 'unknown', 'not_applicable'))
);
