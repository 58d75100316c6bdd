import { Duration } from 'aws-cdk-lib';

/** How long CloudFormation waits for an answer: for a run that dies at its fifteenth minute, and its repetition. */
export const PROVISION_TIMEOUT = Duration.minutes(35);

/**
 * When Lambda starts the last repetition: what it starts ends while CloudFormation still waits, so that no request is begun
 * after the one that rolls it back.
 */
export const PROVISION_EVENT_AGE = Duration.minutes(20);
