import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ACCOUNT } from './aws-account.ts';
import type { Calls } from './calls.ts';
import { readAnswer, type ValidAnswer } from './cloudformation-answer.ts';
import type { Faults } from './faults.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** A custom resource as a template has it; CloudFormation makes strings of all scalars. */
export interface TemplateResource {
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** By logical id, in the order of creation. `Sandbox::Failing` is a type that always fails. */
export type Template = Readonly<Record<string, TemplateResource>>;

export type StackStatus =
  | 'CREATE_COMPLETE'
  | 'ROLLBACK_COMPLETE'
  | 'ROLLBACK_FAILED'
  | 'UPDATE_COMPLETE'
  | 'UPDATE_ROLLBACK_COMPLETE'
  | 'UPDATE_ROLLBACK_FAILED'
  | 'DELETE_COMPLETE'
  | 'DELETE_FAILED';

export interface Stack {
  readonly id: string;
  readonly name: string;
  readonly status: StackStatus;
  /** Why something failed, in the provider's words. */
  readonly reason: string;
  readonly resources: Readonly<Record<string, StackResource>>;
}

export interface StackResource extends TemplateResource {
  readonly physicalId: string;
  /** What Fn::GetAtt reads. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** One request that was sent to a provider, and what came of it. */
export interface StackEvent {
  readonly requestType: 'Create' | 'Update' | 'Delete';
  readonly logicalId: string;
  /** Of the request. */
  readonly physicalId: string | undefined;
  readonly status: 'SUCCESS' | 'FAILED';
  readonly reason: string;
  /** What the provider sent, as it was. */
  readonly document: string | undefined;
}

export interface CloudFormationOptions {
  readonly clock: VirtualClock;
  /** Invokes the resources' function asynchronously. */
  readonly invoke: (event: object) => Promise<void>;
  readonly calls: Calls;
  readonly faults: Faults;
}

export interface CloudFormation {
  createStack(name: string, template: Template): Promise<Stack>;
  updateStack(name: string, template: Template): Promise<Stack>;
  deleteStack(name: string): Promise<Stack>;
  /** Every request so far, of all stacks. */
  readonly events: readonly StackEvent[];
  /** Every event as it was sent, for sending it once more. */
  readonly sent: readonly object[];
  stop(): Promise<void>;
}

const REGION = 'eu-central-1';
/**
 * Seconds, where a resource has no ServiceTimeout of its own.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-customresource.html
 */
const SERVICE_TIMEOUT = 3_600;
const LOOK_AGAIN = 1_000;
/** As in the events that people have published; AWS documents neither the number nor the form. */
const URL_SECONDS = 7_200;
/** A resource that can be neither created nor updated. */
const FAILING = 'Sandbox::Failing';

/**
 * CloudFormation as far as custom resources go: one function for all of them, resources one after the other. The rules that
 * it holds are listed in `rules-cloudformation.md`.
 */
export async function startCloudFormation(options: CloudFormationOptions): Promise<CloudFormation> {
  const answers = await startAnswerServer(options);
  const stacks = new Map<string, MutableStack>();
  const events: StackEvent[] = [];
  const sent: object[] = [];

  /** Sends one request and waits for its answer. */
  async function request(
    stack: MutableStack,
    logicalId: string,
    about: Pick<StackEvent, 'requestType' | 'physicalId'> & TemplateResource & { readonly old?: TemplateResource },
  ): Promise<Outcome> {
    const { requestType, physicalId, type, properties, old } = about;
    if (type === FAILING) {
      const status = requestType === 'Delete' ? 'SUCCESS' : 'FAILED';
      return { status, reason: 'made to fail', physicalId: physicalId ?? logicalId, attributes: {} };
    }
    const { url, requestId, wait } = answers.expect({ stackId: stack.id, logicalId, physicalId });
    const event = {
      RequestType: requestType,
      ServiceToken: `arn:aws:lambda:${REGION}:${ACCOUNT}:function:provision`,
      ResponseURL: url,
      StackId: stack.id,
      RequestId: requestId,
      LogicalResourceId: logicalId,
      ...(physicalId === undefined ? {} : { PhysicalResourceId: physicalId }),
      ResourceType: type,
      ResourceProperties: strings(properties),
      ...(requestType === 'Update' ? { OldResourceProperties: strings(old?.properties ?? {}) } : {}),
    };
    sent.push(event);
    await options.invoke(event);
    const answer = await wait(Number(properties['ServiceTimeout'] ?? SERVICE_TIMEOUT));
    events.push({
      requestType,
      logicalId,
      physicalId,
      status: answer.status,
      reason: answer.reason,
      document: answer.document,
    });
    // A Create that never answered has no id of its own.
    const madeUp = `${stack.name}-${logicalId}-${randomBytes(6).toString('hex').toUpperCase()}`;
    return {
      status: answer.status,
      reason: answer.reason,
      physicalId: answer.physicalId ?? physicalId ?? madeUp,
      attributes: answer.attributes,
    };
  }

  async function remove(stack: MutableStack, logicalId: string, resource: StackResource): Promise<Outcome> {
    return request(stack, logicalId, { requestType: 'Delete', ...resource });
  }

  function finish(stack: MutableStack, status: StackStatus, reason = ''): Stack {
    stack.status = status;
    stack.reason = reason;
    return { ...stack, resources: { ...stack.resources } };
  }

  async function create(stack: MutableStack, template: Template): Promise<Stack> {
    for (const [logicalId, resource] of Object.entries(template)) {
      const created = await request(stack, logicalId, { requestType: 'Create', physicalId: undefined, ...resource });
      stack.resources[logicalId] = { ...resource, physicalId: created.physicalId, attributes: created.attributes };
      if (created.status === 'SUCCESS') continue;
      let status: StackStatus = 'ROLLBACK_COMPLETE';
      for (const [id, made] of Object.entries(stack.resources).reverse()) {
        const removed = await remove(stack, id, made);
        if (removed.status === 'SUCCESS') delete stack.resources[id];
        else status = 'ROLLBACK_FAILED';
      }
      return finish(stack, status, created.reason);
    }
    return finish(stack, 'CREATE_COMPLETE');
  }

  async function update(stack: MutableStack, template: Template): Promise<Stack> {
    const before = { ...stack.resources };
    const replaced: (readonly [logicalId: string, old: StackResource])[] = [];
    const touched: string[] = [];
    for (const [logicalId, resource] of Object.entries(template)) {
      const old = before[logicalId];
      if (old && old.type === resource.type && same(old.properties, resource.properties)) continue;
      touched.push(logicalId);
      const done = old
        ? await request(stack, logicalId, { requestType: 'Update', physicalId: old.physicalId, ...resource, old })
        : await request(stack, logicalId, { requestType: 'Create', physicalId: undefined, ...resource });
      if (done.status === 'FAILED') {
        stack.resources[logicalId] = { ...resource, physicalId: old?.physicalId ?? done.physicalId, attributes: {} };
        return rollBack(stack, before, touched, done.reason);
      }
      if (old && old.physicalId !== done.physicalId) replaced.push([logicalId, old]);
      stack.resources[logicalId] = { ...resource, physicalId: done.physicalId, attributes: done.attributes };
    }
    // The clean-up: what replaced resources and removed ones leave. A failure there doesn't fail the stack.
    for (const [logicalId, old] of replaced) await remove(stack, logicalId, old);
    for (const [logicalId, old] of Object.entries(before).reverse()) {
      if (template[logicalId]) continue;
      await remove(stack, logicalId, old);
      delete stack.resources[logicalId];
    }
    return finish(stack, 'UPDATE_COMPLETE');
  }

  /** Updates back to the old properties, the last one first; then Deletes for what is new. */
  async function rollBack(
    stack: MutableStack,
    before: Readonly<Record<string, StackResource>>,
    touched: readonly string[],
    reason: string,
  ): Promise<Stack> {
    let status: StackStatus = 'UPDATE_ROLLBACK_COMPLETE';
    const left: (readonly [logicalId: string, resource: StackResource])[] = [];
    for (const logicalId of [...touched].reverse()) {
      const now = stack.resources[logicalId];
      const old = before[logicalId];
      if (!now) continue;
      if (!old) {
        left.push([logicalId, now]);
        delete stack.resources[logicalId];
        continue;
      }
      const back = await request(stack, logicalId, {
        requestType: 'Update',
        physicalId: now.physicalId,
        type: old.type,
        properties: old.properties,
        old: now,
      });
      if (back.status === 'FAILED') {
        status = 'UPDATE_ROLLBACK_FAILED';
        continue;
      }
      if (back.physicalId !== now.physicalId) left.push([logicalId, now]);
      stack.resources[logicalId] = {
        type: old.type,
        properties: old.properties,
        physicalId: back.physicalId,
        attributes: back.attributes,
      };
    }
    for (const [logicalId, resource] of left) await remove(stack, logicalId, resource);
    return finish(stack, status, reason);
  }

  const existing = (name: string): MutableStack => {
    const stack = stacks.get(name);
    if (!stack) throw new Error(`The sandbox has no stack ${name}.`);
    return stack;
  };

  return {
    events,
    sent,
    createStack: (name, template) => {
      const id = `arn:aws:cloudformation:${REGION}:${ACCOUNT}:stack/${name}/${randomUUID()}`;
      const stack: MutableStack = { id, name, status: 'CREATE_COMPLETE', reason: '', resources: {} };
      stacks.set(name, stack);
      return create(stack, template);
    },
    updateStack: async (name, template) => {
      const stack = existing(name);
      if (!/^(CREATE|UPDATE|UPDATE_ROLLBACK)_COMPLETE$/.test(stack.status)) {
        throw new Error(`Stack ${stack.id} is in ${stack.status} state and can not be updated.`);
      }
      return update(stack, template);
    },
    deleteStack: async (name) => {
      const stack = existing(name);
      for (const [logicalId, resource] of Object.entries(stack.resources).reverse()) {
        const removed = await remove(stack, logicalId, resource);
        if (removed.status === 'FAILED') return finish(stack, 'DELETE_FAILED', removed.reason);
        delete stack.resources[logicalId];
      }
      stacks.delete(name);
      return finish(stack, 'DELETE_COMPLETE');
    },
    stop: answers.stop,
  };
}

interface Outcome {
  readonly status: 'SUCCESS' | 'FAILED';
  readonly reason: string;
  readonly physicalId: string;
  readonly attributes: Readonly<Record<string, string>>;
}

interface MutableStack {
  readonly id: string;
  readonly name: string;
  status: StackStatus;
  reason: string;
  readonly resources: Record<string, StackResource>;
}

type Answer = Pick<ValidAnswer, 'status' | 'reason' | 'attributes'> & {
  readonly physicalId: string | undefined;
  readonly document: string | undefined;
};

interface AnswerServer {
  /** A URL for one answer, and how to wait for it. */
  expect(request: { readonly stackId: string; readonly logicalId: string; readonly physicalId: string | undefined }): {
    readonly url: string;
    readonly requestId: string;
    readonly wait: (seconds: number) => Promise<Answer>;
  };
  stop(): Promise<void>;
}

/** The S3 bucket behind the response URLs: it takes whatever is put with the right signature. */
async function startAnswerServer({ clock, calls, faults }: CloudFormationOptions): Promise<AnswerServer> {
  const put = new Map<string, string>();
  const ends = new Map<string, number>();
  const server = createServer((message, response) => void serve(message, response));
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  async function serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
    const refuse = (status: number) => response.writeHead(status, { 'content-length': 0 }).end();
    calls.count('cloudformation:answer');
    for (const phase of ['before', 'after'] as const) {
      if (phase === 'after') {
        // Signed for an empty content type, so that any other is another request.
        const known = put.has(message.url ?? '') && message.method === 'PUT' && !message.headers['content-type'];
        if (!known || clock.now() > (ends.get(message.url ?? '') ?? 0)) return void refuse(403);
        if (put.get(message.url ?? '') === '') put.set(message.url ?? '', Buffer.concat(chunks).toString('utf8'));
      }
      const fault = await faults.at(phase, 'cloudformation:answer', message.url);
      if (fault && 'drop' in fault) return void message.socket.destroy();
      if (fault && 'error' in fault) return void refuse(fault.error.status);
    }
    refuse(200);
  }

