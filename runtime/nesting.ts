const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
/** Braces; brackets differ from them in this one bit. */
const OPENING = 0x7b;
const CLOSING = 0x7d;
const BRACKET_BIT = 0x20;

/**
 * Whether a JSON text nests lists and objects deeper than `most`. To be asked before `JSON.parse` reads what came from outside:
 * a parser calls itself for each level, and a small device's stack ends before a hostile text does.
 */
export function nestsDeeper(text: string, most: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === QUOTE) at = endOfString(text, at);
    else if ((character | BRACKET_BIT) === CLOSING) depth--;
    else if ((character | BRACKET_BIT) === OPENING && ++depth > most) return true;
  }
  return false;
}

/** How many items a JSON text has that is a list, or `most` if there are more; 0 for any other. The text need not be sound. */
export function countItems(text: string, most: number): number {
  const start = text.length - text.trimStart().length;
  if (text[start] !== '[') return 0;
  let depth = 0;
  let items = 1;
  for (let at = start; at < text.length && items < most; at++) {
    const character = text.charCodeAt(at);
    if (character === QUOTE) at = endOfString(text, at);
    else if (character === COMMA && depth === 1) items++;
    else if ((character | BRACKET_BIT) === CLOSING) depth--;
    else if ((character | BRACKET_BIT) === OPENING) depth++;
  }
  return items;
}

/** Index of the closing quote; the end of the text if there is none. */
function endOfString(text: string, opening: number): number {
  for (let at = text.indexOf('"', opening + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return at;
  }
  return text.length;
}
