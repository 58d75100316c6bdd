import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Stage } from 'aws-cdk-lib';
import { Code, LayerVersion, Runtime } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { type PrivateCa, privateCaFile } from '../lambdas/core/private-ca.ts';

/** Where functions find the files of all layers. */
export const PRIVATE_CA_FOLDER = '/opt/evercert/private-cas';

/** Lambda takes five for a function: https://docs.aws.amazon.com/lambda/latest/dg/chapter-layers.html */
export const MOST_LAYERS = 5;

/** A layer with the file that tells a function how the CA of an issuer is reached. An environment would have 4 KB for all. */
export function privateCaLayer(scope: Construct, issuer: string, ca: PrivateCa): LayerVersion {
  const source = join(Stage.of(scope)?.assetOutdir ?? 'cdk.out', 'private-cas', scope.node.addr, issuer);
  // Layers are unpacked into /opt.
  const folder = join(source, PRIVATE_CA_FOLDER.replace(/^\/opt/, ''));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, privateCaFile(issuer) ?? ''), JSON.stringify(ca));
  return new LayerVersion(scope, `PrivateCa-${issuer}`, {
    code: Code.fromAsset(source),
    compatibleRuntimes: [Runtime.NODEJS_24_X],
    description: `How the CA of the issuer ${issuer} is reached`,
  });
}
