import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseCertificateSpec } from '../../lambdas/core/certificate-spec.ts';
import {
  parseAnswerAddress,
  parseCertificateProperties,
  parseIssuerProperties,
  parseProvisionRequest,
} from '../../lambdas/core/provision-event.ts';
import { parseRenewEvent } from '../../lambdas/core/renew-event.ts';
import { parseScanEvent } from '../../lambdas/core/scan-event.ts';
import { parseSettings } from '../../lambdas/core/settings.ts';
import { provision } from '../../lambdas/renewal/provision.ts';
import { waitingClock } from '../acme/waiting-clock.ts';
import { MemoryAnswers } from '../fakes/memory-answers.ts';
import { MemoryStarter } from '../fakes/memory-starter.ts';
import { MemoryTargets } from '../fakes/memory-targets.ts';
import { MemoryVault } from '../fakes/memory-vault.ts';
import { HOSTILE_EVENTS } from './corpus/events.ts';
import { damaged, hostileJson, hostileText } from './hostile-json.ts';
import { runs } from './runs.ts';
import { expectPrintable, kindOf, typed, typedNow } from './typed.ts';

const SPEC = {
  domainNames: ['leane.dev', '*.leane.dev'],
  issuer: ['letsencrypt', 'sandbox'],
  key: 'rsa-2048',
  reuseKey: true,
  profile: 'tlsserver',
  preferredChain: 'ISRG Root X1',
  renewBefore: '30d',
  acm: ['us-east-1'],
  dns: { hostedZoneId: 'Z0123', roleArn: 'arn:aws:iam::123456789012:role/dns', externalId: 'ab', followCname: true },
};
const RENEW = { certificate: 'leane.dev', force: true, spec: SPEC, request: 'a'.repeat(64) };
const REVOKE = {
  certificate: 'leane.dev',
  confirm: 'leane.dev',
  revoke: { reason: 'keyCompromise', immediate: true, serialNumber: '0a:1b' },
};
const SCAN = { certificates: ['leane.dev', 'a/b'], force: true, dryRun: true };
const request = (ResourceType: string, ResourceProperties: object) => ({
  RequestType: 'Create',
  ResponseURL: 'https://bucket.example/answer',
  StackId: 'arn:aws:cloudformation:eu-central-1:123456789012:stack/web/1',
  RequestId: 'r1',
  LogicalResourceId: 'Certificate',
  PhysicalResourceId: 'leane.dev:ecdsa-p256',
  ResourceType,
  ResourceProperties,
  OldResourceProperties: ResourceProperties,
});
const CERTIFICATE = request('Custom::AcmeCertificate', {
  Name: 'leane.dev',
  Spec: JSON.stringify(SPEC),
  WaitForIssuance: 'false',
  RemovalPolicy: 'destroy',
});
const ISSUER = request('Custom::AcmeIssuer', {
  Name: 'sandbox',
  Settings: JSON.stringify({ directoryUrl: 'https://127.0.0.1:1/directory' }),
});

describe('A hostile event', () => {
  it.each([
    ['scan', SCAN, parseScanEvent],
    ['renew', RENEW, parseRenewEvent],
    ['renew that revokes', REVOKE, parseRenewEvent],
    ['spec', SPEC, parseCertificateSpec],
    ['provision', CERTIFICATE, parseProvisionRequest],
    ['address of an answer', CERTIFICATE, parseAnswerAddress],
    ['properties of a certificate', CERTIFICATE.ResourceProperties, parseCertificateProperties],
    ['properties of an issuer', ISSUER.ResourceProperties, parseIssuerProperties],
  ] as const)('is refused, or read the same twice: %s', (_what, valid, parse: (input: unknown) => unknown) => {
    expect(kindOf(typedNow(() => parse(valid)))).toBe('a value');
    fc.assert(
      fc.property(fc.oneof({ weight: 4, arbitrary: damaged(valid) }, hostileJson), (input) => {
        const outcome = typedNow(() => parse(input));
        if ('failure' in outcome) expect(outcome.failure.code).toBe('invalid-input');
        else expect(parse(input)).toEqual(outcome.value);
        // Nothing of an event gets into what every object inherits.
        expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
      }),
      runs(),
    );
  });

  it('is what it was when it is read again: a spec and a scan event', () => {
    fc.assert(
      fc.property(damaged(SPEC), damaged(SCAN), (spec, scan) => {
        const specs = typedNow(() => parseCertificateSpec(spec));
        if ('value' in specs) expect(parseCertificateSpec(specs.value)).toEqual(specs.value);
        const scans = typedNow(() => parseScanEvent(scan));
        if ('value' in scans) expect(parseScanEvent(scans.value)).toEqual(scans.value);
      }),
      runs(),
    );
  });

  it('of CloudFormation is answered within 4,096 bytes, or refused because nobody can be answered', async () => {
    const property = fc.asyncProperty(
      fc.constantFrom(CERTIFICATE, ISSUER).chain((valid) => fc.oneof(damaged(valid), damagedProperties(valid))),
      fc.constantFrom('Create', 'Update', 'Delete'),
      async (event, RequestType) => {
        const answers = new MemoryAnswers();
        await provisioned(typeof event === 'object' ? { RequestType, ...event } : event, answers);
      },
    );
    await fc.assert(property, runs(0.5));
  });

  it.each(HOSTILE_EVENTS)('$what', async ({ by, event, code }) => {
    if (by !== 'provision') {
      expect(kindOf(typedNow(() => (by === 'scan' ? parseScanEvent : parseRenewEvent)(event)))).toBe(code);
      return;
    }
    expect(await provisioned(event, new MemoryAnswers())).toBe(code);
  });
});

/** How `provision` ended; what it answered is checked. */
async function provisioned(event: unknown, answers: MemoryAnswers): Promise<string> {
  const clock = waitingClock();
  const log = { info: () => undefined, warn: () => undefined, error: (message: string) => expectPrintable(message) };
  const ports = {
    vault: new MemoryVault(),
    starter: new MemoryStarter(),
    targets: new MemoryTargets(),
    answers,
    clock,
    log,
  };
  const outcome = await typed(() => provision(event, parseSettings({}), ports));
  if ('failure' in outcome) return kindOf(outcome);
  expect(answers.sent).toHaveLength(1);
  const text = JSON.stringify(answers.last);
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4_096);
  expect(answers.last).toMatchObject({ Status: expect.stringMatching(/^(SUCCESS|FAILED)$/) });
  expect(text).not.toContain('(unexpected)');
  return String((answers.last as { readonly Status: unknown }).Status);
}

/** What is JSON inside of a string is damaged as well. */
function damagedProperties(valid: typeof CERTIFICATE): fc.Arbitrary<unknown> {
  const inside = Object.entries(valid.ResourceProperties).find(([, value]) => value.startsWith('{')) ?? ['', ''];
  const text = fc.oneof(
    damaged(JSON.parse(inside[1])).map((value) => JSON.stringify(value)),
    hostileText,
  );
  return text.map((json) => ({ ...valid, ResourceProperties: { ...valid.ResourceProperties, [inside[0]]: json } }));
}
