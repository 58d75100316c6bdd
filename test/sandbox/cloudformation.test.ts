import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Calls } from './calls.ts';
import { type CloudFormation, startCloudFormation, type Template } from './cloudformation.ts';
import { Faults } from './faults.ts';
import { VirtualClock } from './virtual-clock.ts';

interface Event {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly ResponseURL: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties: Readonly<Record<string, unknown>>;
  readonly OldResourceProperties?: Readonly<Record<string, unknown>>;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let clock: VirtualClock;
let stacks: CloudFormation;
let received: Event[];
/** What the provider puts for a request; `undefined`: nothing. */
let answer: (event: Event) => object | string | undefined;
let headers: Readonly<Record<string, string>>;

beforeEach(async () => {
  clock = new VirtualClock(Date.UTC(2026, 10, 24));
  received = [];
  headers = { 'content-type': '' };
  answer = (event) => ({ Status: 'SUCCESS', PhysicalResourceId: `${event.ResourceProperties['Name']}` });
  const invoke = async (sent: object) => {
    const event = JSON.parse(JSON.stringify(sent)) as Event;
    received.push(event);
    const answered = answer(event);
    if (answered !== undefined) await put(event.ResponseURL, whole(event, answered));
  };
  stacks = await startCloudFormation({ clock, invoke, calls: new Calls(), faults: new Faults(clock) });
});

afterEach(async () => {
  await stacks.stop();
  clock.close();
});

function whole({ StackId, RequestId, LogicalResourceId }: Event, answered: object | string): string {
  return typeof answered === 'string'
    ? answered
    : JSON.stringify({ StackId, RequestId, LogicalResourceId, ...answered });
}

/** Returns the status. */
function put(url: string, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sending = request(url, { method: 'PUT', agent: false, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    sending.on('error', reject);
    sending.end(body);
  });
}

const template = (name: string, more: object = {}): Template => ({
  One: { type: 'Custom::One', properties: { Name: name, ...more } },
});
const failing: Template = { Other: { type: 'Sandbox::Failing', properties: {} } };
const types = () => received.map(({ RequestType, PhysicalResourceId }) => [RequestType, PhysicalResourceId]);

describe('the sandbox’s CloudFormation', () => {
  it('sends what CloudFormation sends, with scalars as strings, and takes the attributes', async () => {
    answer = () => ({ Status: 'SUCCESS', PhysicalResourceId: 'id', Data: { Arn: 'arn' } });
    const stack = await stacks.createStack('web', template('a', { Wait: true, Count: 3, List: [1] }));
    expect(stack).toMatchObject({
      status: 'CREATE_COMPLETE',
      resources: { One: { physicalId: 'id', attributes: { Arn: 'arn' } } },
    });
    expect(received).toEqual([
      {
        RequestType: 'Create',
        ServiceToken: expect.stringMatching(/^arn:aws:lambda:/),
        ResponseURL: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/.*X-Amz-Signature=/),
        StackId: stack.id,
        RequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        LogicalResourceId: 'One',
        ResourceType: 'Custom::One',
        ResourceProperties: { Name: 'a', Wait: 'true', Count: '3', List: ['1'] },
      },
    ]);
  });

  it('sends a Delete for a failed Create, with the id of its answer', async () => {
    answer = ({ RequestType }) =>
      RequestType === 'Create'
        ? { Status: 'FAILED', Reason: 'no', PhysicalResourceId: 'half' }
        : { Status: 'SUCCESS', PhysicalResourceId: 'half' };
    expect(await stacks.createStack('web', template('a'))).toMatchObject({
      status: 'ROLLBACK_COMPLETE',
      reason: 'no',
      resources: {},
    });
    expect(types()).toEqual([
      ['Create', undefined],
      ['Delete', 'half'],
    ]);
  });

  it.each([
    ['an hour', {}, HOUR],
    ['its ServiceTimeout', { ServiceTimeout: '2100' }, 35 * MINUTE],
  ])('gives up after %s, and makes up an id for the Delete', async (_what, more, patience) => {
    answer = ({ RequestType, PhysicalResourceId }) =>
      RequestType === 'Create' ? undefined : { Status: 'SUCCESS', PhysicalResourceId };
    const began = clock.now();
    const stack = await stacks.createStack('web', template('a', more));
    expect(stack).toMatchObject({
      status: 'ROLLBACK_COMPLETE',
      reason: expect.stringContaining('did not receive a response'),
    });
    expect(clock.now() - began).toBeGreaterThanOrEqual(patience);
    expect(clock.now() - began).toBeLessThan(patience + MINUTE);
    expect(types()[1]).toEqual(['Delete', expect.stringMatching(/^web-One-[0-9A-F]{12}$/)]);
  });

  it.each([
    ['is too long', { Status: 'SUCCESS', PhysicalResourceId: 'a', Reason: 'x'.repeat(4096) }, 'too long'],
    ['is no JSON', 'fine', 'not JSON'],
    ['has another status', { Status: 'DONE', PhysicalResourceId: 'a' }, 'Status'],
    ['is for another request', { Status: 'SUCCESS', PhysicalResourceId: 'a', RequestId: 'other' }, 'RequestId'],
    ['has no id', { Status: 'SUCCESS' }, 'PhysicalResourceId'],
    [
      'has an id of more than a kilobyte',
      { Status: 'SUCCESS', PhysicalResourceId: 'a'.repeat(1025) },
      'PhysicalResourceId',
    ],
    ['fails without a reason', { Status: 'FAILED', PhysicalResourceId: 'a' }, 'Reason'],
    ['has a reason that is no text', { Status: 'SUCCESS', PhysicalResourceId: 'a', Reason: null }, 'Reason'],
  ])('fails a resource whose answer %s', async (_what, wrong, words) => {
    answer = ({ RequestType, PhysicalResourceId }) =>
      RequestType === 'Create' ? wrong : { Status: 'SUCCESS', PhysicalResourceId };
    const stack = await stacks.createStack('web', template('a'));
    expect(stack).toMatchObject({ status: 'ROLLBACK_COMPLETE', reason: expect.stringContaining(words) });
  });

  it('takes an answer only under its signature and without a content type, and the first one counts', async () => {
    const statuses: Promise<number>[] = [];
    answer = (event) => {
      const good = whole(event, { Status: 'SUCCESS', PhysicalResourceId: 'first' });
      const later = whole(event, { Status: 'FAILED', Reason: 'late', PhysicalResourceId: 'second' });
      const url = event.ResponseURL;
      statuses.push(put(url.replace(/.$/, 'x'), later));
      headers = { 'content-type': 'application/json' };
      statuses.push(put(url, later));
      headers = { 'content-type': '' };
      statuses.push(put(url, good).then((status) => put(url, later).then((again) => status + again)));
      return undefined;
    };
    const stack = await stacks.createStack('web', template('a'));
    expect(await Promise.all(statuses)).toEqual([403, 403, 400]);
    expect(stack).toMatchObject({ status: 'CREATE_COMPLETE', resources: { One: { physicalId: 'first' } } });
  });

  it('updates what has changed, and nothing else', async () => {
    answer = () => ({ Status: 'SUCCESS', PhysicalResourceId: 'id' });
    await stacks.createStack('web', template('a'));
    await stacks.updateStack('web', template('a'));
    expect((await stacks.updateStack('web', template('b'))).status).toBe('UPDATE_COMPLETE');
    expect(types()).toEqual([
      ['Create', undefined],
      ['Update', 'id'],
    ]);
    expect(received[1]).toMatchObject({ ResourceProperties: { Name: 'b' }, OldResourceProperties: { Name: 'a' } });
  });

  it('takes another id for a replacement: the old one is deleted, with its own properties', async () => {
    await stacks.createStack('web', template('a'));
    const stack = await stacks.updateStack('web', template('b'));
    expect(stack).toMatchObject({ status: 'UPDATE_COMPLETE', resources: { One: { physicalId: 'b' } } });
    expect(types().slice(1)).toEqual([
      ['Update', 'a'],
      ['Delete', 'a'],
    ]);
    expect(received[2]?.ResourceProperties).toEqual({ Name: 'a' });
  });

  it('rolls a failed update back with the old properties, and deletes nothing', async () => {
    await stacks.createStack('web', template('a'));
    answer = ({ ResourceProperties: { Name } }) =>
      Name === 'b'
        ? { Status: 'FAILED', Reason: 'no b', PhysicalResourceId: 'a' }
        : { Status: 'SUCCESS', PhysicalResourceId: 'a' };
    const stack = await stacks.updateStack('web', template('b'));
    expect(stack).toMatchObject({ status: 'UPDATE_ROLLBACK_COMPLETE', reason: 'no b' });
    expect(stack.resources['One']).toMatchObject({ physicalId: 'a', properties: { Name: 'a' } });
    expect(types().slice(1)).toEqual([
      ['Update', 'a'],
      ['Update', 'a'],
    ]);
    expect(received[2]).toMatchObject({ ResourceProperties: { Name: 'a' }, OldResourceProperties: { Name: 'b' } });
  });

  it('rolls a replacement back when another resource fails: back to the old id, then the new one is deleted', async () => {
    await stacks.createStack('web', template('a'));
    const stack = await stacks.updateStack('web', { ...template('b'), ...failing });
    expect(stack).toMatchObject({ status: 'UPDATE_ROLLBACK_COMPLETE', reason: 'made to fail' });
    expect(types().slice(1)).toEqual([
      ['Update', 'a'],
      ['Update', 'b'],
      ['Delete', 'b'],
    ]);
    expect(stack.resources).toMatchObject({ One: { physicalId: 'a' } });
  });

  it('is stuck when a rollback fails', async () => {
    await stacks.createStack('web', template('a'));
    answer = () => ({ Status: 'FAILED', Reason: 'no', PhysicalResourceId: 'a' });
    expect((await stacks.updateStack('web', template('b'))).status).toBe('UPDATE_ROLLBACK_FAILED');
    await expect(stacks.updateStack('web', template('a'))).rejects.toThrow('UPDATE_ROLLBACK_FAILED');
  });

  it('deletes in the reverse order, and stops at a failure', async () => {
    const two = { ...template('a'), Two: { type: 'Custom::One', properties: { Name: 'b' } } };
    await stacks.createStack('web', two);
    received = [];
    answer = ({ PhysicalResourceId }) =>
      PhysicalResourceId === 'a'
        ? { Status: 'FAILED', Reason: 'in use', PhysicalResourceId }
        : { Status: 'SUCCESS', PhysicalResourceId };
    expect(await stacks.deleteStack('web')).toMatchObject({ status: 'DELETE_FAILED', reason: 'in use' });
    expect(types()).toEqual([
      ['Delete', 'b'],
      ['Delete', 'a'],
    ]);
    answer = ({ PhysicalResourceId }) => ({ Status: 'SUCCESS', PhysicalResourceId });
    expect((await stacks.deleteStack('web')).status).toBe('DELETE_COMPLETE');
    expect(received).toHaveLength(3);
  });
});
