import { createHash } from 'node:crypto';
import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

/** Once an hour, in a minute of its own: CAs ask clients to stay away from the full hour. */
export function hourlySchedule(scope: Construct, id: string, scan: IFunction, deadLetters: IQueue): Schedule {
  const stack = Stack.of(scope);
  const group = stack.formatArn({
    service: 'scheduler',
    resource: 'schedule-group',
    resourceName: 'default',
    arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
  });
  const role = new Role(scope, `${id}Role`, {
    description: 'evercert: EventBridge Scheduler starts the scan',
    assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': stack.account, 'aws:SourceArn': group } },
    }),
  });
  role.addToPolicy(
    new PolicyStatement({ sid: 'StartScan', actions: ['lambda:InvokeFunction'], resources: [scan.functionArn] }),
  );
  role.addToPolicy(
    new PolicyStatement({ sid: 'KeepFailedStarts', actions: ['sqs:SendMessage'], resources: [deadLetters.queueArn] }),
  );
  const schedule = new Schedule(scope, id, {
    description: 'Starts the scan of all certificates',
    schedule: ScheduleExpression.cron({ minute: String(minuteOf(scope.node.path)) }),
    target: new LambdaInvoke(scan, {
      // CDK's own grant would reach every version of the function.
      role: role.withoutPolicyUpdates(),
      input: ScheduleTargetInput.fromObject({}),
      deadLetterQueue: deadLetters,
      // The next run comes in an hour and makes up for this one.
      retryAttempts: 3,
      maxEventAge: Duration.hours(1),
    }),
  });
  schedule.node.addDependency(role);
  return schedule;
}

/** From 1 to 59, the same at every synth. */
export function minuteOf(path: string): number {
  return 1 + (createHash('sha256').update(path).digest().readUInt32BE() % 59);
}
