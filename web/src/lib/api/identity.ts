// Who somebody is, as the server speaks of it: accounts, proofs, sessions, keys. Written after the contract by hand, in the
// form of the generated document, so that the client is typed the same way everywhere.

export type Role = 'owner' | 'admin' | 'member';

export type User = {
  id: string;
  email: string;
  display_name: string;
  role: Role;
  locale?: string | null;
  time_zone: string;
  created_at: string;
  second_factor?: boolean;
};
export type Session = { id: string; created_at: string; expires_at: string; confirmed_until?: string | null };
export type Me = { user: User; session: Session };

export type Registration = 'open' | 'approval' | 'invite' | 'closed';
export type PasswordMode = 'two-road' | 'nist' | 'audit';
export type Provider = { id: string; name: string };
export type Policy = { registration: Registration; mail: boolean; password_mode: PasswordMode; providers: Provider[]; passkeys: boolean };

export type Said = { message: string };
export type SignUp = { email: string; password: string; display_name?: string; locale?: string; time_zone?: string; invite?: string };
export type Verified = { email: string; status: 'active' | 'awaiting_approval' };

export type SignedIn = { status: 'signed_in'; user: User };
export type SecondStep = { status: 'additional_verification_required'; challenge_id: string };

export type Method = 'passkey' | 'totp' | 'backup_code' | 'password';
/** What a browser needs to ask for a passkey; some servers wrap it in `publicKey`. */
export type RequestOptions = PublicKeyCredentialRequestOptionsJSON | { publicKey: PublicKeyCredentialRequestOptionsJSON };
export type CreationOptions = PublicKeyCredentialCreationOptionsJSON | { publicKey: PublicKeyCredentialCreationOptionsJSON };
export type ProofOptions = { methods: Method[]; passkey: RequestOptions | null };
/** A passkey's answer in JSON. */
export type Credential = Record<string, unknown>;
/** Exactly one proof. */
export type Proof = { password: string } | { totp: string } | { backup_code: string } | { passkey: Credential };

export type SessionItem = {
  id: string;
  current: boolean;
  surface: 'browser' | 'token';
  created_at: string;
  last_seen_at: string;
  expires_at: string;
  device: string;
  network: string;
  place: string | null;
  suspicious: boolean;
};
export type SecondFactors = { totp: boolean; backup_codes_left: number; passkeys: number; trusted_devices: number };
export type TotpSetup = { secret: string; uri: string; qr_svg: string };
export type BackupCodes = { backup_codes: string[] };
export type Device = { id: string; device: string; network?: string | null; created_at: string; last_used_at?: string | null; expires_at: string; current?: boolean };
export type Passkey = { id: string; name: string; created_at: string; last_used_at: string | null; backed_up: boolean };
export type Ceremony<Options> = { ceremony_id: string; options: Options };

export type ApiKey = {
  id: string;
  name: string;
  prefix: string;
  scopes: string[];
  addresses: string[];
  rate_per_minute: number | null;
  require_signature: boolean;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
};
export type Signing = { kind: 'ed25519'; public_key: string } | { kind: 'hmac' };
export type NewApiKey = {
  name: string;
  scopes: string[];
  expires_in_days?: number;
  addresses?: string[];
  rate_per_minute?: number;
  require_signature?: boolean;
  signing?: Signing | null;
};
export type MadeApiKey = ApiKey & { key: string; signing_secret?: string | null };

export type Connection = { id: string; provider: string; name?: string; email?: string | null; created_at: string };
export type SecurityEvent = { id: string; at: string; kind: string; network: string | null; device: string | null };
export type Invitation = { id: string; email: string | null; role: Role; expires_at: string; created_at?: string; used_at?: string | null; link?: string | null };
export type MadeInvitation = Invitation & { link: string };
export type Approval = { user_id: string; email: string; display_name: string; created_at: string };
export type Mail = { id: string; to: string; subject: string; at: string; text: string };

export type List<T> = { items: T[]; next_cursor?: string | null };

type Nothing = Record<string, never>;
type NoParameters = { query?: never; header?: never; path?: never; cookie?: never };
type WithId = { query?: never; header?: never; path: { id: string }; cookie?: never };
type Paged = { query?: { limit?: number; cursor?: string }; header?: never; path?: never; cookie?: never };

type Answers<A> = { responses: { 200: { headers: Record<string, unknown>; content: A extends undefined ? { 'application/json'?: never } : { 'application/json': A } } } };
type Read<A, P = NoParameters> = { parameters: P; requestBody?: never } & Answers<A>;
type Write<B, A, P = NoParameters> = { parameters: P; requestBody: { content: { 'application/json': B } } } & Answers<A>;
type Done = undefined;

type Route<M> = { parameters: NoParameters } & M;

