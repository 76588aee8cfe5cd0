// What administrators see of the last proof: nothing, then what the program found, never more; what everybody sees of it; and
// who sees nothing at all.
import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import type { Person } from './person';
import { binary } from './server';
import { stage } from './stage';

const here = stage({ SECURITY_PAGE: 'on' });
let ada: Person;
let sam: Person;
let guest: Person;

const settings = () => ({ PATH: process.env.PATH ?? '', ENVIRONMENT: 'development', DATA_DIR: here.server.data });

/** Has two rules tried, of which the second has no results to go by; their names come with the command of the page. */
async function prove(command: string): Promise<string> {
  const [, ...words] = command.split(' ');
  const none = join(here.server.data, 'none.json');
  const { stdout } = await promisify(execFile)(binary, [...words, '--only', 'A1-H1', '--only', 'A1-L1', '--evidence', none], { env: settings(), timeout: 60_000 });
  return stdout;
}

const figure = (one: Person, name: string) => one.page.getByTestId('figures').locator('div').filter({ hasText: name }).locator('dd').innerText();
const choose = (one: Person, field: string, option: string) => one.page.getByRole('combobox', { name: field }).selectOption({ label: option });
const shown = (one: Person) => one.page.getByTestId('finding');

beforeAll(async () => {
  ada = await here.arrives({ name: 'Ada', email: 'ada@example.org', password: 'a walk before breakfast' });
  sam = await here.arrives({ name: 'Sam', email: 'sam@example.org', password: 'two bicycles under the arch' });
  guest = await here.arrives({ name: 'Guest', email: 'guest@example.org', password: 'nobody has this one here' });
});

test('the owner has a second step, and then a page on which nothing is proven', async () => {
  await ada.setsUp(here.server);
  await ada.page.goto('/admin/security');
  await ada.sees('First a second step for yourself');
  await ada.setsUpApp();
  await ada.page.getByRole('link', { name: 'Server security' }).click();
  await ada.heading('Security of this server');
  await ada.sees('Nothing has been proven here yet');
  expect(await figure(ada, 'Passed')).toBe('0');
  expect(Number(await figure(ada, 'Never proven'))).toBeGreaterThan(100);
  await ada.looks('security-never');
});

test('what the program finds appears there, what it could not find out as unknown', async () => {
  expect(await prove(await ada.page.getByTestId('command').innerText())).toContain('Kept 4 results');
  await ada.page.reload();
  await ada.sees(/rules have no proof that counts today/);
  expect([await figure(ada, 'Passed'), await figure(ada, 'Unknown'), await figure(ada, 'Failed')]).toEqual(['3', '1', '0']);

  await choose(ada, 'State', 'Passed');
  await ada.sees('1 finding');
  await shown(ada).locator('summary').click();
  await ada.sees('Health says ok and nothing else; monitoring is closed');
  await ada.sees(/\d+ of \d+ answers as expected/);
  await ada.looks('security-passed');

  await choose(ada, 'State', 'Unknown');
  await shown(ada).locator('summary').click();
  await ada.sees(/^no results in /);
  await ada.sees('nothing: results of this program\'s own tests are looked up');

  await choose(ada, 'State', 'Shown by tests');
  await choose(ada, 'Found by', 'Audit 1');
  await shown(ada).filter({ hasText: 'A1-S3' }).locator('summary').click();
  await ada.sees('No attack can see this from outside; tests of every build do.');
  await choose(ada, 'Severity', 'Critical');
  await ada.sees('No finding like that');
  await ada.looks('security-nothing');
});

test('everybody sees figures, and nothing of what was found', async () => {
  await guest.page.goto('/security');
  await guest.heading('How this server withstands attacks');
  await guest.sees('Last tried on');
  expect([await figure(guest, 'Passed'), await figure(guest, 'Unknown')]).toEqual(['3', '1']);
  expect(await guest.page.locator('main').innerText()).not.toMatch(/A1-|health|CWE/i);
  await guest.looks('security-summary');
});

test('who does not look after the server does not see the page', async () => {
  const more = ['user', 'create', '--email', sam.email, '--role', 'member', '--password-stdin'];
  execFileSync(binary, more, { env: settings(), input: sam.password, stdio: ['pipe', 'ignore', 'inherit'] });
  await sam.signsIn();
  await sam.heading(/^Good /);
  await sam.page.goto('/admin/security');
  await sam.sees('This page is for administrators');
  expect(await sam.page.getByRole('link', { name: 'Server security' }).count()).toBe(0);
});
