-- What the house itself needs: who the database belongs to, background work, and answers to repeated requests.

create table instance_meta (
    key text not null,
    value text not null,
    primary key (key)
) strict;

-- Background work. `subject` and `owner` are ids only: nothing that anybody wrote.
create table jobs (
    id blob not null,
    kind text not null,
    subject blob not null,
    owner blob,
    state text not null,
    run_at integer not null,
    attempts integer not null,
    max_attempts integer not null,
    worker blob,
    lease_until integer,
    problem text,
    created_at integer not null,
    finished_at integer,
    primary key (id),
    constraint jobs_owner_fkey foreign key (owner) references users (id) on delete cascade,
    constraint jobs_state_check check (state in ('ready', 'running', 'done', 'failed')),
    constraint jobs_running_check check ((state = 'running') = (worker is not null and lease_until is not null))
) strict;
create index jobs_ready_idx on jobs (kind, run_at, id) where state = 'ready';
create index jobs_running_idx on jobs (lease_until) where state = 'running';
create index jobs_finished_idx on jobs (finished_at) where finished_at is not null;
create index jobs_subject_idx on jobs (subject, kind);
create index jobs_owner_idx on jobs (owner) where owner is not null;

-- The answer that a repeated request gets. `body` is sealed, and holds the first request's fingerprint too: a bare
-- digest of a request as small as a mood could be guessed back.
create table idempotency_keys (
    id blob not null,
    user_id blob not null,
    route text not null,
    key_digest blob not null,
    body blob,
    created_at integer not null,
    expires_at integer not null,
    primary key (user_id, route, key_digest),
    constraint idempotency_keys_user_id_fkey foreign key (user_id) references users (id) on delete cascade
) strict;
create index idempotency_keys_expires_at_idx on idempotency_keys (expires_at);
