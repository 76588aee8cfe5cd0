// Who comes in and how: by an owner's yes, by an invitation; what becomes of a role and of an account that is switched off,
// as the person at the page sees it; and the profile.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { linkIn, type Person } from './person';
import { stage } from './stage';

const here = stage({ REGISTRATION: 'approval' });
let ada: Person;
let noor: Person;
let sam: Person;
let lena: Person;

/** No page does this so far, so it is done where the owner of a machine can always do it. */
function inDatabase(change: string, email: string): void {
  const code = 'import sqlite3, sys; db = sqlite3.connect(sys.argv[1], timeout=10); n = db.execute(sys.argv[2], [sys.argv[3]]).rowcount; db.commit(); sys.exit(n != 1)';
  execFileSync('python3', ['-c', code, join(here.server.data, 'mindvibe.db'), `update users set ${change} where email = ?`, email]);
}

beforeAll(async () => {
  ada = await here.arrives({ name: 'Ada', email: 'ada@example.org', password: 'a walk before breakfast' });
  noor = await here.arrives({ name: 'Noor', email: 'noor@example.org', password: 'five herons by the weir' });
  sam = await here.arrives({ name: 'Sam', email: 'sam@example.org', password: 'two bicycles under the arch' });
  lena = await here.arrives({ name: 'Lena', email: 'lena@example.org', password: 'one lighthouse past midnight' });
});

test('the owner has a second step, and then the page of people', async () => {
  await ada.setsUp(here.server);
  await ada.page.goto('/admin/people');
  await ada.sees('First a second step for yourself');
  await ada.looks('people-first');
  await ada.setsUpApp();
  await ada.page.getByRole('link', { name: 'People' }).click();
  await ada.sees('Nobody waits.');
});

test('two people ask to come in, confirm their addresses, and wait', async () => {
  for (const one of [noor, sam]) {
    await one.page.goto('/sign-up');
    await one.sees('After you confirm your address, the person who looks after this server lets you in.');
    if (one === noor) await one.looks('people-sign-up');
    await one.fillsInSignUp();
    await one.heading('Almost there');
    if (one === noor) await one.looks('people-signed-up');
    await one.opens(linkIn((await ada.mail(one.email, /Confirm/)).text, 'verify'));
    await one.button('Confirm this address').click();
    await one.heading('Confirmed. Now a little patience');
    if (one === noor) await one.looks('people-waiting');
    await one.signsIn();
    await one.sees('Invalid email or password');
  }
  expect((await ada.mail(ada.email, /Somebody waits/)).text).toContain(sam.email);
});

test('the owner lets one in and turns the other away', async () => {
  await ada.page.reload();
  await ada.button('Let in: Noor').waitFor();
  await ada.looks('people');
  await ada.button('Let in: Noor').click();
  await ada.sees('Noor is in, and gets a mail.');
  await ada.button('Decline Sam').click();
  await ada.button('Decline', ada.dialog('Decline Sam?')).click();
  await ada.sees('Nobody waits.');

  await ada.mail(noor.email, /Your account is ready/);
  await noor.signsIn();
  await noor.greeted();
  await sam.signsIn();
  await sam.sees('Invalid email or password');
});

test('a link invites one person, once', async () => {
  await ada.page.getByRole('combobox', { name: 'As' }).selectOption('Administrator');
  await ada.button('Make the link').click();
  const link = linkIn(await ada.page.getByTestId('invitation-link').innerText(), 'invite');
  await ada.looks('people-invited');

  await lena.opens(link);
  await lena.heading('You are invited');
  await lena.looks('people-join');
  await lena.fillsInSignUp();
  await lena.heading('Almost there');
  await lena.opens(linkIn((await ada.mail(lena.email, /Confirm/)).text, 'verify'));
  await lena.button('Confirm this address').click();
  await lena.heading('Confirmed');
  await lena.signsIn();
  await lena.greeted();

  await sam.opens(link);
  await sam.fillsInSignUp();
  await sam.heading('This link opens nothing any more');
  await sam.looks('people-join-used');

  await ada.page.reload();
  await ada.sees('Administrator · used on');
});

test('an invitation to an address comes by mail, is for nobody else, and can be withdrawn', async () => {
  await ada.field('E-mail (may stay empty)').fill(sam.email);
  await ada.button('Make the link').click();
  await ada.page.getByTestId('invitation-link').waitFor();
  const link = linkIn((await ada.mail(sam.email, /You are invited/)).text, 'invite');
  await sam.opens(link);
  await sam.heading('You are invited');
  await sam.field('Name').fill(sam.name);
  await sam.field('E-mail').fill('somebody.else@example.org');
  await sam.field('Password').fill(sam.password);
  await sam.button('Create an account').click();
  await sam.sees('This invitation is for another address.');
  await sam.looks('people-join-other');

  await ada.button(`Withdraw the invitation: ${sam.email}`).click();
  await ada.button('Withdraw', ada.dialog('Withdraw this invitation?')).click();
  await ada.page.getByText(sam.email).first().waitFor({ state: 'detached' });
  await sam.field('E-mail').fill(sam.email);
  await sam.button('Create an account').click();
  await sam.heading('This link opens nothing any more');
});

test('a new administrator needs a second step too; as a member they are told that the page is not theirs', async () => {
  await lena.page.goto('/account');
  await lena.sees('Administrator');
  await lena.page.getByRole('link', { name: 'People' }).click();
  await lena.sees('First a second step for yourself');
  inDatabase("role = 'member'", lena.email);
  await lena.page.waitForTimeout(2_000);
  await lena.page.reload();
  await lena.sees('This page is for administrators');
  await lena.looks('people-not-theirs');
  expect(await lena.page.getByRole('link', { name: 'People' }).count()).toBe(0);
});

test('an account that was switched off is told at its open page to sign in again, and what to do when that fails', async () => {
  await lena.page.goto('/');
  await lena.greeted();
  inDatabase("status = 'disabled'", lena.email);
  await lena.page.waitForTimeout(2_000);
  await lena.button('Bright').click();
  const sheet = lena.dialog('Sign in again');
  await lena.field('Password', sheet).fill(lena.password);
  await lena.button('Sign in', sheet).click();
  await sheet.getByText('Invalid email or password').waitFor();
  await sheet.getByRole('link', { name: 'set a new password in another tab.' }).waitFor();
  await lena.looks('people-disabled');
});

test('a profile keeps its name, its language and its time zone', async () => {
  await noor.page.goto('/account/profile');
  await noor.field('Name').fill('Noor of the Weir');
  await noor.page.getByRole('combobox', { name: 'Language' }).selectOption('de');
  await noor.page.getByRole('combobox', { name: 'Time zone' }).selectOption('Asia/Calcutta');
  await noor.button('Save').click();
  await noor.sees('Saved.');
  await noor.looks('people-profile');
  await noor.page.reload();
  await expect.poll(() => noor.field('Name').inputValue()).toBe('Noor of the Weir');
  expect(await noor.page.getByRole('combobox', { name: 'Language' }).inputValue()).toBe('de');
  expect(await noor.page.getByRole('combobox', { name: 'Time zone' }).inputValue()).toBe('Asia/Calcutta');
  await noor.page.goto('/');
  await noor.heading(/^Good .*, Noor of the Weir$/);
  // The language is that of the mails.
  const since = new Date().toISOString();
  await noor.signsOut();
  await noor.page.goto('/forgot');
  await noor.field('E-mail').fill(noor.email);
  await noor.button('Send me a link').click();
  await noor.sees('The link works for a short while and once.');
  expect((await ada.mail(noor.email, /Passwort/, since)).text).toContain('Passwort');
});
