/**
 * Looks for key material in whatever evercert logs, throws or returns: PEM, base64 DER, private JWK members, and any
 * secret that the caller knows, in values, in `cause` chains and in what only shows in a stack trace.
 * Returns where it was found; empty is good.
 */
export function findKeyMaterial(subject: unknown, knownSecrets: readonly string[] = []): readonly string[] {
  const found: string[] = [];
  const seen = new Set<unknown>();
  const clean = new Set<string>();
  const needles = knownSecrets.filter((known) => known !== '').flatMap((known) => [known, ...bodyOf(known)]);
  const visit = (value: unknown, path: string): void => {
    if (typeof value === 'string') {
      if (clean.has(value)) return;
      const why = suspicious(value, needles);
      if (!why) clean.add(value);
      if (why) found.push(`${path}: ${why}`);
      return;
    }
    if (value instanceof Uint8Array) {
      visit(Buffer.from(value).toString('latin1'), `${path} (as text)`);
      visit(Buffer.from(value).toString('base64'), `${path} (as base64)`);
      return;
    }
    if (typeof value !== 'object' || value === null || seen.has(value)) return;
    seen.add(value);
    const jwk = value as { readonly kty?: unknown; readonly d?: unknown; readonly k?: unknown };
    if (typeof jwk.kty === 'string' && (jwk.d !== undefined || jwk.k !== undefined))
      found.push(`${path}: a private JWK`);
    if (value instanceof Map || value instanceof Set) visit([...value], path);
    // Own properties, hidden ones included: message, stack and cause of an error are not enumerable.
    for (const key of Reflect.ownKeys(value))
      visit((value as Record<PropertyKey, unknown>)[key], `${path}.${String(key)}`);
  };
  visit(subject, 'it');
  return found;
}

/** DER of PKCS#8, PKCS#1 and SEC1 private keys begins with a SEQUENCE and a version INTEGER. */
const BASE64_PRIVATE_KEY =
  /(?:MI[GI][A-Za-z0-9+/_-]{1,6}(?:AgEAM|IBA[AD])|MH[cc]CAQEE|MIGkAgEBB|MC4CAQAw)[A-Za-z0-9+/_=-]{20,}/;

function suspicious(text: string, needles: readonly string[]): string | undefined {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) return 'a PEM private key';
  if (BASE64_PRIVATE_KEY.test(text)) return 'a base64 private key';
  if (/"(?:d|k)"\s*:\s*"[A-Za-z0-9_-]{40,}"/.test(text)) return 'a private JWK';
  const plain = text.replaceAll('\\n', '\n');
  return needles.some((needle) => plain.includes(needle)) ? 'a known secret' : undefined;
}

/** The lines of a PEM without its armour: a key that lost its header is still a key. */
function bodyOf(secret: string): readonly string[] {
  return secret.split('\n').filter((line) => line.length >= 40 && !line.startsWith('-----'));
}
