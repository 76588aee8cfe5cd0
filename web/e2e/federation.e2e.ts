// Signing in by another provider, by the browser: the real `oidc-provider`, the real program, and the pages of both.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Person } from './person';
import { startProvider, type Provider } from './provider';
import { freePort } from './server';
import { stage } from './stage';

let provider: Provider;
const here = stage(async () => {
  const port = await freePort();
  provider = await startProvider(`http://localhost:${port}`, 'house', 'Lantern House');
  return {
    ...provider.settings,
    LISTEN_ADDR: `127.0.0.1:${port}`,
    OIDC_PROVIDERS: 'house,gone',
    OIDC_GONE_ISSUER: `http://127.0.0.1:${await freePort()}`,
    OIDC_GONE_NAME: 'Old Mill',
    OIDC_GONE_CLIENT_ID: 'mindvibe',
  };
});
let ada: Person;
let maria: Person;

/** Signs in over there as somebody, whoever was signed in there before. */
async function overThere(person: Person, name: string): Promise<void> {
  const { page } = person;
  await page.getByPlaceholder('Enter any login').fill(name);
  await page.getByPlaceholder('and password').fill('any');
  await page.getByRole('button', { name: 'Sign-in' }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
}

/** Leaves for the provider from the sign-in page, as nobody there yet. */
async function leaves(person: Person): Promise<void> {
  await person.context.clearCookies({ domain: '127.0.0.1' });
  await person.page.goto('/sign-in');
  await person.page.getByRole('link', { name: 'Continue with Lantern House' }).click();
}

async function told(person: Person, words: string): Promise<void> {
  await person.page.getByRole('alert').filter({ hasText: words }).waitFor();
  await person.heading('Welcome back');
  expect(new URL(person.page.url()).search).toBe('');
}

async function connects(person: Person, name: string): Promise<void> {
  await person.context.clearCookies({ domain: '127.0.0.1' });
  await person.page.goto('/account/security');
  await person.button('Connect Lantern House').click();
  await overThere(person, name);
}

beforeAll(async () => {
  ada = await here.arrives({ name: 'Ada', email: 'ada@example.org', password: 'a walk before breakfast' }, provider.host);
  maria = await here.arrives({ name: 'Name of maria', email: 'maria@example.org', password: '' }, provider.host);
  // The provider's own pages want a font from far away.
  for (const { context } of [ada, maria]) await context.route('https://fonts.googleapis.com/**', (route) => route.abort());
});

afterAll(() => provider?.stop());

test('somebody new comes in, and comes again', async () => {
  await ada.setsUp(here.server);
  await maria.page.goto('/journal');
  await maria.page.getByRole('link', { name: 'Continue with Lantern House' }).waitFor();
  await maria.looks('federation-sign-in');
  await maria.page.getByRole('link', { name: 'Continue with Lantern House' }).click();
  await overThere(maria, 'maria');
  await maria.heading('Journal');
  await maria.page.goto('/account');
  await maria.sees('maria@example.org');
  await maria.signsOut();
  await leaves(maria);
  await overThere(maria, 'maria');
  await maria.greeted();
});

test('whoever comes back without an account is told why', async () => {
  await maria.signsOut();
  await leaves(maria);
  await maria.page.getByRole('link', { name: 'Cancel' }).click();
  await told(maria, 'You came back without signing in over there.');
  await maria.looks('federation-refused');
  await leaves(maria);
  await overThere(maria, 'unverified-otto');
  await told(maria, 'Over there your address is not confirmed yet.');
  await leaves(maria);
  await overThere(maria, 'ada');
  await told(maria, 'An account with this address exists already.');
  await maria.page.getByRole('link', { name: 'Continue with Old Mill' }).click();
  await told(maria, 'The other side does not answer right now.');
});

test('an account is connected from the page of security, and that one opens it', async () => {
  await connects(ada, 'maria');
  await ada.sees('That account is connected to somebody else here.');
  await ada.heading('Security');
  await ada.looks('federation-taken');

  await ada.button('Connect Old Mill').click();
  await ada.sees('This provider does not answer.');
  await connects(ada, 'ada-over-there');
  await ada.heading('Security');
  await ada.button('Disconnect Lantern House').waitFor();
  await expect.poll(() => ada.page.evaluate(() => scrollY), { message: 'what was connected is in view' }).toBeGreaterThan(300);
  await ada.looks('federation-connected');
  expect((await ada.mail(ada.email, /Another way to sign in was connected/)).text).toContain('Lantern House');

  await ada.signsOut();
  await leaves(ada);
  await overThere(ada, 'ada-over-there');
  await ada.greeted();
});

test('a second step is asked for on this way too', async () => {
  await ada.setsUpApp();
  await ada.signsOut();
  await leaves(ada);
  await overThere(ada, 'ada-over-there');
  await ada.secondStep();
  await ada.greeted();
  expect(new URL(ada.page.url()).hash).toBe('');
});

test('what is disconnected opens nothing here any more', async () => {
  await ada.page.goto('/account/security');
  await ada.button('Disconnect Lantern House').click();
  await ada.button('Disconnect', ada.dialog('Disconnect Lantern House?')).click();
  await ada.button('Connect Lantern House').waitFor();
  await ada.mail(ada.email, /A way to sign in was disconnected/);
  await ada.signsOut();
  await leaves(ada);
  await overThere(ada, 'ada-over-there');
  await ada.heading(/^Good .*, Name of ada-over-there$/);
});
