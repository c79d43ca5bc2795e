/** JSON laid out as Go's `json.Indent` does, on the text itself: numbers and escapes stay as they are. */

const step = '    ';

/** @param json valid JSON */
export function indentJson(json: string): string {
  const tokens = json.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
  let depth = 0;
  let text = '';
  tokens.forEach((token, i) => {
    const isOpening = token === '{' || token === '[';
    const isClosing = token === '}' || token === ']';
    const isEmpty = isClosing && (tokens[i - 1] === '{' || tokens[i - 1] === '[');
    const nextCloses = tokens[i + 1] === '}' || tokens[i + 1] === ']';
    if (isClosing) depth--;
    if (isClosing && !isEmpty) text += newLine(depth);
    text += token === ':' ? ': ' : token;
    if (isOpening) depth++;
    if ((isOpening && !nextCloses) || token === ',') text += newLine(depth);
  });
  return text;
}

function newLine(depth: number): string {
  return `\n${step.repeat(depth)}`;
}
