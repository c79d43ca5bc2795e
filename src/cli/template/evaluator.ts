/** Executes a parsed template on a value. */
import { arity, functions, isTrue } from './functions.ts';
import { TemplateError } from './lexer.ts';
import { print } from './print.ts';
import type { Command, Operand, Pipeline, TreeNode } from './tree.ts';

export interface Rules {
  /** What a field that an object lacks is: an error, unless this tells a value for it. */
  readonly absent?: (field: string) => unknown;
}

/** No format for people comes near; a count in a template could else be worked on for years. */
const MAX_NODES = 1_000_000;
const MAX_CHARACTERS = 64 * 1024 * 1024;

class Leave extends Error {
  constructor(readonly kind: 'break' | 'continue') {
    super(`{{${kind}}} outside {{range}}`);
  }
}

interface Scope {
  readonly cursor: unknown;
  readonly variables: ReadonlyMap<string, { value: unknown }>;
}

/** @throws TemplateError */
export function evaluate(nodes: readonly TreeNode[], value: unknown, rules: Rules = {}): string {
  const output: string[] = [];
  const scope = { cursor: value, variables: new Map([['$', { value }]]) };
  new Evaluator(output, rules).block(nodes, scope);
  return output.join('');
}

class Evaluator {
  #nodes = 0;
  #characters = 0;

  constructor(
    private readonly output: string[],
    private readonly rules: Rules,
  ) {}

  /** Variables declared in a block end with it. */
  block(nodes: readonly TreeNode[], outer: Scope): void {
    const variables = new Map(outer.variables);
    const scope = { cursor: outer.cursor, variables };
    for (const node of nodes) this.#node(node, scope);
  }

  #print(text: string): void {
    this.#characters += text.length;
    if (this.#characters > MAX_CHARACTERS)
      throw new TemplateError(`it prints more than ${MAX_CHARACTERS} characters`);
    this.output.push(text);
  }

  #count(): void {
    this.#nodes += 1;
    if (this.#nodes > MAX_NODES) throw new TemplateError(`it takes more than ${MAX_NODES} steps`);
  }

