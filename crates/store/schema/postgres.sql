table mindvibe_keys.data_keys
    user_id uuid not null
    wrapped bytea not null
    created_at timestamp with time zone not null
    constraint data_keys_pkey PRIMARY KEY (user_id)
table mindvibe_keys.schema_migrations
    version integer not null
    name text not null
    checksum text not null
    constraint schema_migrations_pkey PRIMARY KEY (version)
table mindvibe_keys.server_keys
    name text not null
    wrapped bytea not null
    created_at timestamp with time zone not null
    constraint server_keys_pkey PRIMARY KEY (name)
table public.account_events
    id uuid not null
    user_id uuid not null
    at timestamp with time zone not null
    kind text not null
    network text not null
    device text not null
    constraint account_events_pkey PRIMARY KEY (id)
    constraint account_events_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
    CREATE INDEX account_events_at_idx ON public.account_events USING btree (at)
    CREATE INDEX account_events_user_id_idx ON public.account_events USING btree (user_id, at, id)
table public.account_links
    token_hash bytea not null
    purpose text not null
    user_id uuid not null
    created_at timestamp with time zone not null
    expires_at timestamp with time zone not null
    used_at timestamp with time zone
    constraint account_links_pkey PRIMARY KEY (token_hash)
    constraint account_links_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
    CREATE INDEX account_links_expires_at_idx ON public.account_links USING btree (expires_at)
    CREATE INDEX account_links_user_id_idx ON public.account_links USING btree (user_id, purpose)
table public.api_keys
    id uuid not null
    user_id uuid not null
    handle text not null
    secret_hash bytea not null
    previous_hash bytea
    previous_until timestamp with time zone
    name text not null
    scopes text not null
    addresses text not null
    rate_per_minute bigint
    require_signature boolean not null
    signing_kind text
    signing_key bytea
    created_at timestamp with time zone not null
    expires_at timestamp with time zone not null
    last_used_at timestamp with time zone
    revoked_at timestamp with time zone
    noticed_days bigint not null
    constraint api_keys_handle_key UNIQUE (handle)
    constraint api_keys_pkey PRIMARY KEY (id)
    constraint api_keys_signing_check CHECK (((signing_kind IS NULL) = (signing_key IS NULL)))
    constraint api_keys_signing_kind_check CHECK ((signing_kind = ANY (ARRAY['ed25519'::text, 'hmac'::text])))
    constraint api_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
    CREATE INDEX api_keys_expires_at_idx ON public.api_keys USING btree (expires_at)
    CREATE INDEX api_keys_user_id_idx ON public.api_keys USING btree (user_id, created_at, id)
table public.backup_codes
    id uuid not null
    user_id uuid not null
    selector text not null
    code_phc text not null
    created_at timestamp with time zone not null
    constraint backup_codes_pkey PRIMARY KEY (id)
    constraint backup_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
    constraint backup_codes_user_id_selector_key UNIQUE (user_id, selector)
table public.ceremonies
    id uuid not null
    kind text not null
    user_id uuid
    state bytea not null
    expires_at timestamp with time zone not null
    constraint ceremonies_kind_check CHECK ((kind = ANY (ARRAY['register'::text, 'sign_in'::text, 'second_factor'::text, 'step_up'::text])))
    constraint ceremonies_pkey PRIMARY KEY (id)
    CREATE INDEX ceremonies_expires_at_idx ON public.ceremonies USING btree (expires_at)
table public.challenges
    id uuid not null
    user_id uuid not null
    token_hash bytea not null
    surface text not null
    token_epoch bigint not null
    created_at timestamp with time zone not null
    expires_at timestamp with time zone not null
    constraint challenges_pkey PRIMARY KEY (id)
    constraint challenges_surface_check CHECK ((surface = ANY (ARRAY['browser'::text, 'token'::text])))
    constraint challenges_token_hash_key UNIQUE (token_hash)
    constraint challenges_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
    CREATE INDEX challenges_expires_at_idx ON public.challenges USING btree (expires_at)
    CREATE INDEX challenges_user_id_idx ON public.challenges USING btree (user_id)
