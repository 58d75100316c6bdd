import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ACMClient, DeleteCertificateCommand } from '@aws-sdk/client-acm';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createAcmTargets } from '../../lambdas/aws/acm-targets.ts';
import { type AwsClients, createAwsClients } from '../../lambdas/aws/clients.ts';
import type { CertificateTargets } from '../../lambdas/renewal/ports/certificate-targets.ts';
import { certificateTargetsContract, issuePair, serialOf } from '../contracts/certificate-targets.contract.ts';
import { Acm } from '../sandbox/acm.ts';
import { type AwsWorld, startAwsWorld } from './aws-world.ts';

const REGION = 'eu-central-1';
const TAGS = { 'evercert:renewer': 'evercert' };

let world: AwsWorld;
let acm: Acm;
let clients: AwsClients;
let targets: CertificateTargets;

async function start() {
  world = await startAwsWorld(({ clock }) => {
    acm = new Acm({ clock });
    return [acm];
  });
  clients = createAwsClients({ clock: world.clock });
  targets = createAcmTargets(clients.acm);
}

async function stop() {
  clients.destroy();
  await world.stop();
}

certificateTargetsContract('ACM', async () => {
  await start();
  // As the contract has it paged.
  acm.settings.mostListed = 100;
  return {
    targets,
    markInUse: async (arn) => acm.markInUse(arn, 'arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/a'),
    delete: async (region, arn) => {
      await clients.acm(region).send(new DeleteCertificateCommand({ CertificateArn: arn }));
    },
    stop,
  };
});

