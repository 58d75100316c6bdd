import { Annotations } from 'aws-cdk-lib';
import { SecurityGroup, Subnet, Vpc } from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import type { ParsedConfig } from './app-config.ts';
import type { CertificateRenewerProps } from './certificate-renewer-props.ts';

type Network = Pick<CertificateRenewerProps, 'vpc' | 'vpcSubnets' | 'securityGroups'>;

/** Subnets of a VPC by their ids alone, so that nothing is looked up at synth. */
export function networkOf(
  scope: Construct,
  { vpcId, subnetIds, securityGroupIds }: NonNullable<ParsedConfig['vpc']>,
): Network {
  const subnets = subnetIds.map((id) => {
    const subnet = Subnet.fromSubnetId(scope, id, id);
    Annotations.of(subnet).acknowledgeWarning('@aws-cdk/aws-ec2:noSubnetRouteTableId', 'No route is made in it.');
    return subnet;
  });
  return {
    // CDK wants a zone, for subnets that it would choose itself.
    vpc: Vpc.fromVpcAttributes(scope, 'Vpc', { vpcId, availabilityZones: ['unused'] }),
    vpcSubnets: { subnets },
    securityGroups: securityGroupIds.map((id) => SecurityGroup.fromSecurityGroupId(scope, id, id)),
  };
}
