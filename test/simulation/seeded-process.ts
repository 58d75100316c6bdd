import crypto, { createECDH } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { promisify } from 'node:util';
import { holdStill } from '../sandbox/virtual-clock.ts';
import { type Random, seededRandom } from './random.ts';

let source: Random = seededRandom(0);

/** Everything that this process draws from now on follows from the seed. */
export function seedProcess(seed: number): void {
  source = seededRandom(seed);
}

/**
 * Puts the seeded source in the place of the process's own: `Math.random`, `randomBytes`, `randomUUID`, and the CA's keys,
 * whose identifiers decide when renewals are due (RFC 9773: the moment within a window is a hash of the certificate's id).
 * Keys of certificates and accounts, and signatures, stay random: nothing but opaque names depends on them.
 *
 * For a process that does nothing else. Call it before the bundles are loaded, because they keep what they import.
 */
export function takeOverRandomness(): void {
  Math.random = () => source.next();
  const replaced = {
    randomBytes: (size: number) => source.bytes(size),
    randomUUID: () => uuid(source.bytes(16)),
  };
  const generate = promisify(crypto.generateKeyPair) as (...all: readonly unknown[]) => Promise<unknown>;
  // What threads of their own do takes no virtual time.
  Object.assign(crypto.generateKeyPair, { [promisify.custom]: (...all: unknown[]) => holdStill(generate(...all)) });
  Object.assign(crypto, replaced);
  syncBuiltinESMExports();
  const { subtle } = crypto.webcrypto;
  for (const name of ['digest', 'exportKey', 'importKey', 'sign', 'verify'] as const) {
    const method = subtle[name].bind(subtle) as (...all: readonly unknown[]) => Promise<unknown>;
    Object.assign(subtle, { [name]: (...all: unknown[]) => holdStill(method(...all)) });
  }
  const generateKey = subtle.generateKey.bind(subtle) as (...all: readonly unknown[]) => Promise<unknown>;
  Object.assign(subtle, {
    generateKey: (...[algorithm, ...rest]: readonly [{ readonly namedCurve?: string }, ...unknown[]]) =>
      holdStill(algorithm.namedCurve === 'P-256' ? seededKeys() : generateKey(algorithm, ...rest)),
  });
}

/** Version 4 (RFC 9562, section 5.4). */
function uuid(bytes: Buffer): string {
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

async function seededKeys(): Promise<crypto.webcrypto.CryptoKeyPair> {
  const pair = createECDH('prime256v1');
  const scalar = source.bytes(32);
  // Below the order of the group, and not zero.
  scalar.writeUInt8(0x7f, 0);
  pair.setPrivateKey(scalar);
  const point = pair.getPublicKey();
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const open = {
    kty: 'EC',
    crv: 'P-256',
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  };
  const { subtle } = crypto.webcrypto;
  const [publicKey, privateKey] = await Promise.all([
    subtle.importKey('jwk', open, algorithm, true, ['verify']),
    subtle.importKey('jwk', { ...open, d: scalar.toString('base64url') }, algorithm, true, ['sign']),
  ]);
  return { publicKey, privateKey };
}