describe('the targets in ACM', () => {
  beforeEach(start);
  afterEach(stop);

  it('are listed a thousand at a time, because first imports list them all and ACM allows eight lists a second', async () => {
    acm.settings.throttling = false;
    const pair = await issuePair({ names: ['example.org'] });
    for (let count = 0; count < 120; count += 1) await targets.import(REGION, pair, { tags: {} });
    expect(await targets.find(REGION, TAGS, 'example.com')).toEqual([]);
    expect(world.calls.of('acm:ListCertificates')).toBe(1);
  });

  const refuse = (name: string, message: string) =>
    world.faults.add({ operation: 'acm:ImportCertificate', error: { status: 400, name, message } });

  it('does not repeat a first import whose answer was lost, and finds it later', async () => {
    world.faults.add({ operation: 'acm:ImportCertificate', phase: 'after', times: 1, drop: true });
    const pair = await issuePair();
    await expect(targets.import(REGION, pair, { tags: TAGS })).rejects.toMatchObject({ code: 'aws-unavailable' });
    expect(world.calls.of('acm:ImportCertificate')).toBe(1);
    const [arn = ''] = await targets.find(REGION, TAGS, '*.example.com');
    expect(await targets.serialNumber(REGION, arn)).toBe(serialOf(pair));
  });

  it.each([
    ['ACM', '00:82:17:0d', '82170d'],
    ['moto, in decimal', '2182566669', '8217530d'],
  ])('reads the serial number as it is written by %s', async (_who, written, serial) => {
    const server = createServer((_request, response) => {
      response.setHeader('content-type', 'application/x-amz-json-1.1');
      response.end(JSON.stringify({ Certificate: { Serial: written } }));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = new ACMClient({ endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
    expect(await createAcmTargets(() => client).serialNumber(REGION, 'arn:aws:acm:x')).toBe(serial);
    client.destroy();
    server.close();
  });

  it('does not repeat a first import after a server error', async () => {
    world.faults.add({
      operation: 'acm:ImportCertificate',
      error: { status: 500, name: 'InternalFailure', message: 'try again' },
    });
    const imported = targets.import(REGION, await issuePair(), { tags: TAGS });
    await expect(imported).rejects.toMatchObject({ code: 'aws-unavailable' });
    expect(world.calls.of('acm:ImportCertificate')).toBe(1);
  });

  it('repeats an import over an existing ARN when the answer is lost', async () => {
    const arn = await targets.import(REGION, await issuePair(), { tags: TAGS });
    world.faults.add({ operation: 'acm:ImportCertificate', phase: 'after', times: 2, drop: true });
    const renewed = await issuePair();
    expect(await targets.import(REGION, renewed, { arn })).toBe(arn);
    expect(await targets.serialNumber(REGION, arn)).toBe(serialOf(renewed));
  });

  it('waits while ACM throttles: it takes one import per second', async () => {
    const pair = await issuePair();
    const arns = await Promise.all(Array.from({ length: 5 }, () => targets.import(REGION, pair, { tags: TAGS })));
    expect(new Set(arns).size).toBe(5);
    world.faults.add({
      operation: 'acm:ImportCertificate',
      times: 5,
      error: { status: 400, name: 'ThrottlingException', message: 'Rate exceeded' },
    });
    await targets.import(REGION, pair, { tags: TAGS });
  });

  it('says which quota is used up', async () => {
    refuse('LimitExceededException', 'You have reached your limit of certificates.');
    await expect(targets.import(REGION, await issuePair(), { tags: TAGS })).rejects.toMatchObject({
      code: 'aws-refused',
      message: expect.stringMatching(/eu-central-1.*You have reached your limit of certificates\. .*Service Quotas/),
    });
    expect(world.calls.of('acm:ImportCertificate')).toBe(1);
  });

  it.each(['ValidationException', 'InvalidParameterException', 'TooManyTagsException'])(
    'passes on the words of a refusal (%s)',
    async (name) => {
      refuse(name, 'New certificate is missing one or more Extended Key Usages.');
      await expect(targets.import(REGION, await issuePair(), { tags: TAGS })).rejects.toMatchObject({
        code: 'target-refused',
        retry: 'never',
        message: expect.stringContaining('New certificate is missing one or more Extended Key Usages.'),
        details: { aws: { name, operation: 'acm:ImportCertificate' } },
      });
    },
  );

  it('passes on what AWS says when it denies access', async () => {
    refuse('AccessDeniedException', 'not authorized to perform: acm:AddTagsToCertificate');
    await expect(targets.import(REGION, await issuePair(), { tags: TAGS })).rejects.toMatchObject({
      code: 'access-denied',
      message: expect.stringContaining('acm:AddTagsToCertificate'),
    });
  });

  it('asks only for the tags of imports that have the name', async () => {
    for (const names of [['example.org'], ['*.example.com'], ['www.example.com', '*.example.com']]) {
      await targets.import(REGION, await issuePair({ names }), { tags: {} });
    }
    expect(await targets.find(REGION, TAGS, '*.example.com')).toEqual([]);
    expect(world.calls.of('acm:ListTagsForCertificate')).toBe(2);
  });

  it('deletes an import once when the answer is lost', async () => {
    const arn = await targets.import(REGION, await issuePair(), { tags: TAGS });
    world.faults.add({ operation: 'acm:DeleteCertificate', phase: 'after', times: 1, drop: true });
    expect(await targets.remove(REGION, arn)).toBe('removed');
    expect(world.calls.of('acm:DeleteCertificate')).toBe(2);
  });

  it('takes an import for removed that is gone and that a grant by tag therefore does not reach', async () => {
    const arn = await targets.import(REGION, await issuePair(), { tags: TAGS });
    const error = { status: 400, name: 'AccessDeniedException', message: 'not authorized' };
    // The first attempt's answer is lost, and the second one is denied.
    world.faults.add({ operation: 'acm:DeleteCertificate', phase: 'after', times: 1, drop: true });
    world.faults.add({ operation: 'acm:DeleteCertificate', skip: 1, error });
    expect(await targets.remove(REGION, arn)).toBe('removed');
    expect(world.calls.of('acm:DeleteCertificate')).toBe(2);
    expect(await targets.remove(REGION, arn)).toBe('removed');
    expect(world.calls.of('acm:DeleteCertificate')).toBe(2);
  });

  it('passes on what AWS says when it denies the deletion', async () => {
    const arn = await targets.import(REGION, await issuePair(), { tags: TAGS });
    const message = 'not authorized to perform: acm:DeleteCertificate';
    const error = { status: 400, name: 'AccessDeniedException', message };
    world.faults.add({ operation: 'acm:DeleteCertificate', error });
    await expect(targets.remove(REGION, arn)).rejects.toMatchObject({
      code: 'access-denied',
      message: expect.stringContaining(message),
    });
  });

  it('passes over an import that is deleted while it looks', async () => {
    await targets.import(REGION, await issuePair(), { tags: TAGS });
    world.faults.add({
      operation: 'acm:ListTagsForCertificate',
      error: { status: 400, name: 'ResourceNotFoundException', message: 'Could not find certificate' },
    });
    expect(await targets.find(REGION, TAGS, '*.example.com')).toEqual([]);
  });
});
