// Passkeys: from the server's JSON to what a browser wants, and back. Browsers convert by themselves since 2024; for the
// others there are the few lines below (WebAuthn Level 3, section 5.1.8 to 5.1.10).
import { Problem } from './api/problem';
import type { Credential, PasskeyOptions } from './api/types';
import { t, type Key } from './i18n';

// The document says only that these are objects: what is in them is Web Authentication's to say.
type RequestJson = PublicKeyCredentialRequestOptionsJSON;
type CreationJson = PublicKeyCredentialCreationOptionsJSON;

/** Bytes of a base64url text; padding and the older alphabet are understood too. */
export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  const plain = text.replace(/-/g, '+').replace(/_/g, '/').replace(/=+$/, '');
  const binary = atob(plain);
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}

/** Base64url without padding (RFC 4648, section 5). */
export function toBase64Url(bytes: ArrayBuffer): string {
  const binary = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

const descriptor = ({ id, type, transports }: PublicKeyCredentialDescriptorJSON): PublicKeyCredentialDescriptor => ({
  id: fromBase64Url(id),
  type: type as PublicKeyCredentialType,
  ...(transports && { transports: transports as AuthenticatorTransport[] }),
});

/** What `navigator.credentials.get` wants. */
export function requestOptions(json: PasskeyOptions): PublicKeyCredentialRequestOptions {
  const plain = json as unknown as RequestJson;
  if (typeof PublicKeyCredential !== 'undefined' && PublicKeyCredential.parseRequestOptionsFromJSON) {
    return PublicKeyCredential.parseRequestOptionsFromJSON(plain);
  }
  const { challenge, timeout, rpId, allowCredentials, userVerification } = plain;
  return {
    challenge: fromBase64Url(challenge),
    ...(timeout !== undefined && { timeout }),
    ...(rpId !== undefined && { rpId }),
    ...(userVerification && { userVerification: userVerification as UserVerificationRequirement }),
    ...(allowCredentials && { allowCredentials: allowCredentials.map(descriptor) }),
  };
}

/** What `navigator.credentials.create` wants. */
export function creationOptions(json: PasskeyOptions): PublicKeyCredentialCreationOptions {
  const plain = json as unknown as CreationJson;
  if (typeof PublicKeyCredential !== 'undefined' && PublicKeyCredential.parseCreationOptionsFromJSON) {
    return PublicKeyCredential.parseCreationOptionsFromJSON(plain);
  }
  const { rp, user, challenge, pubKeyCredParams, timeout, excludeCredentials, authenticatorSelection, attestation } = plain;
  return {
    rp,
    user: { ...user, id: fromBase64Url(user.id) },
    challenge: fromBase64Url(challenge),
    pubKeyCredParams: pubKeyCredParams as PublicKeyCredentialParameters[],
    ...(timeout !== undefined && { timeout }),
    ...(excludeCredentials && { excludeCredentials: excludeCredentials.map(descriptor) }),
    ...(authenticatorSelection && { authenticatorSelection }),
    ...(attestation && { attestation: attestation as AttestationConveyancePreference }),
  };
}

/** A browser's answer as JSON. Some password managers put an object in the way whose own conversion fails. */
export function toJson(credential: PublicKeyCredential): Credential {
  try {
    if (typeof credential.toJSON === 'function') return credential.toJSON() as unknown as Credential;
  } catch {
    // Converted by hand below.
  }
  const { response } = credential;
  const made: Record<string, unknown> = { clientDataJSON: toBase64Url(response.clientDataJSON) };
  if ('attestationObject' in response) {
    const created = response as AuthenticatorAttestationResponse;
    made.attestationObject = toBase64Url(created.attestationObject);
    made.transports = typeof created.getTransports === 'function' ? created.getTransports() : [];
  } else {
    const proof = response as AuthenticatorAssertionResponse;
    made.authenticatorData = toBase64Url(proof.authenticatorData);
    made.signature = toBase64Url(proof.signature);
    if (proof.userHandle) made.userHandle = toBase64Url(proof.userHandle);
  }
  return {
    id: credential.id,
    rawId: toBase64Url(credential.rawId),
    type: credential.type,
    ...(credential.authenticatorAttachment && { authenticatorAttachment: credential.authenticatorAttachment }),
    clientExtensionResults: credential.getClientExtensionResults(),
    response: made,
  };
}

/** Whether this browser, on this address, can do passkeys at all. */
export const passkeysHere = (): boolean => typeof PublicKeyCredential === 'function' && Boolean(navigator.credentials);

/** Whether the browser offers passkeys among what it fills into a form. */
export async function autofillHere(): Promise<boolean> {
  if (!passkeysHere() || typeof PublicKeyCredential.isConditionalMediationAvailable !== 'function') return false;
  return PublicKeyCredential.isConditionalMediationAvailable();
}

const WHY: Record<string, Key> = {
  NotAllowedError: 'passkey.cancelled',
  InvalidStateError: 'passkey.known',
  SecurityError: 'passkey.address',
  NotSupportedError: 'passkey.unsupported',
  ConstraintError: 'passkey.unsupported',
};

/** What a browser throws, in words; `cancelled` when our own page called it off. */
export function passkeyProblem(thrown: unknown): unknown {
  if (!(thrown instanceof DOMException)) return thrown;
  if (thrown.name === 'AbortError') return new Problem(0, { code: 'cancelled' });
  return new Problem(0, { code: 'passkey', detail: t(WHY[thrown.name] ?? 'passkey.failed'), retryable: true });
}

/** Asks the person for a passkey; with `autofill` quietly, among what the browser fills in. */
export async function askPasskey(options: PasskeyOptions, signal?: AbortSignal, autofill = false): Promise<Credential> {
  try {
    const found = await navigator.credentials.get({
      publicKey: requestOptions(options),
      ...(signal && { signal }),
      ...(autofill && { mediation: 'conditional' }),
    });
    if (found instanceof PublicKeyCredential) return toJson(found);
  } catch (thrown) {
    throw passkeyProblem(thrown);
  }
  throw new Problem(0, { code: 'passkey', detail: t('passkey.failed') });
}

/** Makes a passkey for this account. */
export async function makePasskey(options: PasskeyOptions): Promise<Credential> {
  try {
    const made = await navigator.credentials.create({ publicKey: creationOptions(options) });
    if (made instanceof PublicKeyCredential) return toJson(made);
  } catch (thrown) {
    throw passkeyProblem(thrown);
  }
  throw new Problem(0, { code: 'passkey', detail: t('passkey.failed') });
}
