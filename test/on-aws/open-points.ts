import { randomUUID } from 'node:crypto';
import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import {
  type Change,
  ChangeResourceRecordSetsCommand,
  ListResourceRecordSetsCommand,
  type Route53Client,
} from '@aws-sdk/client-route-53';

/** What AWS's text leaves open, as a question that only an account answers. */
export interface OpenPoint {
  readonly question: string;
  /** The rule of the sandbox that stands or falls with it. */
  readonly rule: string;
  /** What AWS answered. */
  ask(): Promise<string>;
}

/** What no walk of minutes can find out, and why; printed beside the answers. */
export const UNASKED = [
  'whether re-imports count against the yearly quota of ACM imports: only reaching the quota shows it',
  "the price of certificates from ACM's ACME endpoint: on the invoice",
  'whether a durable execution may have 3,000 or 30,000 operations: costs a durable function of its own',
  'what happens to a durable execution whose version is deleted: costs a durable function of its own',
  'durable functions in GovCloud and China: other accounts',
] as const;

const WRITERS = 5;
const ATTEMPTS = 30;
const PAUSE = 2_000;
/** More than 256 KB and less than 1 MB. */
const LARGE_EVENT = 300_000;

/** The questions, about a zone and a function that are ours. They leave nothing in the zone. */
export function openPoints(on: {
  readonly route53: Pick<Route53Client, 'send'>;
  readonly lambda: Pick<LambdaClient, 'send'>;
  readonly hostedZoneId: string;
  /** A name of ours, whose TXT record set exists for a moment. */
  readonly name: string;
  readonly functionName: string;
  /** Until Route 53 takes the next change of the zone; milliseconds. */
  readonly wait: (milliseconds: number) => Promise<unknown>;
}): readonly OpenPoint[] {
  const { route53, lambda, hostedZoneId, name, functionName, wait } = on;
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
          return `CREATE: ${created}; then ${answers.join(' | ')}; left: ${(await values()).join(' ')}`;
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
        return lambda.send(command).then(({ StatusCode }) => `taken, HTTP status ${StatusCode}`, nameAndMessage);
      },
    },
  ];
}

/** Asks one after the other; a question that can't be asked is an answer, too. */
export async function askAll(points: readonly OpenPoint[], say: (line: string) => void): Promise<void> {
  for (const { question, rule, ask } of points) {
    const answer = await ask().catch(nameAndMessage);
    say(`open: ${question}\n  AWS: ${answer}\n  the sandbox, ${rule}`);
  }
  for (const question of UNASKED) say(`open, not asked: ${question}`);
}

function nameAndMessage(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