  return {
    expect({ stackId, logicalId, physicalId }) {
      const requestId = randomUUID();
      const signature = randomBytes(16).toString('hex');
      const path = `/cloudformation-custom-resource-response/${encodeURIComponent(stackId)}%7C${logicalId}%7C${requestId}?${signedAt(clock.now())}&X-Amz-Signature=${signature}`;
      put.set(path, '');
      ends.set(path, clock.now() + URL_SECONDS * 1_000);
      const wait = async (seconds: number): Promise<Answer> => {
        const end = clock.now() + seconds * 1_000;
        while (put.get(path) === '' && clock.now() < end) await clock.sleep(LOOK_AGAIN);
        const document = put.get(path);
        put.delete(path);
        if (!document) {
          const reason =
            'CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId ' +
            `[${requestId}]. If you are using the Python cfn-response module, you may need to update your Lambda function code.`;
          return { status: 'FAILED', reason, attributes: {}, physicalId, document: undefined };
        }
        const answer = readAnswer(document, { stackId, requestId, logicalId });
        return { ...answer, physicalId: answer.physicalId ?? physicalId, document };
      };
      return { url: `http://127.0.0.1:${port}${path}`, requestId, wait };
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html */
function signedAt(now: number): string {
  const date = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '');
  return `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=${date}&X-Amz-SignedHeaders=host&X-Amz-Expires=${URL_SECONDS}`;
}

function strings(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strings);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, strings(item)]));
  }
  return String(value);
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(strings(one)) === JSON.stringify(strings(other));
}
