import { describe, expect, it } from '@jest/globals';
import {
  parseAnswerAddress,
  parseCertificateProperties,
  parseIssuerProperties,
  parseProvisionRequest,
} from '../../lambdas/core/provision-event.ts';

const spec = { domainNames: ['leane.dev'], issuer: 'letsencrypt' };
const properties = { ServiceToken: 'arn:aws:lambda:…', Name: 'leane.dev', Spec: JSON.stringify(spec) };
const event = {
  RequestType: 'Create',
  ResponseURL: 'https://bucket.example/answer',
  StackId: 'arn:aws:cloudformation:eu-central-1:123456789012:stack/web/1',
  RequestId: 'r1',
  LogicalResourceId: 'Certificate',
  ResourceType: 'Custom::AcmeCertificate',
  ResourceProperties: properties,
};

describe('an event of CloudFormation', () => {
  it('is read with what an answer has to repeat', () => {
    expect(parseProvisionRequest({ ...event, PhysicalResourceId: 'leane.dev:ecdsa-p256' })).toEqual({
      type: 'Create',
      responseUrl: event.ResponseURL,
      stackId: event.StackId,
      requestId: 'r1',
      logicalId: 'Certificate',
      physicalId: 'leane.dev:ecdsa-p256',
      resourceType: 'Custom::AcmeCertificate',
      properties,
      oldProperties: undefined,
    });
  });

  it.each(['RequestType', 'StackId', 'RequestId', 'LogicalResourceId', 'ResourceType', 'ResponseURL'])(
    'without %s is refused by name',
    (field) => {
      const { [field]: _left, ...rest } = event as Record<string, unknown>;
      expect(() => parseProvisionRequest(rest)).toThrow(`${field} `);
    },
  );

  it('can be answered whatever else is missing', () => {
    expect(parseAnswerAddress({ ResponseURL: 'https://bucket.example/answer' })).toEqual({
      responseUrl: 'https://bucket.example/answer',
      stackId: '',
      requestId: '',
      logicalId: '',
      physicalId: undefined,
    });
  });

  it.each([null, 'text', {}, { ResponseURL: 7 }])('can not be answered without a URL: %p', (input) => {
    expect(() => parseAnswerAddress(input)).toThrow('custom resource event');
  });
});

describe('the properties of a certificate', () => {
  it('are waited for and kept when they say nothing else', () => {
    expect(parseCertificateProperties(properties)).toMatchObject({
      name: 'leane.dev',
      spec: { domainNames: ['leane.dev'], issuer: ['letsencrypt'], key: 'ecdsa-p256' },
      waitForIssuance: true,
      removalPolicy: 'retain',
    });
  });

  it('say otherwise in strings', () => {
    const more = { ...properties, WaitForIssuance: 'false', RemovalPolicy: 'destroy' };
    expect(parseCertificateProperties(more)).toMatchObject({ waitForIssuance: false, removalPolicy: 'destroy' });
  });

  it('hold tags as JSON', () => {
    const tags = { team: 'web', 'cost center': '42' };
    expect(parseCertificateProperties({ ...properties, Tags: JSON.stringify(tags) })).toMatchObject({ tags });
    expect(parseCertificateProperties(properties)).toMatchObject({ tags: {} });
  });

  it.each([
    ['no properties', undefined, 'is missing'],
    [
      'a wait that is neither',
      { ...properties, WaitForIssuance: 'yes' },
      'WaitForIssuance must be one of "true", "false"',
    ],
    [
      'the ARN of a secret',
      { ...properties, Name: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:a' },
      'Name',
    ],
    ['an issuer’s secret', { ...properties, Name: '_issuers/a' }, 'Name'],
    ['a name that no tag holds', { ...properties, Name: 'a'.repeat(201) }, 'Name'],
    ['a spec that is an object', { ...properties, Spec: spec }, 'Spec must be a string'],
    [
      'more regions than an answer holds',
      {
        ...properties,
        Spec: JSON.stringify({ ...spec, acm: Array.from({ length: 21 }, (_, i) => `eu-west${'-x'.repeat(i)}-1`) }),
      },
      'at most 16',
    ],
    ['tags that are no JSON', { ...properties, Tags: 'team=web' }, 'Tags of certificate leane.dev is not JSON'],
    ['a tag of ours', { ...properties, Tags: '{"evercert:state":"issued"}' }, 'the tag "evercert:state"'],
  ])('are refused: %s', (_what, input, words) => {
    expect(() => parseCertificateProperties(input)).toThrow(words);
  });
});

describe('the properties of an issuer', () => {
  it('hold the settings as JSON', () => {
    const Settings = JSON.stringify({ directoryUrl: 'https://ca.example/directory' });
    expect(parseIssuerProperties({ Name: 'sandbox', Settings })).toMatchObject({
      name: 'sandbox',
      settings: { directoryUrl: 'https://ca.example/directory', trust: 'public' },
    });
  });

  it.each([
    [{ Name: 'sandbox' }, 'Settings is missing'],
    [{ Name: 'Sand Box', Settings: '{}' }, 'Name'],
    [{ Name: 'sandbox', Settings: '{' }, 'is not JSON'],
    [{ Name: 'sandbox', Settings: '{}' }, 'directoryUrl is missing'],
  ])('are refused: %j', (input, words) => {
    expect(() => parseIssuerProperties(input)).toThrow(words);
  });
});
