import { describe, expect, it } from '@jest/globals';
import { parseScanEvent } from '../../lambdas/core/scan-event.ts';
import { messageOf } from './message-of.ts';

describe('scan events', () => {
  it('a scan event may be empty', () => {
    expect(parseScanEvent({})).toEqual({ force: false, dryRun: false });
  });

  it.each([
    [{ certificate: ['leane.dev'] }, 'scan event: unknown field "certificate"'],
    [{ certificates: 'leane.dev' }, 'scan event: certificates must be a list, not "leane.dev"'],
    [{ certificates: [] }, 'scan event: certificates must have at least 1 entries'],
    [{ forse: true }, 'scan event: unknown field "forse"'],
    [{ force: 'yes' }, 'scan event: force must be a boolean, not "yes"'],
    [undefined, 'scan event: it is missing (an object)'],
  ])('refuses the scan event %j', (input, sentence) => {
    expect(messageOf(() => parseScanEvent(input))).toContain(sentence);
  });
});
