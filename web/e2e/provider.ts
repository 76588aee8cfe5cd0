// The real OpenID Connect provider of the Rust tests, started for the browser's.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const folder = join(import.meta.dirname, '../../crates/identity/tests/oidc');

export type Provider = { issuer: string; host: string; settings: Record<string, string>; stop: () => Promise<void> };

/** Starts it for a server at `origin`, where it is known by `id` and called `name`. */
export async function startProvider(origin: string, id: string, name: string): Promise<Provider> {
  if (!existsSync(join(folder, 'node_modules'))) throw new Error('The provider is not installed. Run `npm ci --prefix crates/identity/tests/oidc`.');
  const child = spawn(process.execPath, ['provider.mjs', `${origin}/api/auth/oidc/${id}/callback`, origin], { cwd: folder, stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = once(child, 'exit');
  const lines = createInterface(child.stdout);
  const [issuer] = (await Promise.race([once(lines, 'line'), ended.then(() => Promise.reject(new Error('the provider ended')))])) as [string];
  const setting = (part: string) => `OIDC_${id.toUpperCase()}_${part}`;
  return {
    issuer,
    host: new URL(issuer).host,
    settings: { [setting('ISSUER')]: issuer, [setting('NAME')]: name, [setting('CLIENT_ID')]: 'mindvibe', [setting('CLIENT_SECRET')]: 'a secret that only tests know' },
    stop: async () => {
      // It ends when nobody speaks to it any more.
      child.stdin.end();
      await ended;
    },
  };
}