table public.connections
    id uuid not null
    user_id uuid not null
    issuer text not null
    subject text not null
    created_at timestamp with time zone not null
    constraint connections_issuer_subject_key UNIQUE (issuer, subject)
    constraint connections_pkey PRIMARY KEY (id)
    constraint connections_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
    CREATE INDEX connections_user_id_idx ON public.connections USING btree (user_id, created_at, id)
table public.errands
    id uuid not null
    body bytea not null
    created_at timestamp with time zone not null
    constraint errands_pkey PRIMARY KEY (id)
    CREATE INDEX errands_created_at_idx ON public.errands USING btree (created_at)
table public.failures
    id uuid not null
    at timestamp with time zone not null
    body bytea not null
    constraint failures_pkey PRIMARY KEY (id)
    CREATE INDEX failures_at_idx ON public.failures USING btree (at)
table public.idempotency_keys
    id uuid not null
    user_id uuid not null
    route text not null
    key_digest bytea not null
    body bytea
    created_at timestamp with time zone not null
    expires_at timestamp with time zone not null
    constraint idempotency_keys_pkey PRIMARY KEY (user_id, route, key_digest)
    constraint idempotency_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
    CREATE INDEX idempotency_keys_expires_at_idx ON public.idempotency_keys USING btree (expires_at)
table public.instance_meta
    key text not null
    value text not null
    constraint instance_meta_pkey PRIMARY KEY (key)
table public.invitations
    id uuid not null
    token_hash bytea not null
    email text
    role text not null
    created_by uuid not null
    created_at timestamp with time zone not null
    expires_at timestamp with time zone not null
    used_at timestamp with time zone
    constraint invitations_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE CASCADE
    constraint invitations_pkey PRIMARY KEY (id)
    constraint invitations_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'monitor'::text, 'member'::text])))
    constraint invitations_token_hash_key UNIQUE (token_hash)
    CREATE INDEX invitations_created_at_idx ON public.invitations USING btree (created_at, id)
    CREATE INDEX invitations_created_by_idx ON public.invitations USING btree (created_by)
    CREATE INDEX invitations_expires_at_idx ON public.invitations USING btree (expires_at)
table public.jobs
    id uuid not null
    kind text not null
    subject uuid not null
    owner uuid
    state text not null
    run_at timestamp with time zone not null
    attempts bigint not null
    max_attempts bigint not null
    worker uuid
    lease_until timestamp with time zone
    problem text
    created_at timestamp with time zone not null
    finished_at timestamp with time zone
    constraint jobs_owner_fkey FOREIGN KEY (owner) REFERENCES users(id) ON DELETE CASCADE
    constraint jobs_pkey PRIMARY KEY (id)
    constraint jobs_running_check CHECK (((state = 'running'::text) = ((worker IS NOT NULL) AND (lease_until IS NOT NULL))))
    constraint jobs_state_check CHECK ((state = ANY (ARRAY['ready'::text, 'running'::text, 'done'::text, 'failed'::text])))
    CREATE INDEX jobs_finished_idx ON public.jobs USING btree (finished_at) WHERE (finished_at IS NOT NULL)
    CREATE INDEX jobs_owner_idx ON public.jobs USING btree (owner) WHERE (owner IS NOT NULL)
    CREATE INDEX jobs_ready_idx ON public.jobs USING btree (kind, run_at, id) WHERE (state = 'ready'::text)
    CREATE INDEX jobs_running_idx ON public.jobs USING btree (lease_until) WHERE (state = 'running'::text)
    CREATE INDEX jobs_subject_idx ON public.jobs USING btree (subject, kind)
