import { defineConfig } from 'vitest/config';

// Two files at once, each with a server of its own: identity mostly waits for the next code of an authenticator app.
export default defineConfig({
  test: {
    environment: 'node',
    include: ['e2e/**/*.e2e.ts'],
    fileParallelism: true,
    maxWorkers: 2,
    testTimeout: 180_000,
    hookTimeout: 60_000,
    sequence: { shuffle: false },
    bail: 1,
  },
});
