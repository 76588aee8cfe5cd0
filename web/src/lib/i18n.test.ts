import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import account from '../locales/account.en.json';
import en from '../locales/en.json';
import { fill, sentence, t, tn } from './i18n';

const source = join(import.meta.dirname, '..');
const words: Record<string, string> = { ...en, ...account };
const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? files(path) : /\.(svelte|ts)$/.test(path) && !path.endsWith('.test.ts') ? [path] : [];
  });
}

describe('words', () => {
  it('fills placeholders, and leaves one without a value to be seen', () => {
    expect(fill('{a} and {b}', { a: 1234 })).toBe('1,234 and {b}');
    expect(t('tags.remove', { tag: 'sleep' })).toBe('Remove the tag sleep');
    expect([tn('trend.moods', 1), tn('trend.moods', 0), tn('trend.moods', 2)]).toEqual(['1 mood', '0 moods', '2 moods']);
  });

  it('ends what the server says with a full stop, once', () => {
    expect(['It is sent', 'It is sent. ', 'Is it?'].map(sentence)).toEqual(['It is sent.', 'It is sent.', 'Is it?']);
  });

  it('stands in one catalogue only', () => {
    expect(Object.keys(account).filter((key) => key in en)).toEqual([]);
  });

  it('has both forms of every plural, with the same placeholders', () => {
    for (const key of Object.keys(words).filter((name) => name.endsWith('.one'))) {
      const other = key.replace(/\.one$/, '.other');
      if (key === 'recording.one' || key === 'reflection.one') continue;
      expect(words, key).toHaveProperty([other]);
      expect(placeholders(words[key] ?? ''), key).toEqual(placeholders(words[other] ?? ''));
    }
  });

  it('has no empty word and none that nobody uses', () => {
    const code = files(source).map((path) => readFileSync(path, 'utf8')).join('\n');
    for (const [key, text] of Object.entries(words)) {
      expect(text.trim(), key).not.toBe('');
      const base = key.replace(/\.(one|other)$/, '');
      const computed = /^(status|role|event|journal\.filter|journal\.empty)\./.test(key);
      expect(computed || code.includes(`'${key}'`) || code.includes(`'${base}'`), `${key} is used nowhere`).toBe(true);
    }
  });

  it('is known in every other language by the same keys and placeholders', () => {
    for (const name of readdirSync(join(source, 'locales'))) {
      const translated = JSON.parse(readFileSync(join(source, 'locales', name), 'utf8')) as Record<string, string>;
      const catalogue = name.startsWith('account.') ? account : en;
      expect(Object.keys(translated).sort(), name).toEqual(Object.keys(catalogue).sort());
      for (const [key, text] of Object.entries(translated)) expect(placeholders(text), `${name} ${key}`).toEqual(placeholders(words[key] ?? ''));
    }
  });

  it('of the account is there wherever it is used', () => {
    const imports = (path: string, seen: Set<string>): Set<string> => {
      if (seen.has(path)) return seen;
      seen.add(path);
      const text = readFileSync(path, 'utf8');
      for (const [, from] of text.matchAll(/^\s*import (?:[^;'(]* from )?'(\.[^']+)'/gm)) {
        const to = join(path, '..', from ?? '');
        const file = [to, `${to}.ts`].find((name) => /\.(svelte|ts)$/.test(name) && existsSync(name));
        if (file) imports(file, seen);
      }
      return seen;
    };
    const starts = [...files(join(source, 'pages')), ...files(join(source, 'app')), join(source, 'main.ts')].filter((path) => !path.includes('/security/'));
    const late = Object.keys(account).map((key) => key.replace(/\.(one|other)$/, ''));
    for (const start of starts) {
      const all = [...imports(start, new Set())];
      if (all.some((path) => path.endsWith('/lib/words.ts'))) continue;
      const text = all.map((path) => readFileSync(path, 'utf8')).join('\n');
      expect(late.filter((key) => text.includes(`'${key}'`)), start).toEqual([]);
    }
  });

  it('is the only place of words: no page writes its own', () => {
    for (const path of files(source).filter((name) => name.endsWith('.svelte'))) {
      const markup = readFileSync(path, 'utf8').replace(/<script[\s\S]*?<\/script>/g, '').replace(/<!--[\s\S]*?-->/g, '').replace(/<code[\s\S]*?<\/code>/g, '');
      const attributes = [...markup.matchAll(/\s(?:aria-label|title|placeholder|alt)="([^"{]+)"/g)].map(([, text]) => text);
      expect(attributes, path).toEqual([]);
    }
  });
});
