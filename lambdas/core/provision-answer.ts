import type { AnswerAddress } from './provision-event.ts';

/** What became of a request. */
export interface ProvisionAnswer {
  readonly status: 'SUCCESS' | 'FAILED';
  readonly physicalId: string;
  /** A sentence for whoever deploys; CloudFormation wants one with FAILED. */
  readonly reason?: string;
  /** What templates read with Fn::GetAtt. */
  readonly data?: Readonly<Record<string, string>>;
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html */
export const LARGEST_ANSWER = 4096;

/** Written instead of what doesn't fit. */
const CUT = ' …';

/**
 * The JSON document that CloudFormation gets, at most 4,096 bytes: the reason is shortened as far as needed. Data can't
 * be shortened; what is too long for them is an answer that failed.
 */
export function answerDocument(address: AnswerAddress, answer: ProvisionAnswer): string {
  const document = shortened(address, answer);
  if (document !== undefined) return document;
  const { data: _tooMuch, ...rest } = answer;
  const reason = `the answer is longer than the ${LARGEST_ANSWER} bytes that CloudFormation takes`;
  return shortened(address, { ...rest, status: 'FAILED', reason }) ?? '';
}

/** `undefined` when it is too long without any reason. */
function shortened(address: AnswerAddress, answer: ProvisionAnswer): string | undefined {
  const whole = render(address, answer);
  if (bytes(whole) <= LARGEST_ANSWER) return whole;
  const { reason = '' } = answer;
  // A character of the reason takes one to six bytes as JSON.
  for (let length = Math.min(reason.length, LARGEST_ANSWER); length > 0; ) {
    const document = render(address, { ...answer, reason: reason.slice(0, length).toWellFormed() + CUT });
    const excess = bytes(document) - LARGEST_ANSWER;
    if (excess <= 0) return document;
    length -= Math.max(1, Math.floor(excess / 6));
  }
  return undefined;
}

function render(address: AnswerAddress, { status, physicalId, reason, data }: ProvisionAnswer): string {
  return JSON.stringify({
    Status: status,
    ...(reason === undefined ? {} : { Reason: reason }),
    PhysicalResourceId: physicalId,
    StackId: address.stackId,
    RequestId: address.requestId,
    LogicalResourceId: address.logicalId,
    ...(data === undefined ? {} : { Data: data }),
  });
}

function bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}
