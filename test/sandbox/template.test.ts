import { describe, expect, it } from '@jest/globals';
import { deployTemplate, type TemplateResource } from './template.ts';

const RESOURCES: Readonly<Record<string, TemplateResource>> = {
  Fn: { Type: 'AWS::Lambda::Function' },
  Live: { Type: 'AWS::Lambda::Alias', Properties: { FunctionName: { Ref: 'Fn' }, Name: 'live' } },
  Other: { Type: 'AWS::Sandbox::Other' },
};

/** What a property of that value is deployed as. */
function deployed(value: unknown): unknown {
  const Resources = { ...RESOURCES, Asked: { Type: 'AWS::Sandbox::Asked', Properties: { Value: value } } };
  const template = deployTemplate({ Resources }, { stackName: 'Stack', region: 'eu-central-1' });
  return template.resource('Asked').properties['Value'];
}

describe('A deployed template', () => {
  it('has names as CloudFormation makes them up', () => {
    expect(deployed({ Ref: 'Fn' })).toMatch(/^Stack-Fn-[0-9A-F]{12}$/);
    expect(deployed({ Ref: 'Fn' })).toBe(deployed({ Ref: 'Fn' }));
  });

  it('has the ARNs of functions and aliases', () => {
    const fn = /^arn:aws:lambda:eu-central-1:123456789012:function:Stack-Fn-[0-9A-F]{12}$/;
    expect(deployed({ 'Fn::GetAtt': ['Fn', 'Arn'] })).toMatch(fn);
    expect(deployed({ Ref: 'Live' })).toBe(`${String(deployed({ 'Fn::GetAtt': ['Fn', 'Arn'] }))}:live`);
  });

  it('resolves what is nested', () => {
    const qualifier = { 'Fn::Select': [7, { 'Fn::Split': [':', { Ref: 'Live' }] }] };
    expect(deployed([{ deep: qualifier }])).toEqual([{ deep: 'live' }]);
    expect(deployed({ 'Fn::Join': ['-', [{ Ref: 'AWS::Region' }, 'x']] })).toBe('eu-central-1-x');
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as CloudFormation has them.
    expect(deployed({ 'Fn::Sub': 'of ${AWS::AccountId} and ${Fn.Arn}' })).toMatch(/^of 123456789012 and arn:/);
  });

  it.each([
    ['a function that it does not know', { 'Fn::ImportValue': 'x' }, 'does not know Fn::ImportValue'],
    ['an attribute that it does not know', { 'Fn::GetAtt': ['Other', 'Endpoint'] }, 'the attribute Endpoint of Other'],
    ['a resource that is not there', { Ref: 'Nobody' }, 'no resource Nobody'],
  ])('refuses %s rather than guess', (_what, value, sentence) => {
    expect(() => deployed(value)).toThrow(sentence);
  });
});
