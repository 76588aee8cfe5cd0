import { describe, expect, it } from 'vitest';
import type { Finding, ProofCounts, ProvenRule, Severity, Standing } from './api/types';
import { chosen, marked, verdict, withoutProof } from './proofs';

const rule = (id: string, standing: Standing, severity: Severity): ProvenRule => ({ id, standing, severity, title: id, kind: 'attack', cwe: 1, asvs: '1', owasp: 'A01:2025', expected: 'e', help: 'h' });
const finding = (id: string, source: Finding['source'], standing: Standing, rules: ProvenRule[]): Finding => ({ id, source, standing, title: id, asked: '', done: '', further: '', shown_by: '', rules });

const findings = [
  finding('A1-C4', 'audit_1', 'failed', [rule('a', 'passed', 'critical'), rule('b', 'failed', 'critical'), rule('c', 'unknown', 'medium')]),
  finding('A1-H5', 'audit_1', 'by_tests', []),
  finding('A2-1', 'audit_2', 'passed', [rule('d', 'passed', 'high')]),
  finding('O-2', 'predecessors', 'outdated', [rule('e', 'outdated', 'high'), rule('f', 'never', 'high')]),
];
const seen = (standing: string, severity: string, source: string) => chosen(findings, { standing, severity, source }).map(({ id, rules }) => `${id}:${rules.map((one) => one.id).join('')}`);

describe('what is shown', () => {
  it.each([
    ['', '', '', ['A1-C4:abc', 'A1-H5:', 'A2-1:d', 'O-2:ef']],
    ['passed', '', '', ['A1-C4:a', 'A2-1:d']],
    ['attention', '', '', ['A1-C4:bc', 'O-2:ef']],
    ['by_tests', '', '', ['A1-H5:']],
    ['', 'high', '', ['A2-1:d', 'O-2:ef']],
    ['', '', 'audit_1', ['A1-C4:abc', 'A1-H5:']],
    ['failed', 'critical', 'audit_1', ['A1-C4:b']],
    ['not_applicable', '', '', []],
  ])('by %j, %j, %j', (standing, severity, source, expected) => {
    expect(seen(standing, severity, source)).toEqual(expected);
  });

  it('leaves what it was given as it was', () => {
    expect(findings[0]?.rules).toHaveLength(3);
  });
});

describe('all together', () => {
  const counts = (some: Partial<ProofCounts>): ProofCounts => ({ rules: 10, passed: 0, failed: 0, unknown: 0, outdated: 0, never: 0, not_applicable: 0, ...some });

  it.each([
    [{ never: 10 }, 'none', 10],
    [{ passed: 9, failed: 1 }, 'failed', 0],
    [{ failed: 1, unknown: 9 }, 'failed', 9],
    [{ passed: 9, unknown: 1 }, 'open', 1],
    [{ passed: 9, outdated: 1 }, 'open', 1],
    [{ passed: 9, never: 1 }, 'open', 1],
    [{ passed: 9, not_applicable: 1 }, 'held', 0],
  ] as const)('%j is %s', (some, said, open) => {
    expect([verdict(counts(some)), withoutProof(counts(some))]).toEqual([said, open]);
  });
});

it.each([
  ['plain', [['plain', false]]],
  ['`A1-C1`, on `/x`', [['A1-C1', true], [', on ', false], ['/x', true]]],
  ['half `open', [['half `open', false]]],
  ['', []],
] as const)('code in %j', (text, pieces) => {
  expect(marked(text).map((piece) => [piece.text, piece.code])).toEqual(pieces);
});
