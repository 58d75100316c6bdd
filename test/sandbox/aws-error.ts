import type { AwsAnswer, AwsService, AwsServiceError } from './aws-service.ts';

/** What a service calls an operation that it doesn't have; such an answer carries no message. */
export const UNKNOWN_OPERATION = 'UnknownOperationException';

/**
 * A refusal on the wire of each protocol:
 * https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html, …/aws-json-1_1-protocol.html and
 * …/aws-restjson1-protocol.html, under "Operation error serialization".
 *
 * Route 53 has a second form for `InvalidChangeBatch` alone, with `<InvalidChangeBatch><Messages>` as the root. Clients
 * that know nothing of it (the JavaScript SDK is one) report `[message, message]` as their users see it today, which
 * is what arrives in the ordinary form.
 */
export function renderAwsError(protocol: AwsService['protocol'], error: AwsServiceError, requestId: string): AwsAnswer {
  const { status, errorName, message } = error;
  switch (protocol) {
    case 'rest-xml':
      return {
        status,
        headers: { 'content-type': 'text/xml' },
        body:
          errorName === UNKNOWN_OPERATION
            ? `<${UNKNOWN_OPERATION}/>`
            : `<?xml version="1.0"?>\n<ErrorResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Error>` +
              `<Type>${status < 500 ? 'Sender' : 'Receiver'}</Type><Code>${escapeXml(errorName)}</Code>` +
              `<Message>${escapeXml(message)}</Message></Error><RequestId>${requestId}</RequestId></ErrorResponse>`,
      };
    case 'json-1.1':
      return {
        status,
        headers: { 'content-type': 'application/x-amz-json-1.1' },
        body: JSON.stringify({ __type: errorName, ...(message ? { message } : {}) }),
      };
    case 'rest-json':
      return {
        status,
        headers: { 'content-type': 'application/json', 'x-amzn-errortype': errorName },
        body: JSON.stringify({
          Type: status < 500 ? 'User' : 'Service',
          ...(message ? { message, Message: message } : {}),
        }),
      };
  }
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
