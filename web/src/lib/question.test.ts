import { expect, it } from 'vitest';
import { Question } from './question.svelte';

it('is put once to the person and answered to everybody who waits', async () => {
  const question = new Question();
  const both = Promise.all([question.ask(), question.ask()]);
  expect(question.open).toBe(true);
  question.answer(true);
  expect(await both).toEqual([true, true]);
  expect(question.open).toBe(false);
  const next = question.ask();
  expect(question.open).toBe(true);
  question.answer(false);
  expect(await next).toBe(false);
});

it('answers nobody when nobody waits', async () => {
  const question = new Question();
  question.answer(true);
  const asked = question.ask();
  question.answer(false);
  expect(await asked).toBe(false);
});
