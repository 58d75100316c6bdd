import { RenewalFailure } from '../core/failure.ts';
import { printable } from '../core/printable.ts';
import { shownUrl } from './acme-url.ts';
import { described } from './refusal.ts';
import type { Answer } from './transport.ts';

/** A JSON object of the CA's (RFC 8555, section 7.1), of which nothing is believed before it has been looked at. */
export interface Resource {
  /** `order`, `authorization`. */
  readonly kind: string;
  readonly url: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The object in an answer. All functions here throw `ca-misbehaved` for what can't be. */
export function resourceIn(answer: Answer, kind: string): Resource {
  const { data, url } = answer;
  if (typeof data === 'object' && data !== null) return { kind, url, fields: { ...data } };
  throw new RenewalFailure('ca-misbehaved', `${shownUrl(url)} is no ${kind}: it answers with ${described(answer)}`);
}

export function nonsense({ kind, url }: Pick<Resource, 'kind' | 'url'>, why: string): RenewalFailure {
  return new RenewalFailure('ca-misbehaved', `the ${kind} at ${shownUrl(url)} makes no sense: ${why}`);
}

export function textField(resource: Resource, name: string): string {
  return optionalTextField(resource, name) ?? missing(resource, name);
}

function optionalTextField(resource: Resource, name: string): string | undefined {
  const value = resource.fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' && value !== '') return value;
  throw nonsense(resource, `${name} is ${shown(value)}`);
}

export function statusField<Status extends string>(resource: Resource, known: readonly Status[]): Status {
  const text = textField(resource, 'status');
  const status = known.find((each) => each === text);
  if (status === undefined) throw nonsense(resource, `status is ${shown(text)}`);
  return status;
}

export function listField(resource: Resource, name: string): readonly unknown[] {
  const value = resource.fields[name] ?? missing(resource, name);
  if (!Array.isArray(value)) throw nonsense(resource, `${name} is ${shown(value)}`);
  return value;
}

/** An object inside of the resource. */
export function objectField(resource: Resource, name: string): Resource {
  const value = resource.fields[name] ?? missing(resource, name);
  return member(resource, name, value);
}

/** One element of a list or one member, as a resource of its own. */
export function member(resource: Resource, name: string, value: unknown): Resource {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw nonsense(resource, `${name} is ${shown(value)}`);
  return { kind: `${resource.kind}'s ${name}`, url: resource.url, fields: { ...value } };
}

/** RFC 3339, as milliseconds since the epoch. */
export function instantField(resource: Resource, name: string): number {
  return parseInstant(resource, name, textField(resource, name));
}

export function optionalInstantField(resource: Resource, name: string): number | undefined {
  const text = optionalTextField(resource, name);
  return text === undefined ? undefined : parseInstant(resource, name, text);
}

function parseInstant(resource: Resource, name: string, text: string): number {
  const isInstant = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,20})?([Zz]|[+-]\d\d:\d\d)$/.test(text);
  const instant = isInstant ? Date.parse(text.toUpperCase()) : Number.NaN;
  if (Number.isNaN(instant)) throw nonsense(resource, `${name} is ${shown(text)}, not an instant as in RFC 3339`);
  return instant;
}

function missing(resource: Resource, name: string): never {
  throw nonsense(resource, `${name} is missing`);
}

/** A value of the CA's, for a message. */
export function shown(value: unknown): string {
  return printable(JSON.stringify(value) ?? 'undefined', 100);
}
