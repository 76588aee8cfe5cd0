// Who one is, by the browser, against the real binary: sign-up by mail, second steps, passkeys, sessions, keys, and the
// ways back in. Mails are read where the owner reads them in development.
import { beforeAll, expect, test } from 'vitest';
import { linkIn, type Person } from './person';
import { stage } from './stage';

const here = stage({});
let ada: Person;
let grace: Person;
let backup: string[] = [];

beforeAll(async () => {
  ada = await here.arrives({ name: 'Ada', email: 'ada@example.org', password: 'a walk before breakfast' });
  grace = await here.arrives({ name: 'Grace', email: 'grace@example.org', password: 'seven quiet harbours at dusk' });
});

test('the owner comes first', () => ada.setsUp(here.server));

test('an account is made, and opens after its address is confirmed by a press', async () => {
  await grace.page.goto('/sign-in');
  await grace.page.getByRole('link', { name: 'Create an account' }).click();
  await grace.field('Name').waitFor();
  await grace.looks('identity-sign-up');
  await grace.fillsInSignUp();
  await grace.heading('Almost there');
  await grace.looks('identity-signed-up');
  await grace.signsIn();
  await grace.page.getByText('Invalid email or password').waitFor();

  const link = linkIn((await ada.mail(grace.email, /Confirm/)).text, 'verify');
  await grace.opens(link);
  await grace.heading('Confirm your address');
  await grace.looks('identity-verify');
  await grace.button('Confirm this address').click();
  await grace.heading('Confirmed');
  await grace.looks('identity-verified');
  await grace.opens(link);
  await grace.button('Confirm this address').click();
  await grace.heading('This link opens nothing any more');
  await grace.looks('identity-void');
  await grace.signsIn();
  await grace.greeted();
});

test('the owner sees the mail in the outbox', async () => {
  await ada.page.goto('/admin/outbox');
  await ada.page.getByTestId('mail').first().waitFor();
  await ada.looks('identity-outbox');
  await ada.page.goto('/');
});

test('an authenticator app is set up, with ten codes to keep', async () => {
  await grace.page.goto('/account/security');
  await grace.page.getByText('Your account has no second step').waitFor();
  await grace.looks('identity-security-bare');
  await grace.opensApp();
  const width = grace.page.getByRole('img', { name: /QR code/ }).evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth));
  expect(await width).toBeGreaterThan(0);
  await grace.looks('identity-totp');
  backup = await grace.switchesAppOn();
  expect(new Set(backup).size).toBe(10);
  await grace.looks('identity-codes');
  await grace.page.keyboard.press('Escape');
  await grace.page.getByTestId('backup-codes').waitFor();
  const [download] = await Promise.all([grace.page.waitForEvent('download'), grace.page.getByRole('link', { name: 'Save as a file' }).click()]);
  expect(download.suggestedFilename()).toBe('mindvibe-backup-codes.txt');
  await grace.button('I have kept them').click();
  await grace.page.getByText('Your account has a second step').waitFor();
});

test('a sign-in asks for a code, and not on a device that is trusted', async () => {
  await grace.signsOut();
  await grace.signsIn();
  await grace.heading('One more step');
  await grace.field('Code').fill('000000');
  await grace.button('Sign in').click();
  await grace.page.getByText('This code is not valid').waitFor();
  await grace.looks('identity-second-step');
  await grace.page.getByRole('checkbox', { name: /Skip this step/ }).check();
  await grace.secondStep();
  await grace.greeted();
  await grace.signsOut();
  await grace.signsIn();
  await grace.greeted();
  await grace.page.goto('/account/security');
  await grace.button(/^Forget the device/).click();
  await grace.button('Forget', grace.dialog('Forget this device?')).click();
  await grace.page.getByText('None: the second step is asked everywhere.').waitFor();
});

test('a backup code opens once', async () => {
  const [one = ''] = backup;
  const show = async () => {
    await grace.signsOut();
    await grace.signsIn();
    await grace.heading('One more step');
    await grace.button('Use a backup code').click();
    await grace.field('Backup code').fill(one);
    await grace.button('Sign in').click();
  };
  await show();
  await grace.greeted();
  await show();
  await grace.page.getByText('This code is not valid').waitFor();
  await grace.secondStep();
  await grace.greeted();
  await grace.page.goto('/account/security');
  await grace.page.getByText('9 of 10 left').waitFor();
});

test('a passkey is added, renamed, signs in, and is deleted', async () => {
  const devtools = await grace.context.newCDPSession(grace.page);
  await devtools.send('WebAuthn.enable', { enableUI: false });
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  await grace.button('Add a passkey').click();
  const naming = grace.dialog('Add a passkey');
  await grace.confirmed(naming, 'Code');
  await grace.field('Name', naming).fill('Laptop');
  await grace.looks('identity-passkey-new');
  await grace.button('Go on', naming).click();
  await naming.waitFor({ state: 'hidden' });
  expect((await devtools.send('WebAuthn.getCredentials', { authenticatorId })).credentials).toHaveLength(1);
  await grace.button('Rename the passkey Laptop').click();
  await grace.field('Name', grace.dialog('Rename the passkey')).fill('Old laptop');
  await grace.button('Save').click();
  await grace.page.getByText('Old laptop').waitFor();
  await grace.looks('identity-security');

  const presence = (enabled: boolean) => devtools.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
  await presence(false);
  // What waits behind the field began while nobody was there. The press takes its place, and finds somebody.
  const waiting = grace.page.waitForResponse((answer) => answer.url().endsWith('/passkeys/sign-in/start'));
  await grace.signsOut();
  await (await waiting).finished();
  await grace.page.evaluate(() => new Promise((next) => setTimeout(next, 200)));
  await presence(true);
  await grace.button('Sign in with a passkey').click();
  await grace.greeted();
  // Among what the browser fills in, which this authenticator picks at once: nothing is typed and nothing is pressed.
  await grace.page.goto('/account');
  await grace.button('Sign out').click();
  await grace.greeted();

  await grace.page.goto('/account/security');
  await grace.button('Delete the passkey Old laptop').click();
  await grace.button('Delete', grace.dialog('Delete the passkey Old laptop?')).click();
  await grace.page.getByText('Old laptop').first().waitFor({ state: 'detached' });
  await devtools.send('WebAuthn.disable');
  await devtools.detach();
});

