// What a server's proofs mean in words, and which of the findings somebody wants to see.
import type { Finding, FindingSource, ProofCounts, RuleKind, Severity, Standing } from './api/types';
import type { Key } from './i18n';

export const STANDINGS: Record<Standing, Key> = {
  failed: 'proofs.failed',
  unknown: 'proofs.unknown',
  never: 'proofs.never',
  outdated: 'proofs.outdated',
  passed: 'proofs.passed',
  not_applicable: 'proofs.not_applicable',
  by_tests: 'proofs.by_tests',
};

export const SEVERITIES: Record<Severity, Key> = { critical: 'proofs.critical', high: 'proofs.high', medium: 'proofs.medium' };

export const SOURCES: Record<FindingSource, Key> = {
  audit_1: 'proofs.audit_1',
  audit_2: 'proofs.audit_2',
  peers: 'proofs.peers',
  predecessors: 'proofs.predecessors',
};

export const KINDS: Record<RuleKind, Key> = { attack: 'proofs.kind.attack', start: 'proofs.kind.start', evidence: 'proofs.kind.evidence' };

/** The figures in the order in which they matter. */
export const FIGURES = ['passed', 'failed', 'unknown', 'outdated', 'never', 'not_applicable'] as const satisfies readonly (keyof ProofCounts & Standing)[];

/** An empty word lets everything through; `attention` is whatever is no pass of today. */
export type Filter = { standing: string; severity: string; source: string };

const ATTENTION: readonly Standing[] = ['failed', 'unknown', 'never', 'outdated'];

const fits = (standing: Standing, wanted: string) => !wanted || (wanted === 'attention' ? ATTENTION.includes(standing) : standing === wanted);

/** The findings that fit, each with those of its rules that do. A finding that only tests can see has neither rules nor severity. */
export function chosen(findings: readonly Finding[], { standing, severity, source }: Filter): Finding[] {
  return findings
    .filter((finding) => !source || finding.source === source)
    .map((finding) => ({ ...finding, rules: finding.rules.filter((rule) => fits(rule.standing, standing) && (!severity || rule.severity === severity)) }))
    .filter((finding) => finding.rules.length > 0 || (finding.standing === 'by_tests' && !severity && fits(finding.standing, standing)));
}

/** What to say of all together: the worst thing that is true. */
export function verdict(counts: ProofCounts): 'failed' | 'none' | 'open' | 'held' {
  if (counts.failed) return 'failed';
  if (counts.never === counts.rules) return 'none';
  return withoutProof(counts) ? 'open' : 'held';
}

/** How many rules have no proof that counts today. */
export const withoutProof = ({ unknown, never, outdated }: ProofCounts): number => unknown + never + outdated;

/** A text cut where it marks code with backquotes; a mark without its end is text. */
export function marked(text: string): { text: string; code: boolean }[] {
  const parts = text.split(/`([^`]+)`/);
  return parts.map((part, index) => ({ text: part, code: index % 2 === 1 })).filter((part) => part.text);
}
