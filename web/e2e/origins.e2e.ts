// Two origins in one real browser: what a page of somebody else's can do to whoever is signed in here. Nothing is written
// (CSRF), nothing is read (CORS), nothing is framed, and our own page neither runs nor asks what is theirs (CSP).
import { createServer, type Server as Http } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Person } from './person';
import { freePort } from './server';
import { stage } from './stage';

type Origin = { host: string; url: string; asked: string[]; stop: () => Promise<void> };

/** Another site of this machine: an empty page, a script, and a list of what it was asked for. */
function site(port: number): Promise<Origin> {
  const asked: string[] = [];
  const server: Http = createServer((request, response) => {
    asked.push(request.url ?? '');
    const script = request.url === '/their.js';
    response.setHeader('content-type', script ? 'text/javascript' : 'text/html; charset=utf-8');
    // Whoever wants it may have it: what is refused is refused by our page.
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('cross-origin-resource-policy', 'cross-origin');
    response.end(script ? 'globalThis.theirs = true' : '<!doctype html><title>Elsewhere</title><p>Elsewhere</p>');
  });
  const host = `127.0.0.1:${port}`;
  const stop = () => new Promise<void>((done) => (server.closeAllConnections(), server.close(() => done())));
  return new Promise((done) => server.listen(port, '127.0.0.1', () => done({ host, url: `http://${host}`, asked, stop })));
}

let stranger: Origin;
let ada: Person;
const here = stage(async () => {
  stranger = await site(await freePort());
  return {};
});

const moods = async (): Promise<number> => {
  const answer = await ada.context.request.get('/api/moods');
  expect(answer.status()).toBe(200);
  return ((await answer.json()) as { items: unknown[] }).items.length;
};

/** What a page of theirs sees when it asks for a path of ours with everything the browser has for us. */
async function reads(origin: Origin, path: string): Promise<string> {
  const page = await ada.context.newPage();
  await page.goto(origin.url);
  const seen = await page.evaluate(
    (url) => fetch(url, { credentials: 'include' }).then((answer) => String(answer.status), () => 'blocked'),
    here.server.url + path,
  );
  await page.close();
  return seen;
}

beforeAll(async () => {
  // Not watched: what other tests call a fault, a request to another host, is what these are about.
  const context = await here.browser.newContext({ baseURL: here.server.url });
  const page = await context.newPage();
  ada = new Person({ context, page, faults: [], violations: [] }, { name: 'Ada', email: 'ada@example.org', password: 'a walk before breakfast' });
  await ada.setsUp(here.server);
});

afterAll(async () => {
  await stranger?.stop();
});

test('a page of somebody else writes nothing for whoever is signed in', async () => {
  const before = await moods();
  const page = await ada.context.newPage();
  await page.goto(stranger.url);
  const target = `${here.server.url}/api/moods`;
  const said = await page.evaluate(async (url) => {
    const body = JSON.stringify({ score: 1 });
    const tries = ['text/plain', 'application/x-www-form-urlencoded', 'application/json'].map((type) =>
      fetch(url, { method: 'POST', credentials: 'include', headers: { 'content-type': type }, body }).then((answer) => String(answer.status), () => 'blocked'),
    );
    const blind = fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'include', body }).then((answer) => answer.type, () => 'blocked');
    return Promise.all([...tries, blind]);
  }, target);
  expect(said.slice(0, 3)).toEqual(['blocked', 'blocked', 'blocked']);
  expect(['opaque', 'blocked']).toContain(said[3]);
  // A form that sends itself, and takes the window along: the one request whose cookies a browser might send.
  await Promise.all([
    page.waitForURL((url) => url.href.startsWith(here.server.url)),
    page.evaluate((url) => {
      const form = document.createElement('form');
      Object.assign(form, { method: 'post', action: url, enctype: 'text/plain' });
      const field = Object.assign(document.createElement('input'), { name: '{"score":1,"x":"', value: '"}' });
      form.append(field);
      document.body.append(form);
      form.submit();
    }, target),
  ]);
  await page.close();
  expect(await moods()).toBe(before);

  // The control: our own page does write.
  const token = (await ada.context.cookies()).find((cookie) => cookie.name === '__Host-csrf')?.value ?? '';
  const own = await ada.page.evaluate(
    ([url, csrf]) =>
      fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', 'x-csrf-token': csrf }, body: JSON.stringify({ score: 1 }) }).then((answer) => answer.status),
    [target, token] as const,
  );
  expect(own).toBe(201);
  expect(await moods()).toBe(before + 1);
});

test('a page of somebody else reads no answer', async () => {
  for (const path of ['/api/auth/me', '/openapi.json', '/health']) expect([path, await reads(stranger, path)]).toEqual([path, 'blocked']);
});

test('no page of theirs frames a page of ours', async () => {
  const page = await ada.context.newPage();
  await page.goto(stranger.url);
  await page.evaluate((url) => {
    const frame = document.body.appendChild(document.createElement('iframe'));
    frame.src = url;
    return new Promise((done) => frame.addEventListener('load', done));
  }, here.server.url);
  const framed = await Promise.all(page.frames().slice(1).map((frame) => frame.evaluate(() => document.title).catch(() => '')));
  expect(framed).toHaveLength(1);
  expect(framed[0]).not.toContain('MindVibe');
  await page.close();
});

test('our page neither runs a script of theirs nor asks them anything', async () => {
  const { page } = ada;
  await page.goto('/');
  await ada.greeted();
  stranger.asked.length = 0;
  const asked = await page.evaluate(async (url) => {
    const script = document.createElement('script');
    try {
      script.src = `${url}/their.js`;
      document.body.append(script);
    } catch {
      // Refused by Trusted Types: just as good.
    }
    const answer = await fetch(url).then(() => 'sent', () => 'blocked');
    await new Promise((done) => setTimeout(done, 300));
    return { answer, theirs: 'theirs' in globalThis };
  }, stranger.url);
  expect(asked).toEqual({ answer: 'blocked', theirs: false });
  expect(stranger.asked).toEqual([]);
});
