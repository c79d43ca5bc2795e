/**
 * JSON as RFC 8259 has it and stricter: what is checked must be what is executed, so whatever two
 * readers could understand differently is refused: keys that repeat, `__proto__`, a BOM, bytes that are not
 * UTF-8, lone surrogates, numbers a double cannot hold. Nesting is limited, so that no input exhausts the stack.
 */
import { InvalidError } from '../errors/errors.ts';

const depthMax = 64;
const tokens = {
  space: /[ \t\n\r]*/y,
  number: /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y,
  literal: /true|false|null/y,
};

/**
 * @param bytes the whole text, UTF-8
 * @throws InvalidError saying where and what is wrong
 */
export function parseJson(bytes: Uint8Array): unknown {
  return new Parser(decode(bytes)).document();
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    throw new InvalidError('invalid JSON: the bytes are not UTF-8', { cause: error });
  }
}

class Parser {
  #at = 0;
  constructor(readonly text: string) {}

  document(): unknown {
    this.#take('space');
    if (this.#at === this.text.length) throw new InvalidError('invalid JSON: the body is empty');
    const value = this.#value(0);
    if (this.#at < this.text.length) this.#fail('nothing may follow the value');
    return value;
  }

  #value(depth: number): unknown {
    if (depth > depthMax) this.#fail(`nested deeper than ${depthMax}`);
    const value = this.#bareValue(depth);
    this.#take('space');
    return value;
  }

  #bareValue(depth: number): unknown {
    const first = this.text[this.#at];
    if (first === '{') return this.#object(depth);
    if (first === '[') return this.#array(depth);
    if (first === '"') return this.#string();
    const literal = this.#take('literal');
    if (literal) return JSON.parse(literal);
    return this.#number();
  }

  #object(depth: number): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    this.#list('}', () => {
      const key = this.#string();
      if (key === '__proto__') this.#fail('the key "__proto__" is refused');
      if (Object.hasOwn(object, key)) this.#fail(`the key ${JSON.stringify(key)} repeats`);
      this.#take('space');
      this.#expect(':');
      object[key] = this.#value(depth + 1);
    });
    return object;
  }

  #array(depth: number): unknown[] {
    const array: unknown[] = [];
    this.#list(']', () => array.push(this.#value(depth + 1)));
    return array;
  }

  /** Items separated by commas up to the closing bracket; the cursor is on the opening one. */
  #list(close: string, item: () => void): void {
    this.#at += 1;
    this.#take('space');
    if (this.text[this.#at] === close) {
      this.#at += 1;
      return;
    }
    for (;;) {
      item();
      if (this.text[this.#at] === close) break;
      this.#expect(',');
    }
    this.#at += 1;
  }

  #string(): string {
    if (this.text[this.#at] !== '"') this.#fail('a string is expected');
    const start = this.#at;
    this.#at = this.#closingQuote(start) + 1;
    let text: string;
    try {
      text = JSON.parse(this.text.slice(start, this.#at)) as string;
    } catch {
      this.#fail('a string with a bad escape or a control character');
    }
    if (/\p{Surrogate}/u.test(text)) this.#fail('a lone surrogate');
    return text;
  }

  #closingQuote(start: number): number {
    for (let i = start + 1; i < this.text.length; i++) {
      const character = this.text[i];
      if (character === '"') return i;
      if (character === '\\') i += 1;
    }
    return this.#fail('the text ends inside a string');
  }

  #number(): number {
    const token = this.#take('number');
    if (!token) this.#fail('a value is expected');
    const number = Number(token);
    if (!Number.isFinite(number) || (Number.isInteger(number) && !Number.isSafeInteger(number)))
      this.#fail(`the number ${token.slice(0, 40)} is out of range`);
    return number;
  }

  #expect(character: string): void {
    if (this.text[this.#at] !== character) this.#fail(`'${character}' is expected`);
    this.#at += 1;
    this.#take('space');
  }

  #take(kind: keyof typeof tokens): string {
    const pattern = tokens[kind];
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #fail(what: string): never {
    throw new InvalidError(`invalid JSON at character ${this.#at + 1}: ${what}`);
  }
}
