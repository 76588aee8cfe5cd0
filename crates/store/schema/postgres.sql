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
    constraint sessions_kind_check CHECK ((kind = ANY (ARRAY['browser'::text, 'token'::text])))
    constraint sessions_pkey PRIMARY KEY (id)
    constraint sessions_token_hash_key UNIQUE (token_hash)
    constraint sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
    CREATE INDEX sessions_expires_at_idx ON public.sessions USING btree (expires_at)
    CREATE INDEX sessions_user_id_idx ON public.sessions USING btree (user_id, created_at, id)
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
    constraint users_email_folded_key UNIQUE (email_folded)
    constraint users_pkey PRIMARY KEY (id)
    constraint users_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'member'::text])))
    constraint users_status_check CHECK ((status = ANY (ARRAY['active'::text, 'disabled'::text])))
    CREATE INDEX users_created_at_idx ON public.users USING btree (created_at, id)
    CREATE UNIQUE INDEX users_role_key ON public.users USING btree (role) WHERE (role = 'owner'::text)
