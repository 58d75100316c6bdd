import { Duration } from 'aws-cdk-lib';

/** How long CloudFormation waits for an answer: for a run that dies at its fifteenth minute, and its repetition. */
export const PROVISION_TIMEOUT = Duration.minutes(35);
