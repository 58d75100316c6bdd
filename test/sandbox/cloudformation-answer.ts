/** What CloudFormation made of a document. */
export interface ValidAnswer {
  readonly status: 'SUCCESS' | 'FAILED';
  readonly reason: string;
  readonly physicalId: string | undefined;
  readonly attributes: Readonly<Record<string, string>>;
}

const LARGEST_ANSWER = 4096;
const LARGEST_ID = 1024;

/**
 * Reads what a provider has put: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html.
 * Whatever is wrong with it fails the resource.
 */
export function readAnswer(
  document: string,
  asked: { readonly stackId: string; readonly requestId: string; readonly logicalId: string },
): ValidAnswer {
  const refused = (reason: string): ValidAnswer => ({
    status: 'FAILED',
    reason,
    physicalId: undefined,
    attributes: {},
  });
  if (Buffer.byteLength(document) > LARGEST_ANSWER) return refused('Response object is too long.');
  const answer = parse(document);
  if (!answer) return refused('Invalid response object: it is not JSON');
  const { Status, Reason, PhysicalResourceId, Data } = answer;
  if (Status !== 'SUCCESS' && Status !== 'FAILED') return refused('Invalid response object: Status');
  for (const [member, value] of [
    ['StackId', asked.stackId],
    ['RequestId', asked.requestId],
    ['LogicalResourceId', asked.logicalId],
  ] as const) {
    if (answer[member] !== value) return refused(`Invalid response object: Value of property ${member}`);
  }
  if (typeof PhysicalResourceId !== 'string' || PhysicalResourceId === '') {
    return refused('Invalid PhysicalResourceId');
  }
  if (Buffer.byteLength(PhysicalResourceId) > LARGEST_ID) return refused('Invalid PhysicalResourceId');
  if (Reason !== undefined && typeof Reason !== 'string') return refused('Invalid response object: Reason');
  if (Status === 'FAILED' && !Reason) return refused('Invalid response object: Reason is required');
  const attributes = Object.entries(Object(Data ?? {})).map(([name, value]) => [name, String(value)]);
  return {
    status: Status,
    reason: Reason ?? '',
    physicalId: PhysicalResourceId,
    attributes: Object.fromEntries(attributes),
  };
}

function parse(document: string): Record<string, unknown> | undefined {
  try {
    const answer: unknown = JSON.parse(document);
    return typeof answer === 'object' && answer !== null ? { ...answer } : undefined;
  } catch {
    return undefined;
  }
}
