import { afterEach, describe, expect, it, vi } from 'vitest';
import { Problem } from './api/problem';
import { creationOptions, fromBase64Url, passkeyProblem, requestOptions, toBase64Url, toJson } from './webauthn';

const bytes = (...values: number[]) => Uint8Array.from(values);

afterEach(() => vi.unstubAllGlobals());

describe('base64url', () => {
  it.each([
    ['', []],
    ['AA', [0]],
    ['-_8', [0xfb, 0xff]],
    ['-_8=', [0xfb, 0xff]],
    ['+/8=', [0xfb, 0xff]],
    ['AQIDBA', [1, 2, 3, 4]],
  ])('%s', (text, values) => {
    expect([...fromBase64Url(text)]).toEqual(values);
  });

  it('goes both ways for every byte', () => {
    const all = Uint8Array.from({ length: 256 }, (_, value) => value);
    const text = toBase64Url(all.buffer);
    expect(text).toMatch(/^[\w-]+$/);
    expect([...fromBase64Url(text)]).toEqual([...all]);
  });
});

describe('what the server asks for', () => {
  const request = { challenge: 'AQID', rpId: 'localhost', timeout: 60_000, userVerification: 'required', allowCredentials: [{ id: 'BAU', type: 'public-key', transports: ['internal'] }], extensions: { credProps: true } };

  it('becomes bytes where the browser cannot convert', () => {
    const plain = requestOptions(request);
    expect(plain).toMatchObject({ rpId: 'localhost', timeout: 60_000, userVerification: 'required' });
    expect(plain.challenge).toEqual(bytes(1, 2, 3));
    expect(plain.allowCredentials).toEqual([{ id: bytes(4, 5), type: 'public-key', transports: ['internal'] }]);
    expect(plain).not.toHaveProperty('extensions');
  });

  it('is left to the browser where it can', () => {
    const parseRequestOptionsFromJSON = vi.fn(() => ({ challenge: bytes(9) }));
    vi.stubGlobal('PublicKeyCredential', { parseRequestOptionsFromJSON });
    expect(requestOptions(request)).toEqual({ challenge: bytes(9) });
    expect(parseRequestOptionsFromJSON).toHaveBeenCalledWith(request);
  });

  it('also for a new passkey', () => {
    const made = creationOptions({
      rp: { id: 'localhost', name: 'MindVibe' },
      user: { id: 'AQ', name: 'ada@example.org', displayName: 'Ada' },
      challenge: 'Ag',
      pubKeyCredParams: [{ type: 'public-key', alg: -8 }],
      excludeCredentials: [{ id: 'Aw', type: 'public-key' }],
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      attestation: 'none',
    });
    expect(made.user).toEqual({ id: bytes(1), name: 'ada@example.org', displayName: 'Ada' });
    expect(made.challenge).toEqual(bytes(2));
    expect(made.excludeCredentials).toEqual([{ id: bytes(3), type: 'public-key' }]);
    expect(made).toMatchObject({ attestation: 'none', authenticatorSelection: { residentKey: 'required' } });
  });
});

describe('what the browser answers', () => {
  const base = { id: 'BAU', rawId: bytes(4, 5).buffer, type: 'public-key', authenticatorAttachment: null, getClientExtensionResults: () => ({ credProps: { rk: true } }) };

  it('a proof', () => {
    const response = { clientDataJSON: bytes(1).buffer, authenticatorData: bytes(2).buffer, signature: bytes(3).buffer, userHandle: null };
    expect(toJson({ ...base, response } as unknown as PublicKeyCredential)).toEqual({
      id: 'BAU',
      rawId: 'BAU',
      type: 'public-key',
      clientExtensionResults: { credProps: { rk: true } },
      response: { clientDataJSON: 'AQ', authenticatorData: 'Ag', signature: 'Aw' },
    });
  });

  it('a new passkey, also when its own conversion fails', () => {
    const response = { clientDataJSON: bytes(1).buffer, attestationObject: bytes(2).buffer, getTransports: () => ['internal'] };
    const toJSON = () => {
      throw new TypeError('Illegal invocation');
    };
    expect(toJson({ ...base, response, toJSON } as unknown as PublicKeyCredential)).toMatchObject({
      rawId: 'BAU',
      response: { clientDataJSON: 'AQ', attestationObject: 'Ag', transports: ['internal'] },
    });
  });

  it('by its own conversion where there is one', () => {
    expect(toJson({ ...base, toJSON: () => ({ id: 'own' }) } as unknown as PublicKeyCredential)).toEqual({ id: 'own' });
  });
});

it('says in words what went wrong', () => {
  expect(passkeyProblem(new DOMException('', 'AbortError'))).toMatchObject({ code: 'cancelled' });
  const refused = passkeyProblem(new DOMException('', 'NotAllowedError')) as Problem;
  expect(refused).toBeInstanceOf(Problem);
  expect(refused.detail).not.toBe((passkeyProblem(new DOMException('', 'InvalidStateError')) as Problem).detail);
  const ours = new RangeError('a mistake of ours');
  expect(passkeyProblem(ours)).toBe(ours);
});
