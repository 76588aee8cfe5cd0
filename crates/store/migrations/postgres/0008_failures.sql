-- What went wrong on our side, for whoever runs this to look up by the id that the answer carried. The body is sealed
-- whole under a key of the server's own: a cause may quote what somebody wrote.
create table failures (
    id uuid not null,
    at timestamptz not null,
    body bytea not null,
    primary key (id)
);
create index failures_at_idx on failures (at);
