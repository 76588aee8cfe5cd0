// Who one is, by the browser, against the real binary: sign-up by mail, second steps, passkeys, sessions, keys, and the
// ways back in. Mails are read where the owner reads them in development.
import { Secret, TOTP } from 'otpauth';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { inspect, launch, watch, type Watched } from './browser';
import { startServer, type Server } from './server';

const owner = { name: 'Ada', email: 'ada@example.org', password: 'a walk before breakfast' };
const grace = { name: 'Grace', email: 'grace@example.org', password: 'seven quiet harbours at dusk' };
// Many people stand behind one address in this test; that limits hold is tested where they are made.
const PATIENT = Object.fromEntries(['SIGN_IN_BY_ADDRESS', 'SECOND_FACTOR', 'SIGN_UP', 'LETTERS', 'LINKS', 'ANONYMOUS'].map((kind) => [`RATE_LIMIT_${kind}`, '10000/60']));

let server: Server;
let browser: Browser;
let ada: Watched;
let her: Watched;
let page: Page;
let secret = '';
let backup: string[] = [];
let lastStep = 0;

const button = (name: string | RegExp, on: Page | Locator = page) => on.getByRole('button', { name, exact: typeof name === 'string' });
const field = (name: string, on: Page | Locator = page) => on.getByRole('textbox', { name, exact: true });
const heading = (name: string | RegExp, on: Page = page) => on.getByRole('heading', { level: 1, name }).waitFor();
const dialog = (name: string | RegExp, on: Page = page) => on.getByRole('dialog', { name });
const looks = async (name: string, on: Page = page) => expect(await inspect(on, `identity-${name}`)).toEqual([]);

/** A code of a step that was not used yet; the server takes the one after the present one too. */
async function code(): Promise<string> {
  const now = () => Math.floor(Date.now() / 30_000);
  const step = Math.max(now(), lastStep + 1);
  while (step > now() + 1) await new Promise((done) => setTimeout(done, 500));
  lastStep = step;
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: step * 30_000 });
}

type Mail = { to: string; subject: string; text: string; at: string };

/** The newest mail of a kind to somebody, once it is there. */
async function mail(to: string, subject: RegExp, after = ''): Promise<Mail> {
  for (let turn = 0; turn < 60; turn += 1) {
    const answer = await ada.page.request.get('/api/auth/outbox?limit=100');
    expect(answer.status()).toBe(200);
    const { items } = (await answer.json()) as { items: Mail[] };
    const found = items.find((one) => one.to === to && subject.test(one.subject) && one.at > after);
    if (found) return found;
    await new Promise((done) => setTimeout(done, 500));
  }
  throw new Error(`no mail "${subject.source}" to ${to}`);
}

function linkIn({ text }: Mail, kind: string): string {
  const found = new RegExp(`https?://[^\\s]+#${kind}_[\\w-]+`).exec(text)?.[0];
  if (!found) throw new Error(`no link of the kind ${kind} in:\n${text}`);
  const url = new URL(found);
  return url.pathname + url.hash;
}

async function signIn(on: Page, { email, password }: { email: string; password: string }): Promise<void> {
  await on.goto('/sign-in');
  await heading('Welcome back', on);
  await field('E-mail', on).fill(email);
  await field('Password', on).fill(password);
  await button('Sign in', on).click();
}

async function signOut(on: Page): Promise<void> {
  await on.goto('/account');
  await button('Sign out', on).click();
  await on.getByText('You are signed out.').waitFor();
}

/** Types a code where one is asked for, however the question is put first. */
async function secondStep(on: Page): Promise<void> {
  await heading('One more step', on);
  const other = button('Use a code from the app', on);
  await other.or(field('Code', on)).first().waitFor();
  if (!(await field('Code', on).isVisible())) await other.click();
  await field('Code', on).fill(await code());
  await button('Sign in', on).click();
}

