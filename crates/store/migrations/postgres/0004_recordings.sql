-- Recordings and what was said in them. Title and file name are sealed in `meta`, the transcript in `body`; the sound is
-- a sealed file named `media_key` in the media directory.

create table recordings (
    id uuid not null,
    user_id uuid not null,
    meta bytea not null,
    container text not null,
    codec text not null,
    size_bytes bigint not null,
    duration_ms bigint not null,
    language text,
    media_key text not null,
    status text not null,
    progress_permille bigint not null,
    problem_code text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    version bigint not null,
    primary key (id),
    constraint recordings_media_key_key unique (media_key),
    constraint recordings_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint recordings_status_check check (status in ('queued', 'working', 'ready', 'failed', 'waiting_for_model')),
    constraint recordings_progress_check check (progress_permille between 0 and 1000)
);
create index recordings_newest_idx on recordings (user_id, created_at desc, id desc) where deleted_at is null;
create index recordings_deleted_at_idx on recordings (deleted_at) where deleted_at is not null;
create index recordings_user_id_idx on recordings (user_id);
create index recordings_waiting_idx on recordings (created_at, id) where status = 'waiting_for_model';

create table transcripts (
    recording_id uuid not null,
    user_id uuid not null,
    body bytea not null,
    model text not null,
    language text not null,
    created_at timestamptz not null,
    primary key (recording_id),
    constraint transcripts_recording_id_fkey foreign key (recording_id) references recordings (id) on delete cascade,
    constraint transcripts_user_id_fkey foreign key (user_id) references users (id) on delete cascade
);
create index transcripts_user_id_idx on transcripts (user_id);
