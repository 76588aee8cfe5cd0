-- mindvibe.db
CREATE TABLE idempotency_keys (
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
CREATE INDEX idempotency_keys_expires_at_idx on idempotency_keys (expires_at);
CREATE TABLE instance_meta (
    key text not null,
    value text not null,
    primary key (key)
) strict;
CREATE TABLE jobs (
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
CREATE INDEX jobs_finished_idx on jobs (finished_at) where finished_at is not null;
CREATE INDEX jobs_owner_idx on jobs (owner) where owner is not null;
CREATE INDEX jobs_ready_idx on jobs (kind, run_at, id) where state = 'ready';
CREATE INDEX jobs_running_idx on jobs (lease_until) where state = 'running';
CREATE INDEX jobs_subject_idx on jobs (subject, kind);
CREATE TABLE moods (
    id blob not null,
    user_id blob not null,
    noted_at integer not null,
    body blob not null,
    created_at integer not null,
    updated_at integer not null,
    deleted_at integer,
    version integer not null,
    primary key (id),
    constraint moods_user_id_fkey foreign key (user_id) references users (id) on delete cascade
) strict;
CREATE INDEX moods_deleted_at_idx on moods (deleted_at) where deleted_at is not null;
CREATE INDEX moods_newest_idx on moods (user_id, noted_at desc, id desc) where deleted_at is null;
CREATE INDEX moods_user_id_idx on moods (user_id);
CREATE TABLE recordings (
    id blob not null,
    user_id blob not null,
    meta blob not null,
    container text not null,
    codec text not null,
    size_bytes integer not null,
    duration_ms integer not null,
    language text,
    media_key text not null,
    status text not null,
    progress_permille integer not null,
    problem_code text,
    created_at integer not null,
    updated_at integer not null,
    deleted_at integer,
    version integer not null,
    primary key (id),
    constraint recordings_media_key_key unique (media_key),
    constraint recordings_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint recordings_status_check check (status in ('queued', 'working', 'ready', 'failed', 'waiting_for_model')),
    constraint recordings_progress_check check (progress_permille between 0 and 1000)
) strict;
CREATE INDEX recordings_deleted_at_idx on recordings (deleted_at) where deleted_at is not null;
CREATE INDEX recordings_newest_idx on recordings (user_id, created_at desc, id desc) where deleted_at is null;
CREATE INDEX recordings_user_id_idx on recordings (user_id);
CREATE INDEX recordings_waiting_idx on recordings (created_at, id) where status = 'waiting_for_model';
CREATE TABLE reflections (
    id blob not null,
    user_id blob not null,
    body blob not null,
    created_at integer not null,
    updated_at integer not null,
    deleted_at integer,
    version integer not null,
    primary key (id),
    constraint reflections_user_id_fkey foreign key (user_id) references users (id) on delete cascade
) strict;
CREATE INDEX reflections_deleted_at_idx on reflections (deleted_at) where deleted_at is not null;
CREATE INDEX reflections_newest_idx on reflections (user_id, created_at desc, id desc) where deleted_at is null;
CREATE INDEX reflections_user_id_idx on reflections (user_id);
CREATE TABLE schema_migrations (version integer not null, name text not null, checksum text not null, primary key (version));
CREATE TABLE sessions (
    id blob not null,
    user_id blob not null,
    token_hash blob not null,
    kind text not null,
    created_at integer not null,
    last_seen_at integer not null,
    idle_expires_at integer not null,
    expires_at integer not null,
    token_epoch integer not null,
    revoked_at integer,
    ip_prefix text not null,
    user_agent text not null,
    primary key (id),
    constraint sessions_token_hash_key unique (token_hash),
    constraint sessions_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint sessions_kind_check check (kind in ('browser', 'token'))
) strict;
CREATE INDEX sessions_expires_at_idx on sessions (expires_at);
CREATE INDEX sessions_user_id_idx on sessions (user_id, created_at, id);
CREATE TABLE transcripts (
    recording_id blob not null,
    user_id blob not null,
    body blob not null,
    model text not null,
    language text not null,
    created_at integer not null,
    primary key (recording_id),
    constraint transcripts_recording_id_fkey foreign key (recording_id) references recordings (id) on delete cascade,
    constraint transcripts_user_id_fkey foreign key (user_id) references users (id) on delete cascade
) strict;
CREATE INDEX transcripts_user_id_idx on transcripts (user_id);
CREATE TABLE users (
    id blob not null,
    email text not null,
    email_folded text not null,
    display_name text not null,
    role text not null,
    password_phc text not null,
    status text not null,
    time_zone text not null,
    created_at integer not null,
    updated_at integer not null,
    version integer not null,
    token_epoch integer not null,
    primary key (id),
    constraint users_email_folded_key unique (email_folded),
    constraint users_role_check check (role in ('owner', 'admin', 'member')),
    constraint users_status_check check (status in ('active', 'disabled'))
) strict;
CREATE INDEX users_created_at_idx on users (created_at, id);
CREATE UNIQUE INDEX users_role_key on users (role) where role = 'owner';

-- keys.db
CREATE TABLE data_keys (
    user_id blob not null,
    wrapped blob not null,
    created_at integer not null,
    primary key (user_id)
) strict;
CREATE TABLE schema_migrations (version integer not null, name text not null, checksum text not null, primary key (version));
CREATE TABLE server_keys (
    name text not null,
    wrapped blob not null,
    created_at integer not null,
    primary key (name)
) strict;
