import type { Template } from '../sandbox/cloudformation.ts';
import { livePair } from './pairs.ts';
import type { Action } from './scenario.ts';
import { issuerTemplate, secretOf, stackOf, templateOf, type World } from './world.ts';

/** Does what somebody does; resolves when it is over. What it is answered doesn't matter: it may well be a failure. */
export async function act(action: Action, world: World): Promise<void> {
  const { sandbox, events } = world;
  events.note(`somebody: ${describe(action)}`);
  try {
    switch (action.does) {
      case 'scan':
        if (action.event.force) for (const name of action.event.certificates ?? []) noteForce(name, world);
        await sandbox.scan(action.event);
        return;
      case 'renew':
        if (action.event.force) noteForce(action.event.certificate, world);
        await sandbox.renew(action.event);
        return;
      case 'change spec':
        await changeSpec(action, world);
        return;
      case 'revoke': {
        const { certificate, reason } = action;
        noteForce(certificate, world);
        await sandbox.renew({ certificate, revoke: { reason }, confirm: certificate });
        return;
      }
      case 'CA revokes':
        sandbox.ca.revoke(livePair(world, action.certificate)?.issued?.serialNumber ?? '');
        return;
      case 'CA forgets accounts':
        world.forgotten.push(sandbox.clock.now());
        sandbox.ca.forgetAccounts();
        return;
      case 'roll key over':
        await updateStack(action.issuer, issuerTemplate(action.issuer, sandbox, action.text), world);
        return;
      case 'write TXT':
        writeTxt(action, world, (values) => values.add(action.value));
        return;
      case 'remove TXT':
        writeTxt(action, world, (values) => values.delete(action.value));
        return;
    }
  } catch {
    // It is in the log, and the schedule goes on.
  }
}

function noteForce(certificate: string, { forced, sandbox }: World): void {
  forced.push({ certificate, at: sandbox.clock.now() });
}

async function changeSpec(
  { certificate, spec }: Extract<Action, { does: 'change spec' }>,
  world: World,
): Promise<void> {
  const { sandbox, scenario } = world;
  noteForce(certificate, world);
  const { owner } = scenario.fleet.find(({ name }) => name === certificate) ?? {};
  if (owner === 'stack') await updateStack(certificate, templateOf({ name: certificate, spec }, sandbox), world);
  else if (sandbox.secretsManager.secret(secretOf(certificate))) await sandbox.renew({ certificate, spec });
}

async function updateStack(name: string, template: Template, { stacks, updating }: World): Promise<void> {
  const stack = stackOf(name);
  if (updating.has(stack)) return;
  updating.add(stack);
  try {
    await stacks.updateStack(stack, template);
  } finally {
    updating.delete(stack);
  }
}

/** Another client's read-modify-write of a record set that we use as well. It leaves our values alone. */
function writeTxt(
  { certificate, value }: Extract<Action, { does: 'write TXT' | 'remove TXT' }>,
  { sandbox, foreign }: World,
  change: (values: Set<string>) => void,
): void {
  const name = `_acme-challenge.${certificate}`;
  const zone = sandbox.route53
    .zones()
    .filter((each) => `${name}.`.endsWith(`.${each.name}`))
    .toSorted((a, b) => b.name.length - a.name.length)[0];
  if (!zone) return;
  const before = sandbox.route53.records(zone.id).find((set) => set.name === `${name}.` && set.type === 'TXT');
  const theirs = foreign.get(`${name}.`) ?? new Set<string>();
  change(theirs);
  foreign.set(`${name}.`, theirs);
  const others = (before?.values ?? []).filter((each) => each !== `"${value}"` && !theirs.has(unquoted(each)));
  const values = [...others, ...[...theirs].map((each) => `"${each}"`)];
  if (values.length === 0) sandbox.route53.erase(zone.id, name, 'TXT');
  else sandbox.route53.overwrite(zone.id, { name, type: 'TXT', ttl: before?.ttl ?? 300, values });
}

function unquoted(value: string): string {
  return value.replace(/^"|"$/g, '');
}

function describe(action: Action): string {
  const { at: _, does, ...rest } = action;
  return `${does} ${JSON.stringify(rest)}`;
}
