/**
 * Names, labels and messages come from images, registries and other users: bytes that would drive the
 * terminal are shown as `\x1b`. Raw output is only that of the user's own program.
 */

/** Escapes C0 but newline and tab, DEL and C1. */
export function escapeControl(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, escapeOne);
}

/** Also newline and tab, for the cell of a table. */
export function escapeCell(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, escapeOne);
}

function escapeOne(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\t') return '\\t';
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
