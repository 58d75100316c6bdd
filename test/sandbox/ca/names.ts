import { isIP } from 'node:net';
import { domainToUnicode } from 'node:url';
import { AcmeProblem, PROBLEM_NAMESPACE, type ProblemType, type Subproblem } from './problem.ts';

/** Boulder's limits (`policy/pa.go`). */
const MAX_LABELS = 10;
const MAX_LABEL_LENGTH = 63;
const MAX_NAME_LENGTH = 253;

interface Objection {
  readonly type: ProblemType;
  readonly detail: string;
}

/**
 * Throws `rejectedIdentifier` unless every name is one that the CA can issue for: lower-case LDH labels with a dot,
 * a wildcard as the whole left-most label only (RFC 8555, section 7.1.3; `policy/pa.go`), and not below a refused name.
 * More than one bad name gives one subproblem each. `prefix` says in which step, as Boulder does.
 */
export function requireIssuable(names: readonly string[], refusedNames: readonly string[]): void {
  refuse('Invalid identifiers requested', names, objectionToName);
  refuse('Error creating new order', names, (name) =>
    refusedNames.some((refused) => `.${name}`.endsWith(`.${refused}`))
      ? {
          type: 'rejectedIdentifier',
          detail:
            'The ACME server refuses to issue a certificate for this domain name, because it is forbidden by policy',
        }
      : undefined,
  );
}

/** Throws `malformed` when a wildcard of the same order covers another of its names (`ra/ra.go`, wildcardOverlap). */
export function requireNoOverlap(names: readonly string[]): void {
  for (const name of names) {
    if (name.startsWith('*.')) continue;
    if (names.includes(`*.${name.split('.').slice(1).join('.')}`)) {
      throw new AcmeProblem(
        'malformed',
        `Error creating new order :: Domain name "${name}" is redundant with a wildcard domain in the same request. Remove one or the other from the certificate request.`,
      );
    }
  }
}

/** Lower case, sorted, each once (`identifier.Normalize`). */
export function normalNames(names: readonly string[]): string[] {
  return [...new Set(names.map((name) => name.toLowerCase()))].sort();
}

function refuse(step: string, names: readonly string[], objectionTo: (name: string) => Objection | undefined): void {
  const subproblems: Subproblem[] = [];
  for (const name of names) {
    const objection = objectionTo(name);
    if (!objection) continue;
    subproblems.push({
      type: PROBLEM_NAMESPACE + objection.type,
      detail: `${step} :: ${objection.detail}`,
      status: 400,
      identifier: { type: 'dns', value: name },
    });
  }
  const [first, ...more] = subproblems;
  if (!first) return;
  const cause = `${step} :: Cannot issue for "${first.identifier.value}": ${first.detail.slice(step.length + 4)}`;
  if (more.length === 0) throw new AcmeProblem('rejectedIdentifier', cause);
  throw new AcmeProblem(
    'rejectedIdentifier',
    `${cause} (and ${more.length} more problems. Refer to sub-problems for more information.)`,
    { subproblems },
  );
}

function objectionToName(name: string): Objection | undefined {
  const stars = name.split('*').length - 1;
  if (stars > 1) return malformed('Domain name has more than one wildcard');
  if (stars === 1 && !name.startsWith('*.')) {
    return malformed(
      'Domain name contains an invalid wildcard. A wildcard is only permitted before the first dot in a domain name',
    );
  }
  const base = stars === 1 ? name.slice(2) : name;
  if (stars === 1 && !base.includes('.')) return malformed('Domain name is a wildcard for an ICANN TLD');
  if (!/^[a-z0-9.-]*$/.test(base)) return malformed('Domain name contains an invalid character');
  if (base.length > MAX_NAME_LENGTH) return malformed('Domain name is longer than 253 bytes');
  if (isIP(base)) return malformed('Identifier type is DNS but value is an IP address');
  if (base.endsWith('.')) return malformed('Domain name ends in a dot');
  const labels = base.split('.');
  if (labels.length > MAX_LABELS) return malformed('Domain name has more than 10 labels (parts)');
  if (labels.length < 2) return malformed('Domain name needs at least one dot');
  for (const label of labels) {
    const objection = objectionToLabel(label);
    if (objection) return objection;
  }
  return undefined;
}

function objectionToLabel(label: string): Objection | undefined {
  if (label === '') return malformed('Domain name can not have two dots in a row');
  if (label.length > MAX_LABEL_LENGTH) {
    return malformed('Domain has a label (component between dots) longer than 63 bytes');
  }
  if (label.startsWith('-') || label.endsWith('-')) return malformed('Domain name contains an invalid character');
  if (label.slice(2, 4) !== '--') return undefined;
  if (!label.startsWith('xn--')) {
    return {
      type: 'rejectedIdentifier',
      detail: "Domain name contains an invalid label in a reserved format (R-LDH: '??--')",
    };
  }
  // Node leaves a label that it can't decode as it is.
  const decoded = domainToUnicode(label);
  return decoded === '' || decoded.startsWith('xn--')
    ? malformed('Domain name contains malformed punycode')
    : undefined;
}

function malformed(detail: string): Objection {
  return { type: 'malformed', detail };
}
