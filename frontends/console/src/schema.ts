/** Holds a value against a JSON Schema (2020-12), as far as page.schema.json uses it. */

export type Schema = { [key: string]: unknown };

export interface Fault {
  /** A JSON pointer; empty for the whole. */
  where: string;
  text: string;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

function typeOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : Number.isInteger(value) ? 'integer' : typeof value;
}

export function check(root: Schema, value: unknown): Fault[] {
  const faults: Fault[] = [];
  visit(root, value, '', faults, root);
  return faults;
}

function passes(schema: Schema, value: unknown, root: Schema): boolean {
  const own: Fault[] = [];
  visit(schema, value, '', own, root);
  return !own.length;
}

function resolve(reference: string, root: Schema): Schema {
  return reference
    .replace(/^#\/?/, '')
    .split('/')
    .filter(Boolean)
    .reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), root) as Schema;
}

function visit(schema: Schema, value: unknown, where: string, faults: Fault[], root: Schema): void {
  const fail = (text: string) => faults.push({ where, text });
  if (typeof schema.$ref === 'string') return visit(resolve(schema.$ref, root), value, where, faults, root);
  const type = typeOf(value);
  if (typeof schema.type === 'string' && schema.type !== type && !(schema.type === 'number' && type === 'integer')) {
    fail(`must be ${/^[aeiou]/.test(schema.type) ? 'an' : 'a'} ${schema.type}, and is ${type === 'null' ? 'null' : `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`}`);
    return;
  }
  if (Array.isArray(schema.enum) && !schema.enum.includes(value)) fail(`must be one of ${schema.enum.join(', ')}`);
  if (typeof value === 'string') checkText(schema, value, fail);
  if (Array.isArray(value)) checkList(schema, value, where, faults, root, fail);
  if (isObject(value)) checkObject(schema, value, where, faults, root, fail);
  checkChoices(schema, value, root, fail);
}

function checkText(schema: Schema, value: string, fail: (text: string) => void): void {
  const { minLength, maxLength, pattern } = schema as { minLength?: number; maxLength?: number; pattern?: string };
  if (minLength !== undefined && [...value].length < minLength) fail('must not be empty');
  if (maxLength !== undefined && [...value].length > maxLength) fail(`has more than ${maxLength} characters`);
  if (pattern && !new RegExp(pattern, 'u').test(value)) fail(typeof schema.description === 'string' ? `is not as it must be: ${schema.description}` : `must be like ${pattern}`);
}

function checkList(schema: Schema, value: unknown[], where: string, faults: Fault[], root: Schema, fail: (text: string) => void): void {
  const { minItems, maxItems, items } = schema as { minItems?: number; maxItems?: number; items?: Schema };
  if (minItems !== undefined && value.length < minItems) fail(`needs at least ${minItems}`);
  if (maxItems !== undefined && value.length > maxItems) fail(`has more than ${maxItems}`);
  if (items) value.forEach((item, i) => visit(items, item, `${where}/${i}`, faults, root));
}

function checkObject(schema: Schema, value: Record<string, unknown>, where: string, faults: Fault[], root: Schema, fail: (text: string) => void): void {
  const properties = (schema.properties ?? {}) as Record<string, Schema>;
  for (const name of (schema.required ?? []) as string[]) if (!(name in value)) fail(`lacks "${name}"`);
  for (const [name, item] of Object.entries(value)) {
    const own = properties[name];
    if (own) visit(own, item, `${where}/${name}`, faults, root);
    else if (schema.additionalProperties === false) faults.push({ where: `${where}/${name}`, text: `is not known; known are ${Object.keys(properties).join(', ')}` });
  }
}

function checkChoices(schema: Schema, value: unknown, root: Schema, fail: (text: string) => void): void {
  const { oneOf, anyOf, not } = schema as { oneOf?: Schema[]; anyOf?: Schema[]; not?: Schema };
  const needs = (choice: Schema) => ((choice.required ?? []) as string[]).map((name) => `"${name}"`).join(' and ');
  if (oneOf && oneOf.filter((choice) => passes(choice, value, root)).length !== 1) fail(`must have either ${oneOf.map(needs).join(', or ')}, and not both`);
  if (anyOf && !anyOf.some((choice) => passes(choice, value, root))) fail(`must have one of ${anyOf.map(needs).join(', ')}`);
  if (not && passes(not, value, root)) fail(`must not have ${needs(not)}`);
}
