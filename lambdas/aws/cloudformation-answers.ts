import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { messageOf, RenewalFailure } from '../core/failure.ts';
import type { Clock } from '../renewal/ports/clock.ts';
import type { DeploymentAnswers } from '../renewal/ports/deployment-answers.ts';

/** Of real time. */
const SOCKET_TIMEOUT = 10_000;
const ATTEMPTS = 5;
const FIRST_PAUSE = 1_000;

/**
 * CloudFormation's pre-signed S3 URLs. They are signed for an empty content type:
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-lambda-function-code-cfnresponsemodule.html
 *
 * A 5xx, a throttled request and a broken connection are repeated, five attempts in all with doubling pauses.
 * `allowHttp` is for an emulated CloudFormation.
 */
export function createCloudFormationAnswers(options: {
  readonly clock: Clock;
  readonly allowHttp: boolean;
}): DeploymentAnswers {
  const { clock, allowHttp } = options;
  return {
    async send(responseUrl, document) {
      const url = parseUrl(responseUrl, allowHttp);
      for (let attempt = 1; ; attempt += 1) {
        const outcome = await put(url, document);
        if (outcome === 'delivered') return;
        const { problem, again } = outcome;
        if (again && attempt < ATTEMPTS) {
          await clock.sleep(FIRST_PAUSE * 2 ** (attempt - 1));
          continue;
        }
        throw new RenewalFailure(
          again ? 'aws-unavailable' : 'aws-refused',
          `CloudFormation's response URL (host ${url.host}) did not take the answer: ${problem}. The stack waits until ` +
            'its time-out, an hour unless the resource says otherwise.',
        );
      }
    },
  };
}

type Outcome = 'delivered' | { readonly problem: string; readonly again: boolean };

function put(url: URL, document: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const failed = (error: unknown) => resolve({ problem: messageOf(error), again: true });
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    const sending = send(url, {
      method: 'PUT',
      headers: { 'content-type': '', 'content-length': Buffer.byteLength(document) },
      timeout: SOCKET_TIMEOUT,
      // One answer for each invocation: no connection is worth keeping.
      agent: false,
    });
    sending.on('timeout', () => sending.destroy(new Error(`no answer within ${SOCKET_TIMEOUT / 1000} seconds`)));
    sending.on('error', failed);
    sending.on('response', (response) => {
      const { statusCode = 0 } = response;
      response.resume();
      response.on('error', failed);
      response.on('end', () =>
        resolve(
          statusCode >= 200 && statusCode < 300
            ? 'delivered'
            : { problem: `HTTP status ${statusCode}`, again: statusCode >= 500 || statusCode === 429 },
        ),
      );
    });
    sending.end(document);
  });
}

function parseUrl(text: string, allowHttp: boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' || (allowHttp && url?.protocol === 'http:')) return url;
  throw new RenewalFailure('invalid-input', 'custom resource event: ResponseURL must be an https URL');
}
