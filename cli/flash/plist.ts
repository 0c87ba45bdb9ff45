/** What a property list holds, in the forms that macOS' tools print. */
export type Plist = string | number | boolean | readonly Plist[] | { readonly [key: string]: Plist };

const TOKEN = /<(\/?)(\w+)([^>]*?)(\/?)>|([^<]+)/g;

/** Reads a property list in XML. Throws a sentence for what is none. */
export function parsePlist(text: string): Plist {
  const body = text.replace(/<\?[^>]*\?>|<!--[\s\S]*?-->|<!DOCTYPE[^>]*>/g, '');
  const tokens = [...body.matchAll(TOKEN)].filter(([whole]) => whole.trim() !== '');
  let at = 0;
  const next = () => tokens[at++];
  const isEnd = (name: string) => tokens[at]?.[1] === '/' && tokens[at]?.[2] === name;

  function content(name: string): string {
    const inner = isEnd(name) ? '' : (next()?.[5] ?? '');
    if (!isEnd(name)) throw new Error(`the property list is broken near <${name}>`);
    at++;
    return inner.replace(/&(lt|gt|amp|quot|apos);/g, (_, entity: string) => ENTITIES[entity]!);
  }

  function value(): Plist {
    const [, closing, name = '', , empty] = next() ?? [];
    if (closing !== '' || name === '') throw new Error('the property list ends too early');
    if (name === 'true' || name === 'false') return name === 'true';
    if (empty === '/') return name === 'array' ? [] : name === 'dict' ? {} : '';
    if (name === 'array') return items('array');
    if (name === 'dict') return fields();
    const inner = content(name);
    return name === 'integer' || name === 'real' ? Number(inner) : inner;
  }

  function items(name: string): Plist[] {
    const list: Plist[] = [];
    while (!isEnd(name)) list.push(value());
    at++;
    return list;
  }

  function fields(): Record<string, Plist> {
    const rows = new Map<string, Plist>();
    while (!isEnd('dict')) {
      if (next()?.[2] !== 'key') throw new Error('the property list has a value without a key');
      const key = content('key');
      rows.set(key, value());
    }
    at++;
    return Object.fromEntries(rows);
  }

  if (next()?.[2] !== 'plist') throw new Error('this is no property list');
  return value();
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };
