import { CHALLENGE_LABEL } from './domain-name.ts';

/**
 * A DNS name in the one spelling in which names are compared: lower case, no trailing dot, and `\ooo` octal escapes
 * decoded (Route 53 writes `*.Example.com` as `\052.example.com.`,
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html). An escaped dot stays escaped: it
 * belongs to a label and doesn't end it.
 */
export function canonicalName(name: string): string {
  return name
    .replace(/\.$/, '')
    .replace(/\\([0-3][0-7]{2})/g, (written, octal: string) => {
      const character = String.fromCharCode(Number.parseInt(octal, 8));
      return character === '.' ? written : character;
    })
    .toLowerCase();
}

/** Whether `name` is `ancestor` or below it. Both canonical. */
export function isWithin(name: string, ancestor: string): boolean {
  return name === ancestor || name.endsWith(`.${ancestor}`);
}

/** Whether a record of this name answers a DNS-01 challenge (RFC 8555, section 8.4), and may be written at all. */
export function isChallengeName(name: string): boolean {
  return canonicalName(name).startsWith(`${CHALLENGE_LABEL}.`);
}

/** The name without its first label; empty above a top-level domain. */
export function parentName(name: string): string {
  const dot = name.indexOf('.');
  return dot === -1 ? '' : name.slice(dot + 1);
}

/** Where TXT records may be written: challenges' names, and the targets of CNAME records that a deployment lists. */
export function isWritableName(name: string, cnameTargets: readonly string[] = []): boolean {
  return isChallengeName(name) || cnameTargets.some((target) => canonicalName(target) === canonicalName(name));
}
