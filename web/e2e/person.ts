// Somebody with a browser: what people do in many of the tests, and the mails they get, read where the owner reads them in
// development.
import { Secret, TOTP } from 'otpauth';
import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import { inspect, type Watched } from './browser';
import type { Server } from './server';

export type Who = { name: string; email: string; password: string };
export type Mail = { to: string; subject: string; text: string; at: string };

export class Person {
  password: string;
  readonly name: string;
  readonly email: string;
  readonly page: Page;
  readonly #watched: Watched;
  #secret = '';
  #lastStep = 0;

  constructor(watched: Watched, { name, email, password }: Who) {
    this.#watched = watched;
    this.page = watched.page;
    this.name = name;
    this.email = email;
    this.password = password;
  }

  get context() {
    return this.#watched.context;
  }

  /** This is the same person at another browser, with the same authenticator app at hand. */
  is(one: Person): void {
    this.code = () => one.code();
  }

  button = (name: string | RegExp, within: Page | Locator = this.page): Locator => within.getByRole('button', { name, exact: typeof name === 'string' });
  field = (name: string, within: Page | Locator = this.page): Locator => within.getByRole('textbox', { name, exact: true });
  dialog = (name: string | RegExp): Locator => this.page.getByRole('dialog', { name });
  heading = (name: string | RegExp): Promise<void> => this.page.getByRole('heading', { level: 1, name }).waitFor();
  sees = (text: string | RegExp): Promise<void> => this.page.getByText(text).first().waitFor();

  /** Looks at the page in every way there is, once. */
  async looks(name: string): Promise<void> {
    expect(await inspect(this.page, name)).toEqual([]);
  }

  /** Nothing went wrong behind the scenes. */
  quiet(): void {
    expect(this.#watched.faults).toEqual([]);
    expect(this.#watched.violations).toEqual([]);
  }

  /** Makes a new server this person's. */
  async setsUp(server: Server): Promise<void> {
    await this.page.goto('/');
    await this.heading('Make it yours');
    await this.field('One-time code').fill(server.code);
    await this.field('Name').fill(this.name);
    await this.field('E-mail').fill(this.email);
    await this.field('Password').fill(this.password);
    await this.button(/owner's account/).click();
    await this.greeted();
  }

  greeted = (): Promise<void> => this.heading(new RegExp(`^Good .*, ${this.name}$`));

  async fillsInSignUp(): Promise<void> {
    await this.field('Name').fill(this.name);
    await this.field('E-mail').fill(this.email);
    await this.field('Password').fill(this.password);
    await this.button('Create an account').click();
  }

  async signsIn(password = this.password): Promise<void> {
    await this.page.goto('/sign-in');
    await this.heading('Welcome back');
    await this.field('E-mail').fill(this.email);
    await this.field('Password').fill(password);
    await this.button('Sign in').click();
  }

  async signsOut(): Promise<void> {
    await this.page.goto('/account');
    await this.button('Sign out').click();
    await this.sees('You are signed out.');
  }

  /** A code of a step that was not used yet; the server takes the one after the present one too. */
  async code(): Promise<string> {
    const now = () => Math.floor(Date.now() / 30_000);
    const step = Math.max(now(), this.#lastStep + 1);
    while (step > now() + 1) await new Promise((done) => setTimeout(done, 500));
    this.#lastStep = step;
    return new TOTP({ secret: Secret.fromBase32(this.#secret) }).generate({ timestamp: step * 30_000 });
  }

  /** Sets up an authenticator app on the page of security, as far as the dialog that asks for its first code. */
  async opensApp(): Promise<void> {
    await this.page.goto('/account/security');
    await this.button('Set up an app').click();
    const shown = this.page.getByTestId('totp-secret');
    await this.confirmed(shown, 'Password');
    this.#secret = (await shown.innerText()).replace(/\s+/g, '');
  }

  /** Switches it on; the codes for a bad day stand there then. */
  async switchesAppOn(): Promise<string[]> {
    await this.field('Code').fill(await this.code());
    await this.button('Switch it on').click();
    await this.page.getByTestId('backup-codes').waitFor();
    return this.page.getByTestId('backup-codes').locator('li').allInnerTexts();
  }

  async setsUpApp(): Promise<void> {
    await this.opensApp();
    await this.switchesAppOn();
    await this.button('I have kept them').click();
    await this.sees('Your account has a second step');
  }

  /** Types a code where one is asked for, however the question is put first. */
  async secondStep(): Promise<void> {
    await this.heading('One more step');
    await this.#typesCode(this.page);
    await this.button('Sign in').click();
  }

  /** Confirms, where a fresh proof is asked for before something is shown. */
  async confirmed(shown: Locator, proof: 'Password' | 'Code'): Promise<void> {
    const sure = this.dialog('Is it you?');
    await shown.or(sure).first().waitFor();
    if (await sure.isVisible()) {
      if (proof === 'Code') await this.#typesCode(sure);
      else await this.field('Password', sure).fill(this.password);
      await this.button('Confirm', sure).click();
    }
    await shown.first().waitFor();
  }

  async #typesCode(within: Page | Locator): Promise<void> {
    const field = this.field('Code', within);
    const other = this.button('Use a code from the app', within);
    await other.or(field).first().waitFor();
    if (!(await field.isVisible())) await other.click();
    await field.fill(await this.code());
  }

  /** Opens a mailed link as a person does: the token leaves the address bar, and nothing happens before a press. */
  async opens(path: string): Promise<void> {
    await this.page.goto('about:blank');
    await this.page.goto(path);
    await this.page.getByRole('heading', { level: 1 }).waitFor();
    expect(new URL(this.page.url()).hash).toBe('');
  }

  /** As the owner: the newest mail of a kind to somebody, once it is there. */
  async mail(to: string, subject: RegExp, after = ''): Promise<Mail> {
    for (let turn = 0; turn < 60; turn += 1) {
      const answer = await this.page.request.get('/api/auth/outbox?limit=100');
      expect(answer.status()).toBe(200);
      const { items } = (await answer.json()) as { items: Mail[] };
      const found = items.find((one) => one.to === to && subject.test(one.subject) && one.at > after);
      if (found) return found;
      await new Promise((done) => setTimeout(done, 500));
    }
    throw new Error(`no mail "${subject.source}" to ${to}`);
  }
}

/** The path of a link in a text, with its token. */
export function linkIn(text: string, kind: string): string {
  const found = new RegExp(`https?://[^\\s]+#${kind}_[\\w-]+`).exec(text)?.[0];
  if (!found) throw new Error(`no link of the kind ${kind} in:\n${text}`);
  const url = new URL(found);
  return url.pathname + url.hash;
}
