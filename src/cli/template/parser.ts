/** Tokens → tree. https://pkg.go.dev/text/template#hdr-Actions */
import { cut, type Segment, TemplateError, type Token } from './lexer.ts';
import type { Command, Operand, Pipeline, TreeNode } from './tree.ts';

/** @throws TemplateError */
export function parse(source: string): TreeNode[] {
  const parser = new Parser(cut(source));
  const { nodes, end } = parser.block();
  if (end) throw new TemplateError(`unexpected {{${end.word}}}`);
  return nodes;
}

interface BlockEnd {
  /** `end` or `else`. */
  word: string;
  /** What follows `else`: another `if` or `with`. */
  rest: Token[];
}

class Parser {
  #next = 0;
  /** How many ranges are around. */
  #ranges = 0;

  constructor(private readonly segments: readonly Segment[]) {}

  /** Nodes up to the `end` or `else` of the enclosing block, or the end of the template. */
  block(): { nodes: TreeNode[]; end?: BlockEnd } {
    const nodes: TreeNode[] = [];
    for (let segment = this.#take(); segment; segment = this.#take()) {
      if (segment.kind === 'text') {
        nodes.push(segment);
        continue;
      }
      const [first, ...rest] = segment.tokens;
      if (first?.kind === 'word' && (first.text === 'end' || first.text === 'else'))
        return { nodes, end: { word: first.text, rest } };
      nodes.push(this.#action(segment.tokens));
    }
    return { nodes };
  }

  #take(): Segment | undefined {
    return this.segments[this.#next++];
  }

  #action(tokens: readonly Token[]): TreeNode {
    const [first, ...rest] = tokens;
    if (first?.kind === 'word') {
      const { text } = first;
      if (text === 'if' || text === 'with' || text === 'range') return this.#control(text, rest);
      if (text === 'break' || text === 'continue') {
        if (this.#ranges === 0) throw new TemplateError(`{{${text}}} outside {{range}}`);
        return { kind: text };
      }
      if (text === 'template' || text === 'define' || text === 'block')
        throw new TemplateError(`{{${text}}} is not supported`);
    }
    return { kind: 'action', pipeline: parsePipeline(tokens) };
  }

  #control(kind: 'if' | 'with' | 'range', tokens: readonly Token[]): TreeNode {
    if (tokens.length === 0) throw new TemplateError(`missing value for ${kind}`);
    const pipeline = parsePipeline(tokens);
    this.#ranges += kind === 'range' ? 1 : 0;
    const { nodes: body, end } = this.block();
    this.#ranges -= kind === 'range' ? 1 : 0;
    if (!end) throw new TemplateError(`unexpected end of the template: {{${kind}}} has no {{end}}`);
    return { kind, pipeline, body, otherwise: end.word === 'else' ? this.#otherwise(end) : [] };
  }

  #otherwise({ rest }: BlockEnd): TreeNode[] {
    const [word, ...tokens] = rest;
    // {{else if x}} is {{else}}{{if x}} with one {{end}} for both
    if (word?.text === 'if' || word?.text === 'with') return [this.#control(word.text, tokens)];
    const { nodes, end } = this.block();
    if (end?.word !== 'end') throw new TemplateError('expected {{end}} after {{else}}');
    return nodes;
  }
}

function parsePipeline(tokens: readonly Token[]): Pipeline {
  const cursor = new Cursor(tokens);
  const pipeline = pipelineOf(cursor);
  const extra = cursor.peek();
  if (extra) throw new TemplateError(`unexpected "${extra.text}" in an action`);
  return pipeline;
}

class Cursor {
  #next = 0;
  constructor(private readonly tokens: readonly Token[]) {}
  peek(ahead = 0): Token | undefined {
    return this.tokens[this.#next + ahead];
  }
  take(): Token | undefined {
    return this.tokens[this.#next++];
  }
  /** True, and past it, when the symbol is next. */
  skip(symbol: string): boolean {
    const { kind, text } = this.peek() ?? {};
    if (kind !== 'symbol' || text !== symbol) return false;
    this.#next++;
    return true;
  }
}

function pipelineOf(cursor: Cursor): Pipeline {
  const { variables, isDeclaration } = declaration(cursor);
  const commands: Command[] = [];
  do {
    const command = commandOf(cursor);
    if (command.length === 0) throw new TemplateError('missing value for command');
    commands.push(command);
  } while (cursor.skip('|'));
  return { variables, isDeclaration, commands };
}

/** `$x :=`, `$x =`, `$i, $v :=` */
function declaration(cursor: Cursor): { variables: string[]; isDeclaration: boolean } {
  const first = cursor.peek();
  const none = { variables: [], isDeclaration: false };
  if (first?.kind !== 'variable') return none;
  const isPair = cursor.peek(1)?.text === ',' && cursor.peek(2)?.kind === 'variable';
  const sign = cursor.peek(isPair ? 3 : 1);
  if (sign?.kind !== 'symbol' || (sign.text !== ':=' && sign.text !== '=')) return none;
  const variables = isPair ? [first.text, cursor.peek(2)?.text ?? ''] : [first.text];
  for (let i = 0; i < (isPair ? 4 : 2); i++) cursor.take();
  return { variables, isDeclaration: sign.text === ':=' };
}

function commandOf(cursor: Cursor): Operand[] {
  const operands: Operand[] = [];
  for (let token = cursor.peek(); token; token = cursor.peek()) {
    if (token.kind === 'symbol' && (token.text === '|' || token.text === ')')) break;
    operands.push(operandOf(cursor));
  }
  return operands;
}

const constants: Record<string, unknown> = { true: true, false: false, nil: null };

function operandOf(cursor: Cursor): Operand {
  const token = cursor.take() as Token;
  switch (token.kind) {
    case 'string':
      return { kind: 'literal', value: token.text };
    case 'number':
      return { kind: 'literal', value: Number(token.text.replaceAll('_', '')) };
    case 'variable':
      return { kind: 'variable', name: token.text, path: fieldsAfter(cursor) };
    case 'field':
      return { kind: 'cursor', path: [token.text.slice(1), ...fieldsAfter(cursor)] };
    case 'word':
      return Object.hasOwn(constants, token.text)
        ? { kind: 'literal', value: constants[token.text] }
        : { kind: 'call', name: token.text };
    default:
      return symbolOperand(cursor, token);
  }
}

function symbolOperand(cursor: Cursor, token: Token): Operand {
  if (token.text === '.') return { kind: 'cursor', path: [] };
  if (token.text !== '(') throw new TemplateError(`unexpected "${token.text}" in an action`);
  const pipeline = pipelineOf(cursor);
  if (!cursor.skip(')')) throw new TemplateError('unclosed left paren');
  return { kind: 'group', pipeline, path: fieldsAfter(cursor) };
}

/** `.B.C` written directly after a field, a variable or a closing parenthesis. */
function fieldsAfter(cursor: Cursor): string[] {
  const path: string[] = [];
  while (cursor.peek()?.kind === 'chain') path.push(cursor.take()?.text.slice(1) ?? '');
  return path;
}
