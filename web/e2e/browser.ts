// A page that fails on every policy violation, every request to another host and every error.
import axe from 'axe-core';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

export const results = join(import.meta.dirname, '../test-results');

export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-audio-output', '--autoplay-policy=no-user-gesture-required'],
  });

export type Watched = { context: BrowserContext; page: Page; faults: string[]; violations: string[] };

/**
 * Watches a context: `faults` has to stay empty, `violations` too unless a test provokes them. The page may be sent to the host
 * `elsewhere`, and what the pages there do is their business.
 */
export async function watch(browser: Browser, url: string, elsewhere?: string): Promise<Watched> {
  const context = await browser.newContext({ baseURL: url, viewport: { width: 1280, height: 900 }, acceptDownloads: true });
  const faults: string[] = [];
  const violations: string[] = [];
  await context.exposeBinding('reportViolation', (_source, text: string) => void violations.push(text));
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      const report = (globalThis as unknown as { reportViolation: (text: string) => void }).reportViolation;
      report(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber} ${event.sample}`);
    });
  });
  const { host } = new URL(url);
  context.on('request', (request) => {
    const asked = new URL(request.url());
    const theirs = elsewhere && (request.isNavigationRequest() ? asked.host : new URL(request.frame().url()).host) === elsewhere;
    if (asked.protocol.startsWith('http') && asked.host !== host && !theirs) faults.push(`request to another host: ${request.url()}`);
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  context.on('weberror', (thrown) => faults.push(`page error: ${thrown.error().stack ?? thrown.error().message}`));
  context.on('console', (message) => {
    // Chromium writes a line for every answer that is no success; those are the product's business, not errors of the page.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) faults.push(`console: ${message.text()}`);
  });
  return { context, page, faults, violations };
}

type Found = { id: string; help: string; nodes: { target: string[]; failureSummary: string }[] };

/** What axe finds against WCAG 2.2 AA on the page as it stands. */
export async function accessibility(page: Page): Promise<string[]> {
  await page.evaluate(`globalThis.axe || (() => { ${axe.source} })(); undefined`);
  const found = await page.evaluate(async () => {
    const runner = (globalThis as unknown as { axe: { run: (node: Document, options: object) => Promise<{ violations: Found[] }> } }).axe;
    const { violations } = await runner.run(document, { runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] } });
    return violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map(({ target, failureSummary }) => ({ target: target.map(String), failureSummary })) }));
  });
  return found.map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.map((node) => `  ${node.target.join(' ')}: ${node.failureSummary}`).join('\n')}`);
}

const LOOKS = [
  { name: 'light', scheme: 'light', width: 1280, height: 900 },
  { name: 'dark', scheme: 'dark', width: 1280, height: 900 },
  { name: 'phone-light', scheme: 'light', width: 390, height: 844 },
  { name: 'phone-dark', scheme: 'dark', width: 390, height: 844 },
] as const;

/** Looks at a page in both themes, on a desktop and on a phone: a picture of each, and everything axe or the layout has against it. */
export async function inspect(page: Page, name: string): Promise<string[]> {
  const problems: string[] = [];
  const folder = join(results, 'shots');
  await mkdir(folder, { recursive: true });
  for (const look of LOOKS) {
    await page.emulateMedia({ colorScheme: look.scheme, reducedMotion: 'reduce' });
    await page.setViewportSize({ width: look.width, height: look.height });
    await page.waitForTimeout(150);
    await page.screenshot({ path: join(folder, `${name}-${look.name}.png`), fullPage: look.width < 500 });
    const across = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (across > 0) problems.push(`${name} ${look.name}: ${across} px wider than the window`);
    problems.push(...(await accessibility(page)).map((text) => `${name} ${look.name}: ${text}`));
  }
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await page.setViewportSize({ width: 1280, height: 900 });
  return problems;
}
