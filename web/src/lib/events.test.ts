import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import account from '../locales/account.en.json';
import { wordOf } from './events';
import { learn } from './i18n';

const slice = join(import.meta.dirname, '../../../crates/identity/src');

/** Every kind of event that the server writes down. */
function noted(): string[] {
  const sources = readdirSync(slice, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.rs') && !/(^|\/)tests\//.test(name));
  const code = sources.map((name) => readFileSync(join(slice, name), 'utf8')).join('\n');
  return [...new Set([...code.matchAll(/\.note(?:_from)?\(\s*(?:&mut )?tx,[^"]*?"([a-z_]+)"/g)].map(([, kind = '']) => kind))].sort();
}

it('has words for every kind of event, and for no other', () => {
  const words = Object.keys(account).filter((key) => key.startsWith('event.')).map((key) => key.slice('event.'.length));
  expect(words.sort()).toEqual(noted());
});

it('shows a kind that has no words yet as the server calls it', () => {
  learn(account);
  expect([wordOf('signed_in'), wordOf('moon_landed')]).toEqual(['Signed in', 'Moon landed']);
});
