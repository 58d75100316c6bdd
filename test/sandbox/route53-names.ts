/**
 * Domain names as Route 53 writes them: lower case, a trailing dot, and every byte but a-z, 0-9, hyphen and underscore
 * as a backslash with three octal digits, so that a wildcard is `\052.example.com.`
 * (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html).
 */

/** Never throws: what is no valid name stays recognisable, for `nameProblem` to complain about. */
export function normalizeName(name: string): string {
  const labels = name.replace(/\.$/, '').split('.').map(decodeLabel).map(encodeLabel);
  return `${labels.join('.')}.`;
}

/** The name as it is written elsewhere, without a trailing dot: `*.example.com`. */
export function plainName(normalized: string): string {
  return labelsOf(normalized).join('.');
}

/** Whether `name` is `ancestor` or below it; both normalised. */
export function isWithin(name: string, ancestor: string): boolean {
  return name === ancestor || name.endsWith(`.${ancestor}`);
}

/** The name without its first label; `undefined` above the last one. */
export function parentOf(normalized: string): string | undefined {
  const parent = normalized.slice(normalized.indexOf('.') + 1);
  return parent === '' ? undefined : parent;
}

/**
 * Orders names as the List operations do: in ASCII order with the labels reversed and a trailing dot, `com.example.www.`,
 * which puts `www-a` before what is below `www`
 * (https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSets.html).
 */
export function sortKey(normalized: string): string {
  return `${labelsOf(normalized).reverse().join('.')}.`;
}

/** What Route 53 complains about in a name, in its own words (RFC 1035, section 2.3.4); `undefined` when it is fine. */
export function nameProblem(name: string): string | undefined {
  const bare = name.replace(/\.$/, '');
  if (bare === '') return problem('DomainNameEmpty', 'Domain name is empty', name);
  const labels = bare.split('.').map(decodeLabel);
  if (labels.some((label) => label.length === 0)) return problem('DomainLabelEmpty', 'Domain label is empty', name);
  if (labels.some((label) => label.length > 63)) {
    return problem('DomainLabelTooLong', 'Domain label is too long', name);
  }
  if (labels.join('.').length > 253) return problem('DomainNameTooLong', 'Domain name is too long', name);
  return undefined;
}

function problem(name: string, explanation: string, value: string): string {
  return `FATAL problem: ${name} (${explanation}) encountered with '${value}'`;
}

function labelsOf(normalized: string): string[] {
  return normalized.replace(/\.$/, '').split('.').map(decodeLabel);
}

/** One character for each byte. */
function decodeLabel(label: string): string {
  return Buffer.from(label, 'utf8')
    .toString('latin1')
    .replace(/\\([0-3][0-7]{2})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function encodeLabel(label: string): string {
  return label
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
