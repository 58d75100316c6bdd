import { createHash } from 'node:crypto';
import { ACCOUNT } from './aws-account.ts';

/** A resource of a template as the file has it. */
export interface TemplateResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/** A template as CloudFormation deploys it: references are resolved, and every resource has a name. */
export interface DeployedTemplate {
  /** Of one type: logical id and resolved properties. */
  resources(type: string): readonly DeployedResource[];
  /** By logical id. */
  resource(logicalId: string): DeployedResource;
  /** The logical id of what an ARN names. */
  logicalIdOf(arn: string): string;
}

export interface DeployedResource {
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
  /** What `Ref` gives. */
  readonly ref: string;
  /** What `Fn::GetAtt` of `Arn` gives; empty where there is none. */
  readonly arn: string;
}

export interface DeployTemplateOptions {
  readonly stackName: string;
  readonly region: string;
  /** What `Fn::GetAtt` gives of resources that the template alone doesn't tell, by `<logical id>.<attribute>`. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/**
 * Reads a template with the intrinsic functions that ours has. Throws for any other, because guessing would deploy
 * something else. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
 */
export function deployTemplate(
  template: { readonly Resources: Readonly<Record<string, TemplateResource>> },
  { stackName, region, attributes = {} }: DeployTemplateOptions,
): DeployedTemplate {
  const pseudo: Readonly<Record<string, string>> = {
    'AWS::AccountId': ACCOUNT,
    'AWS::Partition': 'aws',
    'AWS::Region': region,
    'AWS::StackName': stackName,
    'AWS::URLSuffix': 'amazonaws.com',
  };

  function raw(logicalId: string): TemplateResource {
    const resource = template.Resources[logicalId];
    if (!resource) throw new Error(`The template has no resource ${logicalId}.`);
    return resource;
  }

  /** As CloudFormation makes names up: stack, logical id and something random, which here depends on them alone. */
  function physicalName(logicalId: string): string {
    const random = createHash('sha256').update(`${stackName} ${logicalId}`).digest('hex').slice(0, 12).toUpperCase();
    return `${`${stackName}-${logicalId}`.slice(0, 51)}-${random}`;
  }

  function property(logicalId: string, name: string): string {
    return String(resolve(raw(logicalId).Properties?.[name]));
  }

  function arnOf(logicalId: string): string {
    const name = physicalName(logicalId);
    const arn = (service: string, resource: string, where = region) =>
      `arn:aws:${service}:${where}:${ACCOUNT}:${resource}`;
    switch (raw(logicalId).Type) {
      case 'AWS::Lambda::Function':
        return arn('lambda', `function:${name}`);
      case 'AWS::IAM::Role':
        return arn('iam', `role${raw(logicalId).Properties?.['Path'] ?? '/'}${name}`, '');
      case 'AWS::Logs::LogGroup':
        return arn('logs', `log-group:${name}:*`);
      case 'AWS::SQS::Queue':
        return arn('sqs', name);
      case 'AWS::SNS::Topic':
        return arn('sns', name);
      case 'AWS::Scheduler::Schedule':
        return arn('scheduler', `schedule/default/${name}`);
      default:
        return '';
    }
  }

  function refOf(logicalId: string): string {
    switch (raw(logicalId).Type) {
      case 'AWS::Lambda::Version':
        return `${functionArnOf(logicalId)}:1`;
      case 'AWS::Lambda::Alias':
        return `${functionArnOf(logicalId)}:${property(logicalId, 'Name')}`;
      case 'AWS::SNS::Topic':
        return arnOf(logicalId);
      default:
        return physicalName(logicalId);
    }
  }

  function functionArnOf(logicalId: string): string {
    return `arn:aws:lambda:${region}:${ACCOUNT}:function:${property(logicalId, 'FunctionName')}`;
  }

  function attributeOf(logicalId: string, attribute: string): string {
    const known = attributes[`${logicalId}.${attribute}`];
    if (known !== undefined) return known;
    const { Type } = raw(logicalId);
    const arn = arnOf(logicalId);
    if (attribute === 'Arn' && arn) return arn;
    if (Type === 'AWS::Lambda::Version' && attribute === 'Version') return '1';
    if (/Name$/.test(attribute)) return physicalName(logicalId);
    throw new Error(`The sandbox does not know the attribute ${attribute} of ${logicalId} (${Type}).`);
  }

  function resolve(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value);
    const [[name, argument] = ['', undefined]] = entries;
    if (entries.length === 1 && (name === 'Ref' || name.startsWith('Fn::'))) return intrinsic(name, argument);
    return Object.fromEntries(entries.map(([key, each]) => [key, resolve(each)]));
  }

  function intrinsic(name: string, argument: unknown): unknown {
    switch (name) {
      case 'Ref':
        return pseudo[String(argument)] ?? refOf(String(argument));
      case 'Fn::GetAtt': {
        const [logicalId = '', ...attribute] = Array.isArray(argument) ? argument : String(argument).split('.');
        return attributeOf(logicalId, attribute.join('.'));
      }
      case 'Fn::Join': {
        const [separator, parts] = argument as [string, unknown];
        return (resolve(parts) as unknown[]).join(separator);
      }
      case 'Fn::Split': {
        const [separator, text] = argument as [string, unknown];
        return String(resolve(text)).split(separator);
      }
      case 'Fn::Select': {
        const [index, list] = argument as [number, unknown];
        return (resolve(list) as unknown[])[Number(index)];
      }
      case 'Fn::Sub':
        return String(argument).replace(/\$\{([^}!]+)\}/g, (_, key: string) =>
          key.includes('.') ? String(intrinsic('Fn::GetAtt', key)) : String(intrinsic('Ref', key)),
        );
      default:
        throw new Error(`The sandbox does not know ${name}.`);
    }
  }

  /** Each sandbox of a process asks for all of them, and each invocation for some. */
  const known = new Map<string, DeployedResource>();

  function deployed(logicalId: string): DeployedResource {
    const { Type, Properties = {} } = raw(logicalId);
    const found = known.get(logicalId) ?? {
      logicalId,
      type: Type,
      properties: resolve(Properties) as Readonly<Record<string, unknown>>,
      ref: refOf(logicalId),
      arn: arnOf(logicalId),
    };
    known.set(logicalId, found);
    return found;
  }

  return {
    resources: (type) =>
      Object.entries(template.Resources)
        .filter(([, { Type }]) => Type === type)
        .map(([logicalId]) => deployed(logicalId)),
    resource: deployed,
    logicalIdOf(arn) {
      const found = Object.keys(template.Resources).find((logicalId) => arnOf(logicalId) === arn);
      if (found === undefined) throw new Error(`The template has no resource whose ARN is ${arn}.`);
      return found;
    },
  };
}
