// The HTTP contract in the shape openapi-typescript gives it. `npm run gen` writes this file from ../openapi.json.

export interface paths {
  '/api/setup': {
    get: { parameters: {  }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['SetupState'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } } } };
    put?: never;
    post: { parameters: {  }; requestBody: { content: { 'application/json': components['schemas']['SetupRequest'] } }; responses: { 201: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['UserAnswer'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } } } };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/auth/signup': {
    get?: never;
    put?: never;
    post: { parameters: {  }; requestBody: { content: { 'application/json': components['schemas']['SignupRequest'] } }; responses: { 202: { headers: { [name: string]: unknown }; content: { 'application/json': { message: string } } }; default: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } } } };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/auth/login': {
    get?: never;
    put?: never;
    post: { parameters: {  }; requestBody: { content: { 'application/json': components['schemas']['LoginRequest'] } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['UserAnswer'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } } } };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/auth/logout': {
    get?: never;
    put?: never;
    post: { parameters: {  }; responses: { 204: { headers: { [name: string]: unknown }; content?: never }; default: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } } } };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/auth/me': {
    get: { parameters: {  }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { user: components['schemas']['User']; session: components['schemas']['Session'] } } }; default: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } } } };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/moods': {
    get: { parameters: { query?: { limit?: number; cursor?: string; from?: string; to?: string } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['MoodPage'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } } } };
    put?: never;
    post: { parameters: { header?: { 'Idempotency-Key'?: string } }; requestBody: { content: { 'application/json': components['schemas']['MoodRequest'] } }; responses: { 201: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Mood'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } } } };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/moods/stats': {
    get: { parameters: { query?: { days?: number; time_zone?: string } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['MoodStats'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } } } };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/moods/{id}': {
    get: { parameters: { path: { id: string } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Mood'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } } } };
    put: { parameters: { path: { id: string }; header: { 'If-Match': string } }; requestBody: { content: { 'application/json': components['schemas']['MoodRequest'] } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Mood'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } } } };
    post?: never;
    delete: { parameters: { path: { id: string }; header: { 'If-Match': string } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Deleted'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } } } };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/moods/{id}/restore': {
    get?: never;
    put?: never;
    post: { parameters: { path: { id: string } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Mood'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } } } };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/journal/entries': {
    get: { parameters: { query?: { limit?: number; cursor?: string } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ReflectionPage'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } } } };
    put?: never;
    post: { parameters: { header?: { 'Idempotency-Key'?: string } }; requestBody: { content: { 'application/json': components['schemas']['ReflectionRequest'] } }; responses: { 201: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Reflection'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } } } };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/journal/entries/{id}': {
    get: { parameters: { path: { id: string } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Reflection'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } } } };
    put: { parameters: { path: { id: string }; header: { 'If-Match': string } }; requestBody: { content: { 'application/json': components['schemas']['ReflectionRequest'] } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Reflection'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } } } };
    post?: never;
    delete: { parameters: { path: { id: string }; header: { 'If-Match': string } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Deleted'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } } } };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/journal/entries/{id}/restore': {
    get?: never;
    put?: never;
    post: { parameters: { path: { id: string } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Reflection'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } } } };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/recordings': {
    get: { parameters: { query?: { limit?: number; cursor?: string } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['RecordingPage'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } } } };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/recordings/{id}': {
    get: { parameters: { path: { id: string } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Recording'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } } } };
    put?: never;
    post?: never;
    delete: { parameters: { path: { id: string }; header: { 'If-Match': string } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Deleted'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } } } };
    options?: never;
    head?: never;
    patch: { parameters: { path: { id: string }; header: { 'If-Match': string } }; requestBody: { content: { 'application/json': { title: string } } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Recording'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } } } };
    trace?: never;
  };
  '/api/recordings/{id}/restore': {
    get?: never;
    put?: never;
    post: { parameters: { path: { id: string } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Recording'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } } } };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/recordings/{id}/retry': {
    get?: never;
    put?: never;
    post: { parameters: { path: { id: string } }; responses: { 202: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Recording'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } } } };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/recordings/{id}/transcript': {
    get: { parameters: { path: { id: string } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Transcript'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/problem+json': components['schemas']['Problem'] } } } };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
}
export type webhooks = Record<string, never>;
export interface components {
  schemas: {
    User: { id: string; email: string; display_name: string; role: 'owner' | 'admin' | 'member'; time_zone: string; created_at: string };
    Session: { id: string; created_at: string; expires_at: string };
    SetupState: { needed: boolean; code_required: boolean };
    SetupRequest: { code: string; email: string; password: string; display_name: string };
    UserAnswer: { user: components['schemas']['User'] };
    SignupRequest: { email: string; password: string; display_name?: string };
    LoginRequest: { email: string; password: string };
    Mood: { id: string; score: number; tags: string[]; note: string; noted_at: string; created_at: string; updated_at: string; version: number };
    MoodRequest: { score: number; tags?: string[]; note?: string; noted_at?: string };
    MoodPage: { items: components['schemas']['Mood'][]; next_cursor?: string | null };
    MoodDay: { date: string; count: number; mean?: number | null; low?: number | null; high?: number | null };
    MoodStats: { time_zone: string; from: string; to: string; count: number; mean?: number | null; usual_low?: number | null; usual_high?: number | null; days: components['schemas']['MoodDay'][] };
    Deleted: { undo_until: string };
    Reflection: { id: string; title: string; content: string; tags: string[]; created_at: string; updated_at: string; version: number };
    ReflectionSummary: { id: string; title: string; excerpt: string; tags: string[]; created_at: string; updated_at: string; version: number };
    ReflectionRequest: { title: string; content: string; tags?: string[] };
    ReflectionPage: { items: components['schemas']['ReflectionSummary'][]; next_cursor?: string | null };
    Recording: { id: string; title: string; status: 'queued' | 'working' | 'ready' | 'failed' | 'waiting_for_model'; progress: number; problem?: null | { code: string; detail: string }; file_name: string; container: string; codec: string; size_bytes: number; duration_s: number; language?: string | null; created_at: string; updated_at: string; version: number };
    RecordingPage: { items: components['schemas']['Recording'][]; next_cursor?: string | null };
    Word: { text: string; start: number; end: number; probability: number };
    Segment: { id: number; start: number; end: number; text: string; words: components['schemas']['Word'][] };
    Transcript: { recording_id: string; language: string; provider: string; model: string; duration_s: number; text: string; segments: components['schemas']['Segment'][] };
    Problem: { type: string; title: string; status: number; code: string; detail: string; correlation_id: string; retryable: boolean; errors?: { field: string; code: string; detail: string }[] };
  };
  responses: never;
  parameters: never;
  requestBodies: never;
  headers: never;
  pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