/** The routes of identity. */
export type IdentityPaths = {
  '/api/setup': Route<{ get: Read<{ needed: boolean; code_required: boolean }>; post: Write<{ code: string; email: string; password: string; display_name: string }, { user: User }> }>;
  '/api/auth/policy': Route<{ get: Read<Policy> }>;
  '/api/auth/signup': Route<{ post: Write<SignUp, Said> }>;
  '/api/auth/verify-email': Route<{ post: Write<{ token: string }, Verified> }>;
  '/api/auth/resend-verification': Route<{ post: Write<{ email: string }, Said> }>;
  '/api/auth/password-reset': Route<{ post: Write<{ email: string }, Said> }>;
  '/api/auth/password-reset/confirm': Route<{ post: Write<{ token: string; password: string }, { status: string }> }>;
  '/api/auth/unlock': Route<{ post: Write<{ token: string }, { status: string }> }>;
  '/api/auth/not-me': Route<{ post: Write<{ token: string }, { status: string }> }>;
  '/api/auth/password': Route<{ post: Write<{ current_password: string; password: string }, { user: User }> }>;
  '/api/auth/me': Route<{ get: Read<Me>; patch: Write<{ display_name?: string; locale?: string; time_zone?: string }, Me> }>;
  '/api/auth/invitations': Route<{ get: Read<List<Invitation>, Paged>; post: Write<{ email?: string; role?: Role }, MadeInvitation> }>;
  '/api/auth/invitations/{id}': Route<{ delete: Read<Done, WithId> }>;
  '/api/auth/approvals': Route<{ get: Read<List<Approval>, Paged> }>;
  '/api/auth/approvals/{user_id}': Route<{ post: Write<{ approve: boolean }, Done, { query?: never; header?: never; path: { user_id: string }; cookie?: never }> }>;
  '/api/auth/events': Route<{ get: Read<List<SecurityEvent>, Paged> }>;
  '/api/auth/outbox': Route<{ get: Read<List<Mail>, Paged> }>;
  '/api/auth/login': Route<{ post: Write<{ email: string; password: string }, SignedIn | SecondStep> }>;
  '/api/auth/logout': Route<{ post: Read<Done> }>;
  '/api/auth/second-factor/options': Route<{ post: Write<{ challenge_id: string }, ProofOptions> }>;
  '/api/auth/second-factor': Route<{ post: Write<{ challenge_id: string; trust_device?: boolean } & Proof, SignedIn> }>;
  '/api/auth/step-up/options': Route<{ post: Write<Nothing, ProofOptions> }>;
  '/api/auth/step-up': Route<{ post: Write<Proof, { confirmed_until: string }> }>;
  '/api/auth/sessions': Route<{ get: Read<List<SessionItem>> }>;
  '/api/auth/sessions/{id}': Route<{ delete: Read<Done, WithId> }>;
  '/api/auth/sessions/revoke-others': Route<{ post: Write<Nothing, { revoked: number }> }>;
  '/api/auth/sessions/revoke-all': Route<{ post: Write<Nothing, Done> }>;
  '/api/auth/2fa': Route<{ get: Read<SecondFactors> }>;
  '/api/auth/2fa/setup': Route<{ post: Write<Nothing, TotpSetup> }>;
  '/api/auth/2fa/enable': Route<{ post: Write<{ code: string }, BackupCodes> }>;
  '/api/auth/2fa/disable': Route<{ post: Write<{ code: string }, Done> }>;
  '/api/auth/2fa/regenerate-backup-codes': Route<{ post: Write<Nothing, BackupCodes> }>;
  '/api/auth/devices': Route<{ get: Read<List<Device>> }>;
  '/api/auth/devices/{id}': Route<{ delete: Read<Done, WithId> }>;
  '/api/auth/passkeys': Route<{ get: Read<List<Passkey>> }>;
  '/api/auth/passkeys/{id}': Route<{ patch: Write<{ name: string }, Passkey, WithId>; delete: Read<Done, WithId> }>;
  '/api/auth/passkeys/register/start': Route<{ post: Write<Nothing, Ceremony<CreationOptions>> }>;
  '/api/auth/passkeys/register/finish': Route<{ post: Write<{ ceremony_id: string; name: string; credential: Credential }, Passkey> }>;
  '/api/auth/passkeys/sign-in/start': Route<{ post: Write<{ email?: string }, Ceremony<RequestOptions>> }>;
  '/api/auth/passkeys/sign-in/finish': Route<{ post: Write<{ ceremony_id: string; credential: Credential }, SignedIn> }>;
  '/auth/api-keys': Route<{ get: Read<List<ApiKey>>; post: Write<NewApiKey, MadeApiKey> }>;
  '/auth/api-keys/{id}': Route<{ delete: Read<Done, WithId> }>;
  '/auth/api-keys/{id}/renew': Route<{ post: Write<Nothing, ApiKey, WithId> }>;
  '/auth/api-keys/{id}/rotate': Route<{ post: Write<Nothing, MadeApiKey, WithId> }>;
  '/api/auth/connections': Route<{ get: Read<List<Connection>> }>;
  '/api/auth/connections/{id}': Route<{ delete: Read<Done, WithId> }>;
  '/api/auth/oidc/{provider}/link': Route<{ post: Write<Nothing, { url: string }, { query?: never; header?: never; path: { provider: string }; cookie?: never }> }>;
};
