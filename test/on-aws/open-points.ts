import { randomUUID } from 'node:crypto';
import { type ACMClient, DeleteCertificateCommand, ImportCertificateCommand } from '@aws-sdk/client-acm';
import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import {
  type Change,
  ChangeResourceRecordSetsCommand,
  ListResourceRecordSetsCommand,
  type Route53Client,
} from '@aws-sdk/client-route-53';
import { dns, type Made, make, RSA2048 } from '../acme/hierarchy.ts';

/** What AWS's text leaves open, as a question that only an account answers. */
export interface OpenPoint {
  readonly question: string;
  /** The rule of the sandbox that stands or falls with it. */
  readonly rule: string;
  ask(): Promise<Answer>;
}

export interface Answer {
  /** What AWS answered. */
  readonly text: string;
  /** Whether the sandbox would have answered the same; `undefined` when the answer doesn't tell. */
  readonly asSandbox: boolean | undefined;
}

/** What no walk of minutes can find out, and why; printed beside the answers. */
export const UNASKED = [
  'whether re-imports count against the yearly quota of ACM imports: no API says how much is used, only reaching it would',
  "the price of certificates from ACM's ACME endpoint: on the invoice; the walk uses no such endpoint",
  'whether a durable execution may have 3,000 or 30,000 operations: takes a durable function that does nothing else',
  'what becomes of a durable execution whose version is deleted: Lambda deletes no version that an alias points to, and ' +
    "the stack's alias points to the only one",
  'whether Lambda takes MaximumRetryAttempts for a durable function, and counts its failed executions as AsyncEventsDropped: ' +
    'the alias does without the one, and the alarm begins either way',
  'durable functions in GovCloud and China: other accounts; deploy there and see',
] as const;

const WRITERS = 5;
const ATTEMPTS = 30;
const PAUSE = 2_000;
/** More than 256 KB and less than 1 MB. */
const LARGE_EVENT = 300_000;

const RULE_OF_ISSUERS = 'rules-aws.md, "Not held": a certificate\'s algorithm need not be its issuer\'s';

