import * as acme from 'acme-client';
import { Calls } from '../calls.ts';
import { Faults } from '../faults.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { type SandboxCa, startCa } from './ca.ts';
import { createRawClient, type RawAnswer, type RawClient, txtValue } from './raw-client.ts';
import type { CaSettings } from './settings.ts';
import { startTxtServer, type TxtServer } from './txt-server.ts';

/** A CA with everything that a test of it needs. */
export interface CaUnderTest {
  readonly ca: SandboxCa;
  readonly clock: VirtualClock;
  readonly calls: Calls;
  readonly faults: Faults;
  readonly dns: TxtServer;
  /** The directory, as the CA gives it. */
  readonly urls: Readonly<Record<string, string>>;
  /** Has an account. */
  readonly client: RawClient;
}

export const START = Date.UTC(2026, 10, 24, 12);

/** Runs a test on the virtual clock, which stands still unless the test sleeps on it, and expects no bug in the CA. */
export async function withCa(
  settings: Partial<CaSettings>,
  test: (underTest: CaUnderTest) => Promise<void>,
): Promise<void> {
  const clock = new VirtualClock(START);
  const calls = new Calls();
  const faults = new Faults(clock);
  const dns = await startTxtServer();
  const ca = await startCa({ clock, calls, faults, resolver: dns, settings });
  try {
    await clock.run(async () => {
      const client = createRawClient(ca);
      const { json: urls } = await client.get(ca.directoryUrl);
      if (!ca.settings.eab) await client.register();
      await test({ ca, clock, calls, faults, dns, urls, client });
    });
    if (ca.bugs.length > 0) throw new AggregateError(ca.bugs, 'The CA has bugs.');
  } finally {
    await ca.stop();
    await dns.stop();
    clock.close();
  }
}

export async function placeOrder(
  { client, urls }: CaUnderTest,
  names: readonly string[],
  members: Readonly<Record<string, unknown>> = {},
): Promise<RawAnswer> {
  return client.post(urls['newOrder'] ?? '', {
    identifiers: names.map((value) => ({ type: 'dns', value })),
    ...members,
  });
}

/** Puts the right TXT value in place for one authorization and returns its DNS-01 challenge. */
export async function present(
  { client, dns }: CaUnderTest,
  authorizationUrl: string,
): Promise<{ readonly url: string; readonly recordName: string }> {
  const { json } = await client.post(authorizationUrl);
  const { url, token } = json.challenges.find(({ type }: { type: string }) => type === 'dns-01');
  const recordName = `_acme-challenge.${json.identifier.value}`;
  dns.records.set(recordName, [...(dns.records.get(recordName) ?? []), [txtValue(token, client.thumbprint)]]);
  return { url, recordName };
}

/** Proves every pending authorization of an order. */
export async function authorize(underTest: CaUnderTest, order: RawAnswer): Promise<void> {
  const { client, clock, ca } = underTest;
  for (const url of order.json.authorizations as string[]) {
    if ((await client.post(url)).json.status === 'pending') {
      await client.post((await present(underTest, url)).url, {});
    }
  }
  await clock.sleep(ca.settings.validationMilliseconds);
}

/** DER of a CSR for the names, base64url, and its private key. */
export async function requestFor(
  names: readonly string[],
  key?: Buffer,
): Promise<{ readonly csr: string; readonly privateKey: string }> {
  const [privateKey, csr] = await acme.crypto.createCsr({ altNames: [...names] }, key);
  return { csr: acme.crypto.getPemBodyAsB64u(csr), privateKey: privateKey.toString() };
}

/** Order, authorization, finalization and download in one. */
export async function obtain(
  underTest: CaUnderTest,
  names: readonly string[],
  members: Readonly<Record<string, unknown>> = {},
): Promise<{ readonly order: RawAnswer; readonly certificate: RawAnswer; readonly privateKey: string }> {
  const { client, clock, ca } = underTest;
  const placed = await placeOrder(underTest, names, members);
  if (placed.status !== 201) throw new Error(placed.text);
  await authorize(underTest, placed);
  const { csr, privateKey } = await requestFor(names);
  const finalized = await client.post(placed.json.finalize, { csr });
  if (finalized.status !== 200) throw new Error(finalized.text);
  await clock.sleep(ca.settings.processingMilliseconds);
  const order = await client.post(String(placed.headers.location));
  return { order, certificate: await client.post(order.json.certificate), privateKey };
}
