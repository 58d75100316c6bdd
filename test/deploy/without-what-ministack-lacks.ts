/** A template as CDK writes it, as far as it is looked at here. */
export interface Template {
  readonly Resources: Readonly<Record<string, TemplateResource>>;
}

interface TemplateResource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

interface Statement {
  readonly Action?: unknown;
  readonly Resource?: unknown;
  readonly Condition?: Conditions;
}

type Conditions = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** What MiniStack's evaluation of policies doesn't know of a request; a condition on it never holds. */
const UNKNOWN_KEY = /^(route53:|secretsmanager:|aws:ResourceTag\/)/;

/** Is about `*` in MiniStack. */
const WITHOUT_RESOURCE = 'route53:GetChange';

/**
 * The template that MiniStack can deploy and that is tested within minutes (decision 5 has the reasons):
 *
 * - Alarms on more than one metric are left out; MiniStack refuses them.
 * - Conditions of policies go without the keys that MiniStack doesn't know, and one statement gets every resource.
 * - The schedule comes each minute of the hour.
 * - A function that ended without an answer to CloudFormation fails the deployment after ten seconds: MiniStack begins to
 *   count when the function has ended.
 */
export function withoutWhatMinistackLacks(template: Template): Template {
  const kept = Object.entries(template.Resources).filter(([, resource]) => !isMetricMath(resource));
  return { ...template, Resources: Object.fromEntries(kept.map(([id, resource]) => [id, adapted(resource)])) };
}

function isMetricMath({ Type, Properties }: TemplateResource): boolean {
  return Type === 'AWS::CloudWatch::Alarm' && Properties['Metrics'] !== undefined;
}

function adapted(resource: TemplateResource): TemplateResource {
  const { Type, Properties } = resource;
  if (Type === 'AWS::Scheduler::Schedule') {
    const expression = String(Properties['ScheduleExpression']).replace(/^cron\(\d+ /, 'cron(* ');
    return { ...resource, Properties: { ...Properties, ScheduleExpression: expression } };
  }
  if (Type.startsWith('Custom::')) {
    return { ...resource, Properties: { ...Properties, ServiceTimeout: 10 } };
  }
  if (Type !== 'AWS::IAM::Policy') return resource;
  const document = Properties['PolicyDocument'] as { readonly Statement: readonly Statement[] };
  const PolicyDocument = { ...document, Statement: document.Statement.map(evaluable) };
  return { ...resource, Properties: { ...Properties, PolicyDocument } };
}

function evaluable({ Condition = {}, ...statement }: Statement): Statement {
  const conditions = Object.entries(Condition).flatMap(([operator, keys]) => {
    const known = Object.entries(keys).filter(([key]) => !UNKNOWN_KEY.test(key));
    return known.length > 0 ? [[operator, Object.fromEntries(known)] as const] : [];
  });
  return {
    ...statement,
    ...(statement.Action === WITHOUT_RESOURCE ? { Resource: '*' } : {}),
    ...(conditions.length > 0 ? { Condition: Object.fromEntries(conditions) } : {}),
  };
}