/** The questions, about a zone, a function and imports that are ours. They leave nothing behind. */
export function openPoints(on: {
  readonly route53: Pick<Route53Client, 'send'>;
  readonly lambda: Pick<LambdaClient, 'send'>;
  readonly acm: Pick<ACMClient, 'send'>;
  readonly hostedZoneId: string;
  /** A name of ours, whose TXT record set exists for a moment. */
  readonly name: string;
  /** What is imported for a moment is for a name below it. */
  readonly apex: string;
  readonly functionName: string;
  /** Until Route 53 takes the next change of the zone; milliseconds. */
  readonly wait: (milliseconds: number) => Promise<unknown>;
}): readonly OpenPoint[] {
  const { route53, lambda, acm, hostedZoneId, name, apex, functionName, wait } = on;
  const change = async (changes: readonly Change[]): Promise<string> => {
    const command = new ChangeResourceRecordSetsCommand({
      HostedZoneId: hostedZoneId,
      ChangeBatch: { Changes: [...changes] },
    });
    return route53.send(command).then(() => 'accepted', nameAndMessage);
  };
  /** While the zone is at work on another change, this one is repeated. */
  const changeAtLast = async (changes: readonly Change[]): Promise<string> => {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await change(changes);
      if (!answer.startsWith('PriorRequestNotComplete') || attempt === ATTEMPTS) return answer;
      await wait(PAUSE);
    }
  };
  const values = async (): Promise<readonly string[]> => {
    const command = new ListResourceRecordSetsCommand({
      HostedZoneId: hostedZoneId,
      StartRecordName: name,
      MaxItems: 5,
    });
    const { ResourceRecordSets = [] } = await route53.send(command);
    const ours = ResourceRecordSets.find((set) => set.Name === `${name}.` && set.Type === 'TXT');
    return ours?.ResourceRecords?.map(({ Value = '' }) => Value) ?? [];
  };
  const txt = (Action: 'CREATE' | 'DELETE', texts: readonly string[]): Change => ({
    Action,
    ResourceRecordSet: { Name: name, Type: 'TXT', TTL: 60, ResourceRecords: texts.map((Value) => ({ Value })) },
  });
  return [
    {
      question: `of ${WRITERS} DELETE + CREATE changes at once that start from the same value, how many are accepted`,
      rule: 'rules-route53.md: "DELETE, then CREATE, of one record set in one batch replaces it"; one at most is accepted',
      ask: async () => {
        const before = ['"before"'];
        const created = await changeAtLast([txt('CREATE', before)]);
        try {
          await wait(PAUSE);
          const answers = await Promise.all(
            Array.from({ length: WRITERS }, (_, index) =>
              change([txt('DELETE', before), txt('CREATE', [`"${index}"`])]),
            ),
          );
          const left = await values();
          const winners = answers.flatMap((answer, index) => (answer === 'accepted' ? [`"${index}"`] : []));
          return {
            text: `CREATE: ${created}; then ${answers.join(' | ')}; left: ${left.join(' ')}`,
            // Where none is accepted, the zone was at work on something else.
            asSandbox: winners.length === 0 ? undefined : winners.length === 1 && left.join() === winners.join(),
          };
        } finally {
          const left = await values();
          if (left.length > 0) await changeAtLast([txt('DELETE', left)]);
        }
      },
    },
    {
      question: `whether an asynchronous event of ${LARGE_EVENT} bytes is taken`,
      rule: 'rules-lambda.md: the size of an asynchronous event',
      ask: async () => {
        const event = { dryRun: true, certificates: [randomUUID()], padding: 'x'.repeat(LARGE_EVENT) };
        const command = new InvokeCommand({
          FunctionName: functionName,
          InvocationType: 'Event',
          Payload: JSON.stringify(event),
        });
        return lambda.send(command).then(
          ({ StatusCode }) => ({ text: `taken, HTTP status ${StatusCode}`, asSandbox: true }),
          (error: unknown) => ({ text: nameAndMessage(error), asSandbox: isTooLarge(error) ? false : undefined }),
        );
      },
    },
    {
      question: 'whether ACM imports an ECDSA certificate that an RSA CA has signed',
      rule: RULE_OF_ISSUERS,
      ask: async () => {
        const root = await make({ subject: 'evercert test root', algorithm: RSA2048, usages: undefined, ...today() });
        return imported(await leafOf(root, `rsa.${apex}`), [root]);
      },
    },
    {
      question: "whether ACM imports an ECDSA chain that ends at an RSA root, as Let's Encrypt's cross-signed ones do",
      rule: RULE_OF_ISSUERS,
      ask: async () => {
        const root = await make({ subject: 'evercert test root', algorithm: RSA2048, usages: undefined, ...today() });
        const crossed = await make({ subject: 'evercert test ca', issuer: root, usages: undefined, ...today() });
        return imported(await leafOf(crossed, `crossed.${apex}`), [crossed, root]);
      },
    },
  ];

  /** Imports it, and takes the import away at once. */
  async function imported(leaf: Made, chain: readonly Made[]): Promise<Answer> {
    const command = new ImportCertificateCommand({
      Certificate: Buffer.from(leaf.pem),
      PrivateKey: Buffer.from(leaf.privateKey),
      CertificateChain: Buffer.from(chain.map(({ pem }) => pem).join('')),
    });
    // ACM takes one import a second.
    await wait(PAUSE);
    return acm.send(command).then(
      async ({ CertificateArn }) => {
        await acm.send(new DeleteCertificateCommand({ CertificateArn }));
        return { text: 'imported', asSandbox: true };
      },
      (error: unknown) => ({
        text: nameAndMessage(error),
        asSandbox: error instanceof Error && error.name === 'ValidationException' ? false : undefined,
      }),
    );
  }
}

function leafOf(issuer: Made, name: string): Promise<Made> {
  return make({ issuer, ca: false, names: dns(name), ...today() });
}

/** From an hour ago, because clocks differ. */
function today() {
  const hour = 3_600_000;
  return { notBefore: Date.now() - hour, notAfter: Date.now() + 24 * hour };
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && /TooLarge|PayloadSize|InvalidRequestContent/.test(error.name);
}

/**
 * Asks one after the other, and says what was answered and whether the sandbox is like it. A question that can't be asked
 * is an answer, too.
 */
export async function askAll(points: readonly OpenPoint[], say: (line: string) => void): Promise<void> {
  for (const { question, rule, ask } of points) {
    const { text, asSandbox } = await ask().catch((error: unknown) => ({
      text: nameAndMessage(error),
      asSandbox: undefined,
    }));
    say(`open: ${question}\n  AWS: ${text}\n  ${verdict(asSandbox, rule)}`);
  }
  for (const question of UNASKED) say(`open, not asked: ${question}`);
}

function verdict(asSandbox: boolean | undefined, rule: string): string {
  if (asSandbox === undefined) return `no answer; it is about ${rule}`;
  return asSandbox ? `as the sandbox has it: ${rule}` : `DIFFERS from the sandbox: rule ${rule}`;
}

function nameAndMessage(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
