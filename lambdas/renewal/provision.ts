import { MINUTE } from '../core/duration.ts';
import { RenewalFailure, toFailure } from '../core/failure.ts';
import { NOT_BEGUN, physicalIdOf } from '../core/physical-id.ts';
import { presignedUrlEnd } from '../core/presigned-url.ts';
import { answerDocument, type ProvisionAnswer } from '../core/provision-answer.ts';
import {
  type AnswerAddress,
  CERTIFICATE_TYPE,
  ISSUER_TYPE,
  type ProvisionRequest,
  parseAnswerAddress,
  parseCertificateProperties,
  parseIssuerProperties,
  parseProvisionRequest,
} from '../core/provision-event.ts';
import type { Settings } from '../core/settings.ts';
import { deleteCertificate } from './provision/delete-certificate.ts';
import { provisionCertificate } from './provision/provision-certificate.ts';
import { deleteIssuer, provisionIssuer } from './provision/provision-issuer.ts';
import type { ProvisionPorts, ProvisionRun } from './provision/provision-run.ts';
import { startRun } from './run.ts';

/** Lambda stops a function after fifteen. */
const LONGEST = 14 * MINUTE;

/**
 * Does what one request of CloudFormation asks for, and answers it: also when it is nonsense, and when the work fails.
 * `overdue` resolves when it is time to answer whatever the work is doing.
 *
 * Safe to repeat: Lambda repeats an event whose invocation failed, and may deliver any event twice. One that CloudFormation
 * has stopped waiting for long ago, because its URL has ended, does nothing.
 *
 * Throws when nobody can be answered: `invalid-input` for an event without a usable address, and what the delivery of
 * the answer failed with.
 */
export async function provision(
  input: unknown,
  settings: Settings,
  ports: ProvisionPorts,
  overdue: Promise<void> = new Promise(() => undefined),
): Promise<void> {
  const address = parseAnswerAddress(input);
  const deadline = ports.clock.now() + LONGEST;
  const run: ProvisionRun = { ...startRun(ports, settings, address.requestId), deadline };
  const { logicalId, stackId, requestId } = address;
  if ((presignedUrlEnd(address.responseUrl) ?? Number.POSITIVE_INFINITY) < ports.clock.now()) {
    run.log.warn('CloudFormation no longer waits for this request: nothing is done', { logicalId, stackId, requestId });
    return;
  }
  const answer = await Promise.race([work(input, run), overdue.then(tooLate)]).catch((error: unknown) =>
    failed(address, error, run, () => idOfCreate(input)),
  );
  await send(address, answer, run);
}

/**
 * Answers a request that was not begun, because of `reason`: without this nobody would, and the stack would wait for its
 * time-out. A Delete of what was not begun either has succeeded.
 *
 * Throws as `provision`.
 */
export async function refuse(
  input: unknown,
  reason: unknown,
  ports: Pick<ProvisionPorts, 'answers' | 'log'>,
): Promise<void> {
  const address = parseAnswerAddress(input);
  const answer = isDeleteOfNothing(input) ? NOTHING : failed(address, reason, ports, () => NOT_BEGUN);
  await send(address, answer, ports);
}

async function send(
  address: AnswerAddress,
  answer: ProvisionAnswer,
  { answers, log }: Pick<ProvisionPorts, 'answers' | 'log'>,
): Promise<void> {
  const { status, physicalId, reason } = answer;
  log.info('answering CloudFormation', { logicalId: address.logicalId, status, physicalId, reason });
  await answers.send(address.responseUrl, answerDocument(address, answer));
}

const NOTHING: ProvisionAnswer = {
  status: 'SUCCESS',
  physicalId: NOT_BEGUN,
  reason: 'the creation was never begun: there is nothing',
};

function isDeleteOfNothing(input: unknown): boolean {
  const { RequestType, PhysicalResourceId } = Object(input) as Readonly<Record<string, unknown>>;
  return RequestType === 'Delete' && PhysicalResourceId === NOT_BEGUN;
}

async function work(input: unknown, run: ProvisionRun): Promise<ProvisionAnswer> {
  const request = parseProvisionRequest(input);
  const { type, resourceType, logicalId, stackId, physicalId } = request;
  run.log.info('request of CloudFormation', { type, resourceType, logicalId, stackId, physicalId });
  if (isDeleteOfNothing(input)) return NOTHING;
  switch (resourceType) {
    case ISSUER_TYPE:
      return type === 'Delete' ? deleteIssuer(request, run) : provisionIssuer(request, run);
    case CERTIFICATE_TYPE:
      return type === 'Delete' ? deleteCertificate(request, run) : provisionCertificate(request, run);
    default:
      if (type === 'Delete') return { status: 'SUCCESS', physicalId: physicalId ?? '', reason: 'there is nothing' };
      throw new RenewalFailure(
        'invalid-input',
        `custom resource event: ResourceType must be ${ISSUER_TYPE} or ${CERTIFICATE_TYPE}, not ${resourceType}`,
      );
  }
}

function tooLate(): never {
  throw new RenewalFailure(
    'deployment-timeout',
    'the work has not ended in time: AWS or the CA answers too slowly. Look at the log of the provision function, and deploy again.',
  );
}

function failed(
  address: AnswerAddress,
  error: unknown,
  { log }: Pick<ProvisionPorts, 'log'>,
  newId: () => string | undefined,
): ProvisionAnswer {
  const { code, message, details } = toFailure(error);
  log.error(message, { code, details, logicalId: address.logicalId });
  // An update that failed is an update of the resource that was there.
  const physicalId = address.physicalId ?? newId() ?? (address.requestId || 'none');
  return { status: 'FAILED', physicalId, reason: `${message} (${code})` };
}

/** The id that a Create would have answered; `undefined` when its properties don't say. */
function idOfCreate(input: unknown): string | undefined {
  try {
    const { resourceType, properties }: ProvisionRequest = parseProvisionRequest(input);
    if (resourceType === ISSUER_TYPE) return parseIssuerProperties(properties).name;
    const { name, spec } = parseCertificateProperties(properties);
    return physicalIdOf({ name, key: spec.key });
  } catch {
    return undefined;
  }
}
