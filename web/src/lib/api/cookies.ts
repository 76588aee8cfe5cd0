/** The value of one cookie in a `document.cookie` text, or null. */
export function cookie(text: string, name: string): string | null {
  for (const part of text.split(';')) {
    const at = part.indexOf('=');
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return null;
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/** The header that proves a write comes from our own page: `{'X-CSRF-Token': …}`, or nothing for a read. */
export function csrfHeader(method: string, cookies: string): Record<string, string> {
  if (SAFE.has(method.toUpperCase())) return {};
  const token = cookie(cookies, '__Host-csrf');
  return token ? { 'X-CSRF-Token': token } : {};
}
