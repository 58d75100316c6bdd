import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { messageOf, RenewalFailure } from '../core/failure.ts';
import type { Clock } from '../renewal/ports/clock.ts';
import type { DeploymentAnswers } from '../renewal/ports/deployment-answers.ts';

/** Of real time, for one attempt. */
const TIME_OUT_MILLISECONDS = 10_000;
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
  readonly timeOutMilliseconds?: number;
}): DeploymentAnswers {
  const { clock, allowHttp, timeOutMilliseconds = TIME_OUT_MILLISECONDS } = options;
  return {
    async send(responseUrl, document) {
      const url = parseUrl(responseUrl, allowHttp);
      for (let attempt = 1; ; attempt += 1) {
        const outcome = await put(url, document, timeOutMilliseconds);
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

function put(url: URL, document: string, timeOutMilliseconds: number): Promise<Outcome> {
  return new Promise((resolve) => {
    // From connecting to the status: a server that sends a byte now and then is never idle.
    const signal = AbortSignal.timeout(timeOutMilliseconds);
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    const sending = send(url, {
      method: 'PUT',
      headers: { 'content-type': '', 'content-length': Buffer.byteLength(document) },
      signal,
      // One answer for each invocation: no connection is worth keeping.
      agent: false,
    });
    sending.on('error', (error) => {
      const late = signal.aborted ? new Error(`no answer within ${timeOutMilliseconds / 1000} seconds`) : error;
      resolve({ problem: messageOf(late), again: true });
    });
    // Whoever switches to another protocol gives neither an answer nor an error.
    sending.on('close', () => resolve({ problem: 'the connection was closed without an answer', again: true }));
    sending.on('response', (response) => {
      const { statusCode = 0 } = response;
      // The body says nothing to anybody, and may have no end.
      response.destroy();
      resolve(
        statusCode >= 200 && statusCode < 300
          ? 'delivered'
          : { problem: `HTTP status ${statusCode}`, again: statusCode >= 500 || statusCode === 429 },
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
