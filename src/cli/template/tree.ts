/** The parsed form of a template. */

export type Operand =
  | { readonly kind: 'literal'; readonly value: unknown }
  /** `.`, `.A.B`: path from the cursor. */
  | { readonly kind: 'cursor'; readonly path: readonly string[] }
  /** `$`, `$x.A` */
  | { readonly kind: 'variable'; readonly name: string; readonly path: readonly string[] }
  | { readonly kind: 'call'; readonly name: string }
  | { readonly kind: 'group'; readonly pipeline: Pipeline; readonly path: readonly string[] };

/** Operands side by side: the first may be a function of the others. */
export type Command = readonly Operand[];

export interface Pipeline {
  /** Names a value is given to, `$i, $v`. */
  readonly variables: readonly string[];
  /** False for `=`, which needs the variable to exist. */
  readonly isDeclaration: boolean;
  readonly commands: readonly Command[];
}

export type TreeNode =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly pipeline: Pipeline }
  | {
      readonly kind: 'if' | 'with' | 'range';
      readonly pipeline: Pipeline;
      readonly body: readonly TreeNode[];
      readonly otherwise: readonly TreeNode[];
    }
  | { readonly kind: 'break' | 'continue' };
