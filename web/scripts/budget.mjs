// How much a browser has to load, by Vite's manifest, in kilobytes after brotli. Fails above the budget.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';

const dist = new URL('../dist/', import.meta.url).pathname;
const manifest = JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8'));

const brotli = (file) => brotliCompressSync(readFileSync(join(dist, file))).length;

/** Every chunk that the entry and the given page load, each once. */
function closure(...keys) {
  const files = new Set();
  const styles = new Set();
  const seen = new Set();
  const walk = (key) => {
    if (seen.has(key)) return;
    seen.add(key);
    const chunk = manifest[key];
    if (!chunk) throw new Error(`no chunk ${key} in the manifest; build first`);
    files.add(chunk.file);
    for (const style of chunk.css ?? []) styles.add(style);
    for (const next of chunk.imports ?? []) walk(next);
  };
  keys.forEach(walk);
  return { js: [...files], css: [...styles] };
}

const sum = (files) => files.reduce((total, file) => total + brotli(file), 0);
const entry = 'index.html';
const shell = 'src/app/Shell.svelte';
const page = (name) => `src/pages/${name}.svelte`;

const signIn = closure(entry, page('SignIn'));
const today = closure(entry, shell, page('Today'));
const lines = [
  ['sign-in JS', sum(signIn.js), 45],
  ['sign-in CSS', sum(signIn.css), 15],
  ['Today JS, all of it', sum(today.js), 90],
];
const base = new Set(closure(entry, shell).js);
for (const key of Object.keys(manifest).filter((name) => name.startsWith('src/pages/')).sort()) {
  const own = closure(key).js.filter((file) => !base.has(file));
  lines.push([`${key.slice('src/pages/'.length, -'.svelte'.length)} route JS`, sum(own), 40]);
}
const total = (folder) =>
  readdirSync(folder).reduce((bytes, name) => {
    const path = join(folder, name);
    return bytes + (statSync(path).isDirectory() ? total(path) : statSync(path).size);
  }, 0);
lines.push(['all embedded files, plain and packed', total(dist), 3072]);

let failed = false;
for (const [what, bytes, limit] of lines) {
  const over = bytes > limit * 1024;
  failed ||= over;
  console.log(`${over ? 'OVER' : 'ok  '}  ${(bytes / 1024).toFixed(1).padStart(7)} of ${String(limit).padStart(4)} kB  ${what}`);
}
process.exit(failed ? 1 : 0);
