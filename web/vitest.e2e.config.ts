import { defineConfig } from 'vitest/config';

// One file after the other: every file starts a server of its own, and the machine has two cores.
export default defineConfig({
  test: {
    environment: 'node',
    include: ['e2e/**/*.e2e.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 60_000,
    sequence: { shuffle: false },
    bail: 1,
  },
});
