/**
 * All that the commands write goes through here: what names from a model or a file bring along must not command the
 * terminal. Control characters but line breaks and tabs, and those that turn the direction of writing, are shown as
 * "\x1b", "\u202e".
 */
export function visible(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, escaped);
}

function escaped(character: string): string {
  const code = character.charCodeAt(0).toString(16);
  return code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
}

export function print(text: string): void {
  process.stdout.write(visible(text));
}

export function printError(text: string): void {
  process.stderr.write(visible(text));
}

/** JSON on standard output: characters that JSON may hold as they are, and a terminal obeys, in JSON's own escapes. */
export function printJson(value: unknown): void {
  const text = JSON.stringify(value, null, 2).replace(
    /[\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  process.stdout.write(`${text}\n`);
}