table public.lockouts
    subject text not null
    lane text not null
    tries bigint not null
    total bigint not null
    locks bigint not null
    locked_until timestamp with time zone
    seen_at timestamp with time zone not null
    constraint lockouts_pkey PRIMARY KEY (subject, lane)
    CREATE INDEX lockouts_seen_at_idx ON public.lockouts USING btree (seen_at)
table public.mails
    id uuid not null
    user_id uuid
    body bytea not null
    created_at timestamp with time zone not null
    sent_at timestamp with time zone
    constraint mails_pkey PRIMARY KEY (id)
    constraint mails_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
    CREATE INDEX mails_created_at_idx ON public.mails USING btree (created_at, id)
    CREATE INDEX mails_user_id_idx ON public.mails USING btree (user_id) WHERE (user_id IS NOT NULL)
table public.moods
    id uuid not null
    user_id uuid not null
    noted_at timestamp with time zone not null
    body bytea not null
    created_at timestamp with time zone not null
    updated_at timestamp with time zone not null
    deleted_at timestamp with time zone
    version bigint not null
    constraint moods_pkey PRIMARY KEY (id)
    constraint moods_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
    CREATE INDEX moods_deleted_at_idx ON public.moods USING btree (deleted_at) WHERE (deleted_at IS NOT NULL)
    CREATE INDEX moods_newest_idx ON public.moods USING btree (user_id, noted_at DESC, id DESC) WHERE (deleted_at IS NULL)
    CREATE INDEX moods_user_id_idx ON public.moods USING btree (user_id)
table public.oidc_attempts
    state_hash bytea not null
    id uuid not null
    provider text not null
    nonce text not null
    verifier bytea not null
    return_to text not null
    user_id uuid
    session_id uuid
    created_at timestamp with time zone not null
    expires_at timestamp with time zone not null
    constraint oidc_attempts_pkey PRIMARY KEY (state_hash)
    constraint oidc_attempts_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
    CREATE INDEX oidc_attempts_expires_at_idx ON public.oidc_attempts USING btree (expires_at)
    CREATE INDEX oidc_attempts_user_id_idx ON public.oidc_attempts USING btree (user_id) WHERE (user_id IS NOT NULL)
table public.passkeys
    id uuid not null
    user_id uuid not null
    credential_hash bytea not null
    credential bytea not null
    name bytea not null
    backed_up boolean not null
    created_at timestamp with time zone not null
    last_used_at timestamp with time zone
    constraint passkeys_credential_hash_key UNIQUE (credential_hash)
    constraint passkeys_pkey PRIMARY KEY (id)
    constraint passkeys_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
    CREATE INDEX passkeys_user_id_idx ON public.passkeys USING btree (user_id, created_at, id)
table public.proofs
    rule text not null
    outcome text not null
    seen text not null
    requests bigint not null
    target text not null
    version text not null
    proven_at timestamp with time zone not null
    constraint proofs_outcome_check CHECK ((outcome = ANY (ARRAY['pass'::text, 'fail'::text, 'unknown'::text, 'not_applicable'::text])))
    constraint proofs_pkey PRIMARY KEY (rule)
table public.recordings
    id uuid not null
    user_id uuid not null
    meta bytea not null
    container text not null
    codec text not null
    size_bytes bigint not null
    duration_ms bigint not null
    language text
    media_key text not null
    status text not null
    progress_permille bigint not null
    problem_code text
    created_at timestamp with time zone not null
    updated_at timestamp with time zone not null
    deleted_at timestamp with time zone
    version bigint not null
    constraint recordings_media_key_key UNIQUE (media_key)
    constraint recordings_pkey PRIMARY KEY (id)
    constraint recordings_progress_check CHECK (((progress_permille >= 0) AND (progress_permille <= 1000)))
    constraint recordings_status_check CHECK ((status = ANY (ARRAY['queued'::text, 'working'::text, 'ready'::text, 'failed'::text, 'waiting_for_model'::text])))
    constraint recordings_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
    CREATE INDEX recordings_deleted_at_idx ON public.recordings USING btree (deleted_at) WHERE (deleted_at IS NOT NULL)
    CREATE INDEX recordings_newest_idx ON public.recordings USING btree (user_id, created_at DESC, id DESC) WHERE (deleted_at IS NULL)
    CREATE INDEX recordings_user_id_idx ON public.recordings USING btree (user_id)
    CREATE INDEX recordings_waiting_idx ON public.recordings USING btree (created_at, id) WHERE (status = 'waiting_for_model'::text)
