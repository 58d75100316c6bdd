import { describe, expect, it } from '@jest/globals';
import { DAY, HOUR } from '../../../lambdas/core/duration.ts';
import { certId } from './cert-id.ts';
import { expectProblem } from './expect-problem.ts';
import type { RawAnswer } from './raw-client.ts';
import { type CaUnderTest, obtain, withCa } from './with-ca.ts';

function ask({ client, urls }: CaUnderTest, id: string): Promise<RawAnswer> {
  return client.get(`${urls['renewalInfo']}/${id}`);
}

async function issuedId(underTest: CaUnderTest): Promise<string> {
  return certId((await obtain(underTest, ['example.net'])).certificate.text);
}

/** Where a window begins and ends, in hours after the certificate's notBefore. */
function hoursIn({ ca }: CaUnderTest, { json }: RawAnswer): number[] {
  const notBefore = ca.certificates[0]?.notBefore ?? 0;
  return [json.suggestedWindow.start, json.suggestedWindow.end].map((date) => (Date.parse(date) - notBefore) / HOUR);
}

describe('renewalInfo', () => {
  it('suggests two hundredths of the validity around two thirds of it', () =>
    withCa({}, async (underTest) => {
      const answer = await ask(underTest, await issuedId(underTest));
      expect(answer.headers).toMatchObject({ 'content-type': 'application/json', 'retry-after': '21600' });
      const [start = 0, end = 0] = hoursIn(underTest, answer);
      expect(start).toBeCloseTo(60 * 24 - 21.6, 2);
      expect(end).toBeCloseTo(60 * 24 + 21.6, 2);
      expect(answer.json).not.toHaveProperty('explanationURL');
    }));

  it('suggests half of the validity when that is less than ten days', () =>
    withCa({ lifetimeMilliseconds: 160 * HOUR }, async (underTest) => {
      const [start = 0, end = 0] = hoursIn(underTest, await ask(underTest, await issuedId(underTest)));
      expect(start).toBeCloseTo(80 - 1.6, 2);
      expect(end).toBeCloseTo(80 + 1.6, 2);
    }));

  it('suggests a window in the past for a revoked certificate', () =>
    withCa({}, async (underTest) => {
      const { clock, ca } = underTest;
      const id = await issuedId(underTest);
      ca.revoke(ca.certificates[0]?.serial ?? '');
      await clock.sleep(DAY);
      const { suggestedWindow } = (await ask(underTest, id)).json;
      expect(Date.parse(suggestedWindow.start)).toBe(clock.now() - HOUR);
      expect(Date.parse(suggestedWindow.end)).toBe(clock.now() - HOUR / 2);
    }));

  it('suggests what it is told to, nonsense included', () =>
    withCa({}, async (underTest) => {
      const { ca, clock } = underTest;
      const id = await issuedId(underTest);
      const serial = ca.certificates[0]?.serial ?? '';
      const explanationURL = 'https://sandbox.invalid/incident';
      ca.setRenewalWindow(serial, { start: clock.now(), end: clock.now() + HOUR, explanationURL });
      expect((await ask(underTest, id)).json).toEqual({
        suggestedWindow: { start: '2026-11-24T12:00:02Z', end: '2026-11-24T13:00:02Z' },
        explanationURL,
      });
      ca.setRenewalWindow(`00${serial}`.toUpperCase(), { start: 'tomorrow', end: '' });
      expect((await ask(underTest, id)).json.suggestedWindow).toEqual({ start: 'tomorrow', end: '' });
    }));

  it('refuses a serial number that has lost its sign byte', () =>
    withCa({}, async (underTest) => {
      const [issuer, serial = ''] = (await issuedId(underTest)).split('.');
      const contents = Buffer.from(serial, 'base64url');
      expect(contents.readUInt8(0)).toBe(0);
      const answer = await ask(underTest, `${issuer}.${contents.subarray(1).toString('base64url')}`);
      expectProblem(answer, 400, 'malformed', 'serial number is negative');
    }));

  it('refuses what is no certificate of this CA', () =>
    withCa({}, async (underTest) => {
      const [issuer, serial] = (await issuedId(underTest)).split('.');
      expectProblem(await ask(underTest, 'x'), 400, 'malformed', 'Invalid path');
      expectProblem(await ask(underTest, `${issuer}.${serial}.x`), 400, 'malformed', 'Invalid path');
      expectProblem(await ask(underTest, `${issuer}==.${serial}`), 400, 'malformed', 'contained padding');
      expectProblem(await ask(underTest, `${issuer}.${serial}=`), 404, 'malformed', 'contained padding');
      expectProblem(await ask(underTest, `aYhba4dGQEHhs3uEe6CuLN4ByNQ.${serial}`), 404, 'malformed', 'known issuer');
      expectProblem(await ask(underTest, `${issuer}.AQID`), 404, 'malformed', 'was not found');
    }));

  it('is read with GET only', () =>
    withCa({}, async (underTest) => {
      const id = await issuedId(underTest);
      expectProblem(await underTest.client.post(`${underTest.urls['renewalInfo']}/${id}`), 405, 'malformed');
    }));

  it('is not there where the CA does not offer it', () =>
    withCa({}, async (underTest) => {
      const id = await issuedId(underTest);
      underTest.ca.settings.renewalInfo = false;
      expectProblem(await ask(underTest, id), 404, 'malformed');
    }));
});
