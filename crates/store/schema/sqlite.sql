-- mindvibe.db
CREATE TABLE account_events (
    id blob not null,
    user_id blob not null,
    at integer not null,
    kind text not null,
    network text not null,
    device text not null,
    primary key (id),
    constraint account_events_user_id_fkey foreign key (user_id) references users (id) on delete cascade
) strict;
CREATE INDEX account_events_at_idx on account_events (at);
CREATE INDEX account_events_user_id_idx on account_events (user_id, at, id);
CREATE TABLE account_links (
    token_hash blob not null,
    purpose text not null,
    user_id blob not null,
    created_at integer not null,
    expires_at integer not null,
    used_at integer,
    primary key (token_hash),
    constraint account_links_user_id_fkey foreign key (user_id) references users (id) on delete cascade
) strict;
CREATE INDEX account_links_expires_at_idx on account_links (expires_at);
CREATE INDEX account_links_user_id_idx on account_links (user_id, purpose);
CREATE TABLE api_keys (
    id blob not null,
    user_id blob not null,
    handle text not null,
    secret_hash blob not null,
    previous_hash blob,
    previous_until integer,
    name text not null,
    scopes text not null,
    addresses text not null,
    rate_per_minute integer,
    require_signature integer not null,
    signing_kind text,
    signing_key blob,
    created_at integer not null,
    expires_at integer not null,
    last_used_at integer,
    revoked_at integer,
    noticed_days integer not null,
    primary key (id),
    constraint api_keys_handle_key unique (handle),
    constraint api_keys_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint api_keys_signing_check check ((signing_kind is null) = (signing_key is null)),
    constraint api_keys_signing_kind_check check (signing_kind in ('ed25519', 'hmac'))
) strict;
CREATE INDEX api_keys_expires_at_idx on api_keys (expires_at);
CREATE INDEX api_keys_user_id_idx on api_keys (user_id, created_at, id);
CREATE TABLE backup_codes (
    id blob not null,
    user_id blob not null,
    selector text not null,
    code_phc text not null,
    created_at integer not null,
    primary key (id),
    constraint backup_codes_user_id_selector_key unique (user_id, selector),
    constraint backup_codes_user_id_fkey foreign key (user_id) references users (id) on delete cascade
) strict;
CREATE TABLE ceremonies (
    id blob not null,
    kind text not null,
    user_id blob,
    state blob not null,
    expires_at integer not null,
    primary key (id),
    constraint ceremonies_kind_check check (kind in ('register', 'sign_in', 'second_factor', 'step_up'))
) strict;
CREATE INDEX ceremonies_expires_at_idx on ceremonies (expires_at);
CREATE TABLE challenges (
    id blob not null,
    user_id blob not null,
    token_hash blob not null,
    surface text not null,
    token_epoch integer not null,
    created_at integer not null,
    expires_at integer not null,
    primary key (id),
    constraint challenges_token_hash_key unique (token_hash),
    constraint challenges_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint challenges_surface_check check (surface in ('browser', 'token'))
) strict;
CREATE INDEX challenges_expires_at_idx on challenges (expires_at);
CREATE INDEX challenges_user_id_idx on challenges (user_id);
CREATE TABLE connections (
    id blob not null,
    user_id blob not null,
    issuer text not null,
    subject text not null,
    created_at integer not null,
    primary key (id),
    constraint connections_issuer_subject_key unique (issuer, subject),
    constraint connections_user_id_fkey foreign key (user_id) references users (id) on delete cascade
) strict;
CREATE INDEX connections_user_id_idx on connections (user_id, created_at, id);
CREATE TABLE errands (
    id blob not null,
    body blob not null,
    created_at integer not null,
    primary key (id)
) strict;
CREATE INDEX errands_created_at_idx on errands (created_at);
CREATE TABLE failures (
    id blob not null,
    at integer not null,
    body blob not null,
    primary key (id)
) strict;
CREATE INDEX failures_at_idx on failures (at);
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
CREATE TABLE invitations (
    id blob not null,
    token_hash blob not null,
    email text,
    role text not null,
    created_by blob not null,
    created_at integer not null,
    expires_at integer not null,
    used_at integer,
    primary key (id),
    constraint invitations_token_hash_key unique (token_hash),
    constraint invitations_created_by_fkey foreign key (created_by) references users (id) on delete cascade,
    constraint invitations_role_check check (role in ('admin', 'monitor', 'member'))
) strict;
CREATE INDEX invitations_created_at_idx on invitations (created_at, id);
CREATE INDEX invitations_created_by_idx on invitations (created_by);
CREATE INDEX invitations_expires_at_idx on invitations (expires_at);
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
CREATE TABLE lockouts (
    subject text not null,
    lane text not null,
    tries integer not null,
    total integer not null,
    locks integer not null,
    locked_until integer,
    seen_at integer not null,
    primary key (subject, lane)
) strict;
CREATE INDEX lockouts_seen_at_idx on lockouts (seen_at);
CREATE TABLE mails (
    id blob not null,
    user_id blob,
    body blob not null,
    created_at integer not null,
    sent_at integer,
    primary key (id),
    constraint mails_user_id_fkey foreign key (user_id) references users (id) on delete cascade
) strict;
CREATE INDEX mails_created_at_idx on mails (created_at, id);
CREATE INDEX mails_user_id_idx on mails (user_id) where user_id is not null;
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
CREATE TABLE oidc_attempts (
    state_hash blob not null,
    id blob not null,
    provider text not null,
    nonce text not null,
    verifier blob not null,
    return_to text not null,
    user_id blob,
    session_id blob,
    created_at integer not null,
    expires_at integer not null,
    primary key (state_hash),
    constraint oidc_attempts_user_id_fkey foreign key (user_id) references users (id) on delete cascade
) strict;
CREATE INDEX oidc_attempts_expires_at_idx on oidc_attempts (expires_at);
CREATE INDEX oidc_attempts_user_id_idx on oidc_attempts (user_id) where user_id is not null;
CREATE TABLE passkeys (
    id blob not null,
    user_id blob not null,
    credential_hash blob not null,
    credential blob not null,
    name blob not null,
    backed_up integer not null,
    created_at integer not null,
    last_used_at integer,
    primary key (id),
    constraint passkeys_credential_hash_key unique (credential_hash),
    constraint passkeys_user_id_fkey foreign key (user_id) references users (id) on delete cascade
) strict;
CREATE INDEX passkeys_user_id_idx on passkeys (user_id, created_at, id);
CREATE TABLE proofs (
    rule text not null,
    outcome text not null,
    seen text not null,
    requests integer not null,
    target text not null,
    version text not null,
    proven_at integer not null,
    primary key (rule),
    constraint proofs_outcome_check check (outcome in ('pass', 'fail', 'unknown', 'not_applicable'))
) strict;
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
CREATE TABLE refresh_tokens (
    token_hash blob not null,
    session_id blob not null,
    generation integer not null,
    created_at integer not null,
    used_at integer,
    client text,
    successor blob,
    primary key (token_hash),
    constraint refresh_tokens_session_id_generation_key unique (session_id, generation),
    constraint refresh_tokens_session_id_fkey foreign key (session_id) references token_families (session_id)
        on delete cascade
) strict;
CREATE INDEX refresh_tokens_used_at_idx on refresh_tokens (used_at) where successor is not null;
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
    user_agent text not null, confirmed_at integer, second_factor integer not null default 0, renewed_at integer, previous_hash blob, previous_until integer, suspicious_at integer,
    primary key (id),
    constraint sessions_token_hash_key unique (token_hash),
    constraint sessions_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint sessions_kind_check check (kind in ('browser', 'token'))
) strict;
CREATE INDEX sessions_expires_at_idx on sessions (expires_at);
CREATE UNIQUE INDEX sessions_previous_hash_key on sessions (previous_hash) where previous_hash is not null;
CREATE INDEX sessions_user_id_idx on sessions (user_id, created_at, id);
CREATE TABLE signature_nonces (
    key_id blob not null,
    nonce_hash blob not null,
    expires_at integer not null,
    primary key (key_id, nonce_hash),
    constraint signature_nonces_key_id_fkey foreign key (key_id) references api_keys (id) on delete cascade
) strict;
CREATE INDEX signature_nonces_expires_at_idx on signature_nonces (expires_at);
CREATE TABLE signing_keys (
    id blob not null,
    sequence integer not null,
    public_key blob not null,
    seed blob not null,
    signs_from integer not null,
    created_at integer not null,
    revoked_at integer,
    primary key (id),
    constraint signing_keys_sequence_key unique (sequence)
) strict;
CREATE TABLE signups (
    id blob not null,
    token_hash blob not null,
    subject text not null,
    body blob not null,
    created_at integer not null,
    expires_at integer not null,
    primary key (id),
    constraint signups_token_hash_key unique (token_hash)
) strict;
CREATE INDEX signups_expires_at_idx on signups (expires_at);
CREATE INDEX signups_subject_idx on signups (subject, created_at, id);
CREATE TABLE token_families (
    session_id blob not null,
    generation integer not null,
    amr text not null,
    auth_at integer not null,
    primary key (session_id),
    constraint token_families_session_id_fkey foreign key (session_id) references sessions (id) on delete cascade
) strict;
CREATE TABLE totp (
    user_id blob not null,
    secret blob not null,
    created_at integer not null,
    enabled_at integer,
    last_step integer not null,
    primary key (user_id),
    constraint totp_user_id_fkey foreign key (user_id) references users (id) on delete cascade
) strict;
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
CREATE TABLE trusted_devices (
    id blob not null,
    user_id blob not null,
    token_hash blob not null,
    user_agent text not null,
    ip_prefix text not null,
    created_at integer not null,
    last_used_at integer not null,
    expires_at integer not null,
    primary key (id),
    constraint trusted_devices_token_hash_key unique (token_hash),
    constraint trusted_devices_user_id_fkey foreign key (user_id) references users (id) on delete cascade
) strict;
CREATE INDEX trusted_devices_expires_at_idx on trusted_devices (expires_at);
CREATE INDEX trusted_devices_user_id_idx on trusted_devices (user_id, created_at, id);
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
    token_epoch integer not null, locale text not null default 'en', password_state text not null default 'current', second_factor integer not null default 0,
    primary key (id),
    constraint users_email_folded_key unique (email_folded),
    constraint users_role_check check (role in ('owner', 'admin', 'monitor', 'member')),
    constraint users_status_check check (status in ('active', 'awaiting', 'disabled'))
) strict;
CREATE INDEX users_awaiting_idx on users (created_at, id) where status = 'awaiting';
CREATE INDEX users_created_at_idx on users (created_at, id);
CREATE UNIQUE INDEX users_role_key on users (role) where role = 'owner';
CREATE TABLE ws_tickets (
    token_hash blob not null,
    user_id blob not null,
    session_id blob not null,
    purpose text not null,
    network text not null,
    expires_at integer not null,
    primary key (token_hash),
    constraint ws_tickets_session_id_fkey foreign key (session_id) references sessions (id) on delete cascade,
    constraint ws_tickets_user_id_fkey foreign key (user_id) references users (id) on delete cascade
) strict;
CREATE INDEX ws_tickets_expires_at_idx on ws_tickets (expires_at);
CREATE INDEX ws_tickets_session_id_idx on ws_tickets (session_id);
CREATE INDEX ws_tickets_user_id_idx on ws_tickets (user_id);

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