table public.reflections
    id uuid not null
    user_id uuid not null
    body bytea not null
    created_at timestamp with time zone not null
    updated_at timestamp with time zone not null
    deleted_at timestamp with time zone
    version bigint not null
    constraint reflections_pkey PRIMARY KEY (id)
    constraint reflections_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
    CREATE INDEX reflections_deleted_at_idx ON public.reflections USING btree (deleted_at) WHERE (deleted_at IS NOT NULL)
    CREATE INDEX reflections_newest_idx ON public.reflections USING btree (user_id, created_at DESC, id DESC) WHERE (deleted_at IS NULL)
    CREATE INDEX reflections_user_id_idx ON public.reflections USING btree (user_id)
table public.refresh_tokens
    token_hash bytea not null
    session_id uuid not null
    generation bigint not null
    created_at timestamp with time zone not null
    used_at timestamp with time zone
    client text
    successor bytea
    constraint refresh_tokens_pkey PRIMARY KEY (token_hash)
    constraint refresh_tokens_session_id_fkey FOREIGN KEY (session_id) REFERENCES token_families(session_id) ON DELETE CASCADE
    constraint refresh_tokens_session_id_generation_key UNIQUE (session_id, generation)
    CREATE INDEX refresh_tokens_used_at_idx ON public.refresh_tokens USING btree (used_at) WHERE (successor IS NOT NULL)
table public.schema_migrations
    version integer not null
    name text not null
    checksum text not null
    constraint schema_migrations_pkey PRIMARY KEY (version)
table public.sessions
    id uuid not null
    user_id uuid not null
    token_hash bytea not null
    kind text not null
    created_at timestamp with time zone not null
    last_seen_at timestamp with time zone not null
    idle_expires_at timestamp with time zone not null
    expires_at timestamp with time zone not null
    token_epoch bigint not null
    revoked_at timestamp with time zone
    ip_prefix text not null
    user_agent text not null
    confirmed_at timestamp with time zone
    second_factor boolean not null
    renewed_at timestamp with time zone
    previous_hash bytea
    previous_until timestamp with time zone
    suspicious_at timestamp with time zone
    constraint sessions_kind_check CHECK ((kind = ANY (ARRAY['browser'::text, 'token'::text])))
    constraint sessions_pkey PRIMARY KEY (id)
    constraint sessions_token_hash_key UNIQUE (token_hash)
    constraint sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
    CREATE INDEX sessions_expires_at_idx ON public.sessions USING btree (expires_at)
    CREATE UNIQUE INDEX sessions_previous_hash_key ON public.sessions USING btree (previous_hash) WHERE (previous_hash IS NOT NULL)
    CREATE INDEX sessions_user_id_idx ON public.sessions USING btree (user_id, created_at, id)
table public.signature_nonces
    key_id uuid not null
    nonce_hash bytea not null
    expires_at timestamp with time zone not null
    constraint signature_nonces_key_id_fkey FOREIGN KEY (key_id) REFERENCES api_keys(id) ON DELETE CASCADE
    constraint signature_nonces_pkey PRIMARY KEY (key_id, nonce_hash)
    CREATE INDEX signature_nonces_expires_at_idx ON public.signature_nonces USING btree (expires_at)
table public.signing_keys
    id uuid not null
    sequence bigint not null
    public_key bytea not null
    seed bytea not null
    signs_from timestamp with time zone not null
    created_at timestamp with time zone not null
    revoked_at timestamp with time zone
    constraint signing_keys_pkey PRIMARY KEY (id)
    constraint signing_keys_sequence_key UNIQUE (sequence)
