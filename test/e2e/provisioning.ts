import { afterEach, beforeEach, expect } from '@jest/globals';
import type { CertificateSpecInput } from '../../lambdas/core/certificate-spec.ts';
import type { CertificateTags } from '../../lambdas/core/certificate-tags.ts';
import type { Stack, Template } from '../sandbox/cloudformation.ts';
import { tagsOf } from '../sandbox/inspect.ts';
import type { SandboxOptions } from '../sandbox/sandbox.ts';
import { type StackSandbox, startStackSandbox } from '../sandbox/stack-sandbox.ts';

export const NAME = 'leane.dev';
export const SECRET = 'evercert/leane.dev';
export const REGION = 'eu-central-1';
export const SPEC = { domainNames: ['leane.dev', '*.leane.dev'], issuer: 'sandbox', acm: [REGION] };
/** One name stays: ACM refuses to replace all of them. */
export const CHANGED = { domainNames: ['leane.dev', 'www.leane.dev'] };
/** A resource that rolls back the stack it is in. */
export const FAILING: Template = { Other: { type: 'Sandbox::Failing', properties: {} } };
export const REFUSAL = {
  status: 400,
  name: 'rejectedIdentifier',
  message: 'Cannot issue for "leane.dev": (the policy forbids it)',
};

/** Stacks with an issuer and a certificate, and what there is of that certificate. */
export interface Provisioning {
  world(): StackSandbox;
  issuer(settings?: object): Template;
  certificate(spec?: Partial<CertificateSpecInput>, properties?: object): Template;
  /** The ARNs of what ACM has. */
  imports(region?: string): readonly string[];
  serialInAcm(): string | undefined;
  tags(): CertificateTags;
  rawTags(): Readonly<Record<string, string>>;
  finalizedOrders(): number;
  isForRenew(request: unknown): boolean;
}

/** To be called in a `describe`: each of its tests gets a sandbox of its own. */
export function useProvisioning(options: SandboxOptions = {}): Provisioning {
  let world: StackSandbox;

  beforeEach(async () => {
    world = await startStackSandbox({ zones: ['leane.dev'], ...options });
  });

  afterEach(async () => {
    expect(world.sandbox.bugs()).toEqual([]);
    await world.stop();
  });

  const imports = (region: string) => world.sandbox.acm.certificates(region);
  return {
    world: () => world,
    issuer: (settings = {}) => ({
      Issuer: {
        type: 'Custom::AcmeIssuer',
        properties: {
          Name: 'sandbox',
          Settings: JSON.stringify({ ...world.sandbox.issuerSettings(), ...settings }),
          ServiceTimeout: world.sandbox.deployment.serviceTimeout,
        },
      },
    }),
    certificate: (spec = {}, properties = {}) => ({
      Certificate: {
        type: 'Custom::AcmeCertificate',
        properties: {
          Name: NAME,
          Spec: JSON.stringify({ ...SPEC, ...spec }),
          WaitForIssuance: true,
          RemovalPolicy: 'retain',
          ServiceTimeout: world.sandbox.deployment.serviceTimeout,
          ...properties,
        },
      },
    }),
    imports: (region = REGION) => imports(region).map(({ arn }) => arn),
    serialInAcm: () => imports(REGION)[0]?.serial.replaceAll(':', '').toLowerCase(),
    tags: () => tagsOf(world.sandbox, NAME),
    rawTags: () => world.sandbox.secretsManager.secret(SECRET)?.tags ?? {},
    finalizedOrders: () => world.sandbox.ca.finalizedOrders().length,
    isForRenew: (request) =>
      JSON.stringify(request).includes(encodeURIComponent(world.sandbox.deployment.functions.renew)),
  };
}

export function attributes({ resources }: Stack, logicalId = 'Certificate'): Readonly<Record<string, string>> {
  return resources[logicalId]?.attributes ?? {};
}