  #node(node: TreeNode, scope: Scope & { variables: Map<string, { value: unknown }> }): void {
    this.#count();
    switch (node.kind) {
      case 'text':
        this.#print(node.text);
        return;
      case 'action': {
        const value = this.#pipeline(node.pipeline, scope);
        if (node.pipeline.variables.length === 0) this.#print(print(value));
        else this.#assign(node.pipeline, [value], scope);
        return;
      }
      case 'break':
      case 'continue':
        throw new Leave(node.kind);
      case 'range':
        this.#range(node, scope);
        return;
      default:
        this.#branch(node, scope);
    }
  }

  #branch(node: Extract<TreeNode, { pipeline: Pipeline; body: unknown }>, outer: Scope): void {
    const value = this.#pipeline(node.pipeline, outer);
    const scope = { cursor: outer.cursor, variables: new Map(outer.variables) };
    this.#assign(node.pipeline, [value], scope);
    if (!isTrue(value)) this.block(node.otherwise, scope);
    else this.block(node.body, node.kind === 'with' ? { ...scope, cursor: value } : scope);
  }

  #range(node: Extract<TreeNode, { pipeline: Pipeline; body: unknown }>, outer: Scope): void {
    let isEmpty = true;
    for (const [key, value] of entriesOf(this.#pipeline(node.pipeline, outer))) {
      isEmpty = false;
      // A body of nothing has no nodes that would be counted.
      this.#count();
      const scope = { cursor: value, variables: new Map(outer.variables) };
      const isPair = node.pipeline.variables.length === 2;
      this.#assign(node.pipeline, isPair ? [key, value] : [value], scope);
      try {
        this.block(node.body, scope);
      } catch (error) {
        if (!(error instanceof Leave)) throw error;
        if (error.kind === 'break') return;
      }
    }
    if (isEmpty) this.block(node.otherwise, outer);
  }

  #assign(
    { variables, isDeclaration }: Pipeline,
    values: readonly unknown[],
    scope: { variables: Map<string, { value: unknown }> },
  ): void {
    variables.forEach((name, i) => {
      const box = scope.variables.get(name);
      if (isDeclaration) scope.variables.set(name, { value: values[i] });
      else if (box) box.value = values[i];
      else throw new TemplateError(`undefined variable "${name}"`);
    });
  }

  #pipeline(pipeline: Pipeline, scope: Scope): unknown {
    let piped: unknown[] = [];
    for (const command of pipeline.commands) piped = [this.#command(command, scope, piped)];
    return piped[0];
  }

  /** @param piped the value of the command before, which becomes the last argument */
  #command(command: Command, scope: Scope, piped: readonly unknown[]): unknown {
    const [first, ...rest] = command as [Operand, ...Operand[]];
    if (first.kind === 'call') return this.#call(first.name, rest, scope, piped);
    const value = this.#operand(first, scope);
    const args = [...rest.map((operand) => this.#operand(operand, scope)), ...piped];
    if (typeof value === 'function') return value(...args);
    if (args.length > 0)
      throw new TemplateError(`can't give argument to non-function ${show(first)}`);
    return value;
  }

  #call(
    name: string,
    operands: readonly Operand[],
    scope: Scope,
    piped: readonly unknown[],
  ): unknown {
    const called = Object.hasOwn(functions, name) ? functions[name] : undefined;
    if (!called) throw new TemplateError(`function "${name}" not defined`);
    // `and` and `or` stop at the first operand that decides
    if (name === 'and' || name === 'or') return this.#shortCut(name, operands, scope, piped);
    const args = [...operands.map((operand) => this.#operand(operand, scope)), ...piped];
    const [least, most] = arity[name] ?? [0, 99];
    if (args.length < least || args.length > most)
      throw new TemplateError(
        `wrong number of args for ${name}: want ${least === most ? least : `at least ${least}`} got ${args.length}`,
      );
    return called(...args);
  }

  #shortCut(
    name: 'and' | 'or',
    operands: readonly Operand[],
    scope: Scope,
    piped: readonly unknown[],
  ): unknown {
    let value: unknown;
    for (const operand of operands) {
      value = this.#operand(operand, scope);
      if (isTrue(value) === (name === 'or')) return value;
    }
    return piped.length > 0 ? piped[0] : value;
  }

  #operand(operand: Operand, scope: Scope): unknown {
    switch (operand.kind) {
      case 'literal':
        return operand.value;
      case 'cursor':
        return this.#walk(scope.cursor, operand.path);
      case 'variable': {
        const box = scope.variables.get(operand.name);
        if (!box) throw new TemplateError(`undefined variable "${operand.name}"`);
        return this.#walk(box.value, operand.path);
      }
      case 'group':
        return this.#walk(this.#pipeline(operand.pipeline, scope), operand.path);
      case 'call':
        return this.#call(operand.name, [], scope, []);
    }
  }

  #walk(start: unknown, path: readonly string[]): unknown {
    return path.reduce((value, field) => this.#field(value, field, path), start);
  }

  #field(value: unknown, field: string, path: readonly string[]): unknown {
    const at = `executing at <.${path.join('.')}>`;
    if (value === null || value === undefined)
      throw new TemplateError(`${at}: nil pointer evaluating .${field}`);
    if (typeof value === 'object' && Object.hasOwn(value, field))
      return (value as Record<string, unknown>)[field];
    if (typeof value !== 'object' || Array.isArray(value))
      throw new TemplateError(`${at}: can't evaluate field ${field} in a ${kindOf(value)}`);
    const absent = this.rules.absent?.(field);
    if (absent === undefined) throw new TemplateError(`${at}: there is no field ${field}`);
    return absent;
  }
}

function* entriesOf(value: unknown): Generator<[unknown, unknown]> {
  if (value === null || value === undefined) return;
  if (Array.isArray(value)) yield* value.entries();
  else if (typeof value === 'number') for (let i = 0; i < value; i++) yield [i, i];
  else if (typeof value === 'object')
    yield* Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  else throw new TemplateError(`range can't iterate over ${print(value)}`);
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'list' : typeof value;
}

function show(operand: Operand): string {
  if (operand.kind === 'literal') return print(operand.value);
  if (operand.kind === 'call') return operand.name;
  const path = operand.path.map((field) => `.${field}`).join('');
  return operand.kind === 'variable' ? operand.name + path : path || '.';
}
