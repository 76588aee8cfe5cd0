// Starts the real binary on a data directory of its own, reads what it prints, and ends it again.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
export const binary = process.env.MINDVIBE_BIN ?? join(root, 'target/release/mindvibe');
export const samples = process.env.SAMPLES_DIR ?? join(root, 'target/samples');

export type Server = { url: string; code: string; data: string; output: () => string; stop: () => Promise<void> };

/** What a server may know of this machine; not its secrets and databases, which a developer may have set. */
function inherited(): NodeJS.ProcessEnv {
  const names = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'MODELS_DIR', 'XDG_CACHE_HOME'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
}

/** A port of this machine that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.on('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      probe.close(() => done(port));
    });
  });
}

/** Waits for what the server says on its own terminal: where it is and the one-time code. */
function announced(child: ChildProcess, output: () => string): Promise<{ url: string; code: string }> {
  return new Promise((done, fail) => {
    const late = setTimeout(() => fail(new Error(`no address and code within 60 s:\n${output()}`)), 60_000);
    const look = () => {
      const url = /https?:\/\/[\w.-]+:\d+/.exec(output())?.[0];
      const code = /set-up code:\s+(\S+)\s/.exec(output())?.[1];
      if (!url || !code) return;
      clearTimeout(late);
      done({ url: url.replace('127.0.0.1', 'localhost'), code });
    };
    child.stdout?.on('data', look);
    child.stderr?.on('data', look);
    child.once('error', fail);
    child.once('exit', (status) => fail(new Error(`the server ended with ${status}:\n${output()}`)));
  });
}

export async function startServer(settings: Record<string, string> = {}): Promise<Server> {
  if (!existsSync(binary)) throw new Error(`There is no ${binary}. Run \`make build\` first, or set MINDVIBE_BIN.`);
  const data = await mkdtemp(join(tmpdir(), 'mindvibe-e2e-'));
  const child = spawn(binary, ['serve'], {
    env: { ...inherited(), ENVIRONMENT: 'development', LISTEN_ADDR: `127.0.0.1:${await freePort()}`, DATA_DIR: data, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const output = () => text;
  const ended = new Promise<void>((done) => child.once('close', () => done()));
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(force);
    }
    await rm(data, { recursive: true, force: true });
  };
  try {
    return { ...(await announced(child, output)), data, output, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