table public.signups
    id uuid not null
    token_hash bytea not null
    subject text not null
    body bytea not null
    created_at timestamp with time zone not null
    expires_at timestamp with time zone not null
    constraint signups_pkey PRIMARY KEY (id)
    constraint signups_token_hash_key UNIQUE (token_hash)
    CREATE INDEX signups_expires_at_idx ON public.signups USING btree (expires_at)
    CREATE INDEX signups_subject_idx ON public.signups USING btree (subject, created_at, id)
table public.token_families
    session_id uuid not null
    generation bigint not null
    amr text not null
    auth_at timestamp with time zone not null
    constraint token_families_pkey PRIMARY KEY (session_id)
    constraint token_families_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE CASCADE
table public.totp
    user_id uuid not null
    secret bytea not null
    created_at timestamp with time zone not null
    enabled_at timestamp with time zone
    last_step bigint not null
    constraint totp_pkey PRIMARY KEY (user_id)
    constraint totp_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
table public.transcripts
    recording_id uuid not null
    user_id uuid not null
    body bytea not null
    model text not null
    language text not null
    created_at timestamp with time zone not null
    constraint transcripts_pkey PRIMARY KEY (recording_id)
    constraint transcripts_recording_id_fkey FOREIGN KEY (recording_id) REFERENCES recordings(id) ON DELETE CASCADE
    constraint transcripts_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
    CREATE INDEX transcripts_user_id_idx ON public.transcripts USING btree (user_id)
table public.trusted_devices
    id uuid not null
    user_id uuid not null
    token_hash bytea not null
    user_agent text not null
    ip_prefix text not null
    created_at timestamp with time zone not null
    last_used_at timestamp with time zone not null
    expires_at timestamp with time zone not null
    constraint trusted_devices_pkey PRIMARY KEY (id)
    constraint trusted_devices_token_hash_key UNIQUE (token_hash)
    constraint trusted_devices_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
    CREATE INDEX trusted_devices_expires_at_idx ON public.trusted_devices USING btree (expires_at)
    CREATE INDEX trusted_devices_user_id_idx ON public.trusted_devices USING btree (user_id, created_at, id)
table public.users
    id uuid not null
    email text not null
    email_folded text not null
    display_name text not null
    role text not null
    password_phc text not null
    status text not null
    time_zone text not null
    created_at timestamp with time zone not null
    updated_at timestamp with time zone not null
    version bigint not null
    token_epoch bigint not null
    locale text not null
    password_state text not null
    second_factor boolean not null
    constraint users_email_folded_key UNIQUE (email_folded)
    constraint users_pkey PRIMARY KEY (id)
    constraint users_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'monitor'::text, 'member'::text])))
    constraint users_status_check CHECK ((status = ANY (ARRAY['active'::text, 'awaiting'::text, 'disabled'::text])))
    CREATE INDEX users_awaiting_idx ON public.users USING btree (created_at, id) WHERE (status = 'awaiting'::text)
    CREATE INDEX users_created_at_idx ON public.users USING btree (created_at, id)
    CREATE UNIQUE INDEX users_role_key ON public.users USING btree (role) WHERE (role = 'owner'::text)
table public.ws_tickets
    token_hash bytea not null
    user_id uuid not null
    session_id uuid not null
    purpose text not null
    network text not null
    expires_at timestamp with time zone not null
    constraint ws_tickets_pkey PRIMARY KEY (token_hash)
    constraint ws_tickets_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE CASCADE
    constraint ws_tickets_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
    CREATE INDEX ws_tickets_expires_at_idx ON public.ws_tickets USING btree (expires_at)
    CREATE INDEX ws_tickets_session_id_idx ON public.ws_tickets USING btree (session_id)
    CREATE INDEX ws_tickets_user_id_idx ON public.ws_tickets USING btree (user_id)
