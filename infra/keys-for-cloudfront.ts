import { CfnResource, type CustomResource, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { KeyType } from '../lambdas/core/key-type.ts';

/**
 * CloudFront takes RSA keys of up to 4096 bits and ECDSA keys on P-256:
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html
 */
const NOT_FOR_CLOUDFRONT: readonly KeyType[] = ['ecdsa-p384'];

export function isForCloudFront(key: KeyType): boolean {
  return !NOT_FOR_CLOUDFRONT.includes(key);
}

/**
 * Fails the synth when a distribution in the certificate's stack gets its ARN: a stack in us-east-1 may hand it to a load
 * balancer, which takes the key, so that only what uses it tells. A distribution in another stack is not seen; those take
 * `certificateIn('us-east-1')`, which refuses at once.
 */
export function refuseInDistributions(certificate: Construct, resource: CustomResource, key: KeyType): void {
  certificate.node.addValidation({
    validate() {
      const stack = Stack.of(certificate);
      const id = stack.getLogicalId(resource.node.defaultChild as CfnResource);
      return stack.node
        .findAll()
        .filter((each) => CfnResource.isCfnResource(each) && each.cfnResourceType === 'AWS::CloudFront::Distribution')
        .filter((each) => {
          const { distributionConfig } = each as CfnResource & { readonly distributionConfig?: unknown };
          return JSON.stringify(stack.resolve(distributionConfig) ?? {}).includes(`["${id}","CertificateArn.`);
        })
        .map(
          (each) =>
            `${each.node.path}: CloudFront can not use the key of ${certificate.node.path}, of type ${key}; choose ecdsa-p256 or RSA`,
        );
    },
  });
}
