// A server of its own and a browser for the tests of one file, and the people in it.
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { launch, watch } from './browser';
import { Person, type Who } from './person';
import { startServer, type Server } from './server';

/** Many people stand behind one address in these tests; that limits hold is tested where they are made. */
const PATIENT = Object.fromEntries(
  ['SIGN_IN_BY_ADDRESS', 'SIGN_IN_BY_ACCOUNT', 'SECOND_FACTOR', 'SIGN_UP', 'LETTERS', 'LINKS', 'ANONYMOUS'].map((kind) => [`RATE_LIMIT_${kind}`, '10000/60']),
);

type Settings = Record<string, string>;

export class Stage {
  server!: Server;
  browser!: Browser;
  readonly people: Person[] = [];

  /** Somebody with a fresh browser; `elsewhere` is another host that they may be sent to. */
  async arrives(who: Who, elsewhere?: string): Promise<Person> {
    const person = new Person(await watch(this.browser, this.server.url, elsewhere), who);
    this.people.push(person);
    return person;
  }
}

/** Opens it before the tests of a file, closes it after them, and after each test hears whether something went wrong behind the scenes. */
export function stage(settings: Settings | (() => Promise<Settings>)): Stage {
  const here = new Stage();
  beforeAll(async () => {
    here.server = await startServer({ ...PATIENT, ...(typeof settings === 'function' ? await settings() : settings) });
    here.browser = await launch();
  });
  afterAll(async () => {
    await here.browser?.close();
    await here.server?.stop();
  });
  afterEach((context) => {
    if (context.task.result?.state === 'fail') console.log(here.server.output().split('\n').slice(-20).join('\n'));
    for (const person of here.people) person.quiet();
  });
  return here;
}
