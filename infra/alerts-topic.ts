import { ArnFormat, type Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';

const CLOUDWATCH = new ServicePrincipal('cloudwatch.amazonaws.com');

/** Where alarms go, unless a topic is handed in. */
export function alertsTopic(scope: Construct): Topic {
  return new Topic(scope, 'Alerts', { displayName: 'evercert alarms', enforceSSL: true });
}

/**
 * Lets CloudWatch in by name, and use the key of an encrypted topic: a topic with a policy of its own, as `enforceSSL` makes
 * one, has lost SNS's default policy. Changes nothing where the topic or the key is imported, because CDK does not write their
 * policies. https://repost.aws/knowledge-center/cloudwatch-receive-sns-for-alarm-trigger,
 * https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns
 */
export function letAlarmsPublish(topic: ITopic, stack: Stack): void {
  topic.addToResourcePolicy(
    new PolicyStatement({
      sid: 'PublishAlarms',
      principals: [CLOUDWATCH],
      actions: ['sns:Publish'],
      resources: [topic.topicArn],
      conditions: {
        StringEquals: { 'aws:SourceAccount': stack.account },
        ArnLike: {
          'aws:SourceArn': stack.formatArn({
            service: 'cloudwatch',
            resource: 'alarm',
            resourceName: '*',
            arnFormat: ArnFormat.COLON_RESOURCE_NAME,
          }),
        },
      },
    }),
  );
  topic.masterKey?.grant(CLOUDWATCH, 'kms:Decrypt', 'kms:GenerateDataKey*');
}