test('a session that is ended elsewhere says what to do next', async () => {
  const other = await here.arrives(grace);
  other.is(grace);
  await other.signsIn();
  await other.secondStep();
  await other.greeted();
  await grace.page.goto('/account/security');
  const rows = grace.page.getByTestId('session');
  await expect.poll(() => rows.count()).toBeGreaterThan(1);
  await grace.button('End all others').click();
  await grace.button('End all others', grace.dialog('End all others')).click();
  await expect.poll(() => rows.count()).toBe(1);
  await other.page.getByRole('navigation', { name: 'Places' }).first().getByRole('link', { name: 'Journal' }).click();
  await other.dialog('Sign in again').waitFor();
  await other.looks('identity-sheet');
  await other.context.close();
});

test('an API key is shown once, works for what it may, and is deleted', async () => {
  await grace.page.goto('/account/security');
  await grace.button('Make a key').click();
  const form = grace.dialog('Make a key');
  await grace.field('Name', form).fill('Garden script');
  await form.getByRole('checkbox', { name: 'read: Moods and reflections' }).check();
  await grace.looks('identity-key-new');
  await grace.button('Make a key', form).click();
  const key = grace.page.getByTestId('key');
  await grace.confirmed(key, 'Code');
  const text = await key.innerText();
  await grace.looks('identity-key-made');
  await grace.button('I have kept it').click();
  const call = (path: string) => fetch(here.server.url + path, { headers: { 'x-api-key': text } }).then(({ status }) => status);
  expect(await call('/api/moods')).toBe(200);
  expect(await call('/api/auth/sessions')).toBe(403);
  await grace.page.reload();
  await grace.page.getByText('Garden script').waitFor();
  expect(await grace.page.content()).not.toContain(text);
  await grace.button('Delete the key Garden script').click();
  await grace.button('Delete', grace.dialog('Delete the key Garden script?')).click();
  await grace.page.getByText('Garden script').first().waitFor({ state: 'detached' });
  expect(await call('/api/moods')).toBe(401);
});

test('the password is changed', async () => {
  const next = 'nine lanterns over the pond';
  await grace.button('Change the password').click();
  await grace.field('Current password').fill('not the password');
  await grace.field('New password').fill(next);
  await grace.button('Change the password').click();
  await grace.page.getByText('The current password is not right.').waitFor();
  await grace.field('Current password').fill(grace.password);
  await grace.button('Change the password').click();
  await grace.page.getByText('Changed. Every other session has ended.').waitFor();
  grace.password = next;
  await grace.page.reload();
  await grace.page.getByText('Password changed').first().waitFor();
});

test('a forgotten password is set anew by mail, and the second step stays', async () => {
  await grace.signsOut();
  const since = new Date().toISOString();
  await grace.page.getByRole('link', { name: 'Forgot your password?' }).click();
  await grace.heading('A new password');
  await grace.looks('identity-forgot');
  await grace.field('E-mail').fill(grace.email);
  await grace.button('Send me a link').click();
  await grace.page.getByText('The link works for a short while and once.').waitFor();
  await grace.opens(linkIn((await ada.mail(grace.email, /Set a new password/, since)).text, 'reset'));
  await grace.heading('Choose a new password');
  await grace.looks('identity-reset');
  grace.password = 'eleven kites above the shore';
  await grace.field('New password').fill(grace.password);
  await grace.button('Set this password').click();
  await grace.heading('Your password is new');
  await grace.signsIn();
  await grace.secondStep();
  await grace.greeted();
  await grace.signsOut();
});

test('a lock says nothing on the page; its mail lifts it, or closes the doors', async () => {
  const since = new Date().toISOString();
  for (let turn = 0; turn < 5; turn += 1) {
    await grace.signsIn(`a wrong guess number ${turn}`);
    await grace.page.getByText('Invalid email or password').waitFor();
  }
  await grace.signsIn();
  await grace.page.getByText('Invalid email or password').waitFor();
  await grace.looks('identity-locked');
  const letter = (await ada.mail(grace.email, /locked/, since)).text;
  await grace.opens(linkIn(letter, 'unlock'));
  await grace.heading('Lift the lock');
  await grace.looks('identity-unlock');
  await grace.button('Lift the lock').click();
  await grace.heading('The lock is lifted');
  await grace.signsIn();
  await grace.secondStep();
  await grace.greeted();

  await grace.opens(linkIn(letter, 'notme'));
  await grace.heading('That was not you?');
  await grace.looks('identity-not-me');
  await grace.button(/It was not me/).click();
  await grace.heading('The doors are closed');
  await grace.page.goto('/');
  await grace.heading('Welcome back');
});

test('a page of a link that came without one says so', async () => {
  await grace.opens('/join');
  await grace.heading('There is no link here');
  await grace.looks('identity-no-link');
});
