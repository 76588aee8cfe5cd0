-- Whether an account has a second factor that sign-in asks for: a confirmed authenticator app or a passkey. Kept with
-- each change of those, because every request reads it.
alter table users add column second_factor boolean not null default false;

-- When whoever holds the session last proved who they are; null when they have to before anything that matters.
alter table sessions add column confirmed_at timestamptz;
alter table sessions add column second_factor boolean not null default false;
-- When the present id was made; null for a session from before ids changed.
alter table sessions add column renewed_at timestamptz;
-- The id before, for requests that were under way when it changed.
alter table sessions add column previous_hash bytea;
alter table sessions add column previous_until timestamptz;
alter table sessions add column suspicious_at timestamptz;
update sessions set confirmed_at = created_at;
create unique index sessions_previous_hash_key on sessions (previous_hash) where previous_hash is not null;

-- An authenticator app's secret, sealed. It counts once a code was shown; `last_step` is the last step that was used up.
create table totp (
    user_id uuid not null,
    secret bytea not null,
    created_at timestamptz not null,
    enabled_at timestamptz,
    last_step bigint not null,
    primary key (user_id),
    constraint totp_user_id_fkey foreign key (user_id) references users (id) on delete cascade
);

-- One row for each code that is left: two letters to find it by, and the hash of the rest.
create table backup_codes (
    id uuid not null,
    user_id uuid not null,
    selector text not null,
    code_phc text not null,
    created_at timestamptz not null,
    primary key (id),
    constraint backup_codes_user_id_selector_key unique (user_id, selector),
    constraint backup_codes_user_id_fkey foreign key (user_id) references users (id) on delete cascade
);

-- `credential` (the public key and its counter) and `name` are sealed; the hash of the credential's id finds it.
create table passkeys (
    id uuid not null,
    user_id uuid not null,
    credential_hash bytea not null,
    credential bytea not null,
    name bytea not null,
    backed_up boolean not null,
    created_at timestamptz not null,
    last_used_at timestamptz,
    primary key (id),
    constraint passkeys_credential_hash_key unique (credential_hash),
    constraint passkeys_user_id_fkey foreign key (user_id) references users (id) on delete cascade
);
create index passkeys_user_id_idx on passkeys (user_id, created_at, id);

-- A browser that need not show the second factor for a while.
create table trusted_devices (
    id uuid not null,
    user_id uuid not null,
    token_hash bytea not null,
    user_agent text not null,
    ip_prefix text not null,
    created_at timestamptz not null,
    last_used_at timestamptz not null,
    expires_at timestamptz not null,
    primary key (id),
    constraint trusted_devices_token_hash_key unique (token_hash),
    constraint trusted_devices_user_id_fkey foreign key (user_id) references users (id) on delete cascade
);
create index trusted_devices_user_id_idx on trusted_devices (user_id, created_at, id);
create index trusted_devices_expires_at_idx on trusted_devices (expires_at);

-- A sign-in whose password was right and whose second step is still to come.
create table challenges (
    id uuid not null,
    user_id uuid not null,
    token_hash bytea not null,
    surface text not null,
    token_epoch bigint not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    primary key (id),
    constraint challenges_token_hash_key unique (token_hash),
    constraint challenges_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint challenges_surface_check check (surface in ('browser', 'token'))
);
create index challenges_user_id_idx on challenges (user_id);
create index challenges_expires_at_idx on challenges (expires_at);

-- What a passkey has been asked and has not answered yet, sealed. No foreign key: most belong to nobody.
create table ceremonies (
    id uuid not null,
    kind text not null,
    user_id uuid,
    state bytea not null,
    expires_at timestamptz not null,
    primary key (id),
    constraint ceremonies_kind_check check (kind in ('register', 'sign_in', 'second_factor', 'step_up'))
);
create index ceremonies_expires_at_idx on ceremonies (expires_at);
