import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';

const cdkJson = join(import.meta.dirname, '../../cdk.json');

/** With the feature flags of cdk.json, and without what takes long: bundling, and a stack trace for each construct. */
export function testApp(): App {
  const { context } = JSON.parse(readFileSync(cdkJson, 'utf8'));
  const slow = { 'aws:cdk:bundling-stacks': [], 'aws:cdk:disable-stack-trace': true };
  return new App({ context: { ...context, ...slow } });
}

export function testStack(region = 'eu-central-1', id = 'Test'): Stack {
  return new Stack(testApp(), id, { env: { region, account: '111122223333' } });
}

/** What a template says of one resource. */
export interface TemplateResource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a template is whatever CloudFormation takes.
  readonly Properties: any;
  readonly DependsOn?: readonly string[];
  readonly DeletionPolicy?: string;
}

/** All resources of a type, by logical id. */
export function resourcesOf(stack: Stack, type: string): Readonly<Record<string, TemplateResource>> {
  return Template.fromStack(stack).findResources(type) as Record<string, TemplateResource>;
}

/** The only resource of a type whose logical id contains `idPart`. */
export function resourceOf(stack: Stack, type: string, idPart = ''): TemplateResource & { readonly id: string } {
  const found = Object.entries(resourcesOf(stack, type)).filter(([id]) => id.includes(idPart));
  const [only, another] = found;
  if (!only || another) throw new Error(`${found.length} resources ${type} with ${idPart} in their id`);
  return { id: only[0], ...only[1] };
}