/** Confirms, where a fresh proof is asked for before something is shown. */
async function confirmed(shown: Locator, proof: 'Password' | 'Code'): Promise<void> {
  const sure = dialog('Is it you?');
  await shown.or(sure).first().waitFor();
  if (await sure.isVisible()) {
    const way = field(proof, sure);
    const other = button('Use a code from the app', sure);
    await way.or(other).first().waitFor();
    if (!(await way.isVisible())) await other.click();
    await way.fill(proof === 'Code' ? await code() : grace.password);
    await button('Confirm', sure).click();
  }
  await shown.first().waitFor();
}

/** Opens a mailed link as a person does: the token leaves the address bar, and nothing happens before a press. */
async function open(on: Page, path: string): Promise<void> {
  await on.goto('about:blank');
  await on.goto(path);
  await on.getByRole('heading', { level: 1 }).waitFor();
  expect(new URL(on.url()).hash).toBe('');
}

beforeAll(async () => {
  server = await startServer(PATIENT);
  browser = await launch();
  ada = await watch(browser, server.url);
  her = await watch(browser, server.url);
  page = her.page;
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

afterEach((context) => {
  if (context.task.result?.state === 'fail') console.log(server.output().split('\n').slice(-20).join('\n'));
  for (const one of [ada, her]) {
    expect(one.faults).toEqual([]);
    expect(one.violations).toEqual([]);
  }
});

test('the owner comes first', async () => {
  const on = ada.page;
  await on.goto('/');
  await heading('Make it yours', on);
  await field('One-time code', on).fill(server.code);
  await field('Name', on).fill(owner.name);
  await field('E-mail', on).fill(owner.email);
  await field('Password', on).fill(owner.password);
  await button(/owner's account/, on).click();
  await heading(/^Good .*, Ada$/, on);
});

test('an account is made, and opens after its address is confirmed by a press', async () => {
  await page.goto('/sign-in');
  await page.getByRole('link', { name: 'Create an account' }).click();
  await field('Name').waitFor();
  await looks('sign-up');
  await field('Name').fill(grace.name);
  await field('E-mail').fill(grace.email);
  await field('Password').fill(grace.password);
  await button('Create an account').click();
  await heading('Almost there');
  await looks('signed-up');
  await signIn(page, grace);
  await page.getByText('Invalid email or password').waitFor();

  const link = linkIn(await mail(grace.email, /Confirm/), 'verify');
  await open(page, link);
  await heading('Confirm your address');
  await looks('verify');
  await button('Confirm this address').click();
  await heading('Confirmed');
  await looks('verified');
  await open(page, link);
  await button('Confirm this address').click();
  await heading('This link opens nothing any more');
  await looks('void');
  await signIn(page, grace);
  await heading(/^Good .*, Grace$/);
});

test('the owner sees the mail in the outbox', async () => {
  await ada.page.goto('/admin/outbox');
  await ada.page.getByTestId('mail').first().waitFor();
  await looks('outbox', ada.page);
  await ada.page.goto('/');
});

test('an authenticator app is set up, with ten codes to keep', async () => {
  await page.goto('/account/security');
  await page.getByText('A password alone opens your account').waitFor();
  await looks('security-bare');
  await button('Set up an app').click();
  const shown = page.getByTestId('totp-secret');
  await confirmed(shown, 'Password');
  const width = page.getByRole('img', { name: /QR code/ }).evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth));
  expect(await width).toBeGreaterThan(0);
  secret = (await shown.innerText()).replace(/\s+/g, '');
  await looks('totp');
  await field('Code').fill(await code());
  await button('Switch it on').click();
  await page.getByTestId('backup-codes').waitFor();
  backup = await page.getByTestId('backup-codes').locator('li').allInnerTexts();
  expect(new Set(backup).size).toBe(10);
  await looks('codes');
  await page.keyboard.press('Escape');
  await page.getByTestId('backup-codes').waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Save as a file' }).click()]);
  expect(download.suggestedFilename()).toBe('mindvibe-backup-codes.txt');
  await button('I have kept them').click();
  await page.getByText('Your account has a second step').waitFor();
});

test('a sign-in asks for a code, and not on a device that is trusted', async () => {
  await signOut(page);
  await signIn(page, grace);
  await heading('One more step');
  await field('Code').fill('000000');
  await button('Sign in').click();
  await page.getByText('This code is not valid').waitFor();
  await looks('second-step');
  await page.getByRole('checkbox', { name: /Skip this step/ }).check();
  await secondStep(page);
  await heading(/^Good /);
  await signOut(page);
  await signIn(page, grace);
  await heading(/^Good /);
  await page.goto('/account/security');
  await button(/^Forget the device/).click();
  await button('Forget', dialog('Forget this device?')).click();
  await page.getByText('None: the second step is asked everywhere.').waitFor();
});

test('a backup code opens once', async () => {
  const [one = ''] = backup;
  const show = async () => {
    await signOut(page);
    await signIn(page, grace);
    await heading('One more step');
    await button('Use a backup code').click();
    await field('Backup code').fill(one);
    await button('Sign in').click();
  };
  await show();
  await heading(/^Good /);
  await show();
  await page.getByText('This code is not valid').waitFor();
  await secondStep(page);
  await heading(/^Good /);
  await page.goto('/account/security');
  await page.getByText('9 of 10 left').waitFor();
});

test('a passkey is added, renamed, signs in, and is deleted', async () => {
  const devtools = await her.context.newCDPSession(page);
  await devtools.send('WebAuthn.enable', { enableUI: false });
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  await button('Add a passkey').click();
  const naming = dialog('Add a passkey');
  await confirmed(naming, 'Code');
  await field('Name', naming).fill('Laptop');
  await looks('passkey-new');
  await button('Go on', naming).click();
  await naming.waitFor({ state: 'hidden' });
  expect((await devtools.send('WebAuthn.getCredentials', { authenticatorId })).credentials).toHaveLength(1);
  await button('Rename the passkey Laptop').click();
  await field('Name', dialog('Rename the passkey')).fill('Old laptop');
  await button('Save').click();
  await page.getByText('Old laptop').waitFor();
  await looks('security');

  const presence = (enabled: boolean) => devtools.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
  await presence(false);
  // What waits behind the field began while nobody was there. The press takes its place, and finds somebody.
  const waiting = page.waitForResponse((answer) => answer.url().endsWith('/passkeys/sign-in/start'));
  await signOut(page);
  await (await waiting).finished();
  await page.evaluate(() => new Promise((next) => setTimeout(next, 200)));
  await presence(true);
  await button('Sign in with a passkey').click();
  await heading(/^Good /);
  // Among what the browser fills in, which this authenticator picks at once: nothing is typed and nothing is pressed.
  await page.goto('/account');
  await button('Sign out').click();
  await heading(/^Good /);

  await page.goto('/account/security');
  await button('Delete the passkey Old laptop').click();
  await button('Delete', dialog('Delete the passkey Old laptop?')).click();
  await page.getByText('Old laptop').first().waitFor({ state: 'detached' });
  await devtools.send('WebAuthn.disable');
  await devtools.detach();
});

test('a session that is ended elsewhere says what to do next', async () => {
  const other = await watch(browser, server.url);
  await signIn(other.page, grace);
  await secondStep(other.page);
  await heading(/^Good /, other.page);
  await page.goto('/account/security');
  const rows = page.getByTestId('session');
  await expect.poll(() => rows.count()).toBeGreaterThan(1);
  await button('End all others').click();
  await button('End all others', dialog('End all others')).click();
  await expect.poll(() => rows.count()).toBe(1);
  await other.page.getByRole('navigation', { name: 'Places' }).first().getByRole('link', { name: 'Journal' }).click();
  await dialog('Sign in again', other.page).waitFor();
  await looks('sheet', other.page);
  expect(other.faults).toEqual([]);
  expect(other.violations).toEqual([]);
  await other.context.close();
});

test('an API key is shown once, works for what it may, and is deleted', async () => {
  await page.goto('/account/security');
  await button('Make a key').click();
  const form = dialog('Make a key');
  await field('Name', form).fill('Garden script');
  await form.getByRole('checkbox', { name: 'read: Moods and reflections' }).check();
  await looks('key-new');
  await button('Make a key', form).click();
  const key = page.getByTestId('key');
  await confirmed(key, 'Code');
  const text = await key.innerText();
  await looks('key-made');
  await button('I have kept it').click();
  const call = (path: string) => fetch(server.url + path, { headers: { 'x-api-key': text } }).then(({ status }) => status);
  expect(await call('/api/moods')).toBe(200);
  expect(await call('/api/auth/sessions')).toBe(403);
  await page.reload();
  await page.getByText('Garden script').waitFor();
  expect(await page.content()).not.toContain(text);
  await button('Delete the key Garden script').click();
  await button('Delete', dialog('Delete the key Garden script?')).click();
  await page.getByText('Garden script').first().waitFor({ state: 'detached' });
  expect(await call('/api/moods')).toBe(401);
});

test('the password is changed', async () => {
  const next = 'nine lanterns over the pond';
  await button('Change the password').click();
  await field('Current password').fill('not the password');
  await field('New password').fill(next);
  await button('Change the password').click();
  await page.getByText('The current password is not right.').waitFor();
  await field('Current password').fill(grace.password);
  await button('Change the password').click();
  await page.getByText('Changed. Every other session has ended.').waitFor();
  grace.password = next;
  await page.reload();
  await page.getByText('Password changed').first().waitFor();
});

test('a forgotten password is set anew by mail, and the second step stays', async () => {
  await signOut(page);
  const since = new Date().toISOString();
  await page.getByRole('link', { name: 'Forgot your password?' }).click();
  await heading('A new password');
  await looks('forgot');
  await field('E-mail').fill(grace.email);
  await button('Send me a link').click();
  await page.getByText('The link works for a short while and once.').waitFor();
  await open(page, linkIn(await mail(grace.email, /Set a new password/, since), 'reset'));
  await heading('Choose a new password');
  await looks('reset');
  grace.password = 'eleven kites above the shore';
  await field('New password').fill(grace.password);
  await button('Set this password').click();
  await heading('Your password is new');
  await signIn(page, grace);
  await secondStep(page);
  await heading(/^Good /);
  await signOut(page);
});

test('a lock says nothing on the page; its mail lifts it, or closes the doors', async () => {
  const since = new Date().toISOString();
  for (let turn = 0; turn < 5; turn += 1) {
    await signIn(page, { ...grace, password: `a wrong guess number ${turn}` });
    await page.getByText('Invalid email or password').waitFor();
  }
  await signIn(page, grace);
  await page.getByText('Invalid email or password').waitFor();
  await looks('locked');
  const letter = await mail(grace.email, /locked/, since);
  await open(page, linkIn(letter, 'unlock'));
  await heading('Lift the lock');
  await looks('unlock');
  await button('Lift the lock').click();
  await heading('The lock is lifted');
  await signIn(page, grace);
  await secondStep(page);
  await heading(/^Good /);

  await open(page, linkIn(letter, 'notme'));
  await heading('That was not you?');
  await looks('not-me');
  await button(/It was not me/).click();
  await heading('The doors are closed');
  await page.goto('/');
  await heading('Welcome back');
});

test('who lets people in has a second step first', async () => {
  const on = ada.page;
  await on.goto('/admin/people');
  await on.getByText('First a second step for yourself').waitFor();
  await looks('people-first', on);
});

test('a page of a link that came without one says so', async () => {
  await open(page, '/join');
  await heading('There is no link here');
  await looks('no-link');
});
