/** What a registry says may be shown, but must not move a cursor or fill a screen. */

const lengthMax = 400;

export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is to go
  const plain = text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
  return plain.length > lengthMax ? `${plain.slice(0, lengthMax)}…` : plain;
}
