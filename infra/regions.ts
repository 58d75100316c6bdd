import { Token } from 'aws-cdk-lib';
import { RegionInfo } from 'aws-cdk-lib/region-info';
import { refusal } from './refusal.ts';

/** Where CloudFront takes its certificates from. */
export const CLOUDFRONT_REGION = 'us-east-1';

/** Refuses a region that aws-cdk-lib does not know, which it lists offline. `what` begins the sentence. */
export function expectKnownRegion(region: string, what: string): void {
  if (Token.isUnresolved(region)) {
    throw refusal(`${what}: the region is not known at synth; give the stack an env.region, or name the region`);
  }
  const known = RegionInfo.regions.map(({ name }) => name);
  if (known.includes(region)) return;
  const near = known.filter((name) => name.slice(0, 5) === region.slice(0, 5));
  const hint = near.length > 0 ? `; did you mean one of ${near.join(', ')}?` : '';
  throw refusal(`${what}: there is no AWS region ${JSON.stringify(region)}${hint}`);
}
