/**
 * Firmware that lies about releases, each kind in another way: none of them may decide anything while liars are fewer than half.
 * Each is the inside of a function of `ports`, `config` and `boot`, the firmware's own.
 */

/** Reading and writing what nodes tell each other, and signing what one likes. */
const TOOLS = `
    const bytesOf = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    const selector = ports.vm.keccak256(bytesOf('attest(bytes32,uint64,bool,string)')).slice(0, 4);
    const [BLOCKS, TRANSACTIONS] = [3, 4];
    const joined = (parts) => {
      const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
      let at = 0;
      for (const part of parts) { all.set(part, at); at += part.length; }
      return all;
    };
    const wordOf = (number) => {
      const bytes = [];
      for (let left = BigInt(number); left > 0n; left >>= 8n) bytes.unshift(Number(left & 255n));
      return Uint8Array.from(bytes);
    };
    const numberOf = (bytes) => bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
    const head = (base, length) => {
      if (length < 56) return Uint8Array.of(base + length);
      const word = wordOf(length);
      return joined([Uint8Array.of(base + 55 + word.length), word]);
    };
    const encode = (item) => {
      if (Array.isArray(item)) { const body = joined(item.map(encode)); return joined([head(0xc0, body.length), body]); }
      return item.length === 1 && item[0] < 0x80 ? item : joined([head(0x80, item.length), item]);
    };
    const decode = (bytes, at) => {
      const first = bytes[at];
      if (first < 0x80) return [bytes.slice(at, at + 1), at + 1];
      const base = first < 0xc0 ? 0x80 : 0xc0;
      const isLong = first - base > 55;
      const from = at + 1 + (isLong ? first - base - 55 : 0);
      const length = isLong ? Number(numberOf(bytes.slice(at + 1, from))) : first - base;
      if (base === 0x80) return [bytes.slice(from, from + length), from + length];
      const items = [];
      for (let next = from; next < from + length; ) { const [item, after] = decode(bytes, next); items.push(item); next = after; }
      return [items, from + length];
    };
    /** The votes in a message with transactions or blocks: their fields, of which the last three are the signature. */
    const votesIn = (message) => {
      try { return votesOf(message); } catch { return []; }
    };
    const votesOf = (message) => {
      const [[ledger, code, body]] = decode(message, 0);
      if (code[0] !== TRANSACTIONS && code[0] !== BLOCKS) return [];
      const raws = code[0] === BLOCKS ? body.flatMap((block) => block[1]) : body;
      const votes = raws.filter((raw) => raw[0] === 2).map((raw) => decode(raw, 1)[0]);
      return votes.filter((fields) => selector.every((byte, at) => fields[7][at] === byte)).map((fields) => ({ ledger, fields }));
    };
    const raw = (fields) => joined([Uint8Array.of(2), encode(fields)]);
    const signed = (fields) => {
      const { yParity, r, s } = ports.device.sign(ports.vm.keccak256(raw(fields.slice(0, 9))));
      return [...fields.slice(0, 9), wordOf(yParity), wordOf(r), wordOf(s)];
    };
    const contrary = (fields) => fields.map((field, at) => {
      const data = field.slice();
      if (at === 7) data[99] ^= 1;
      return data;
    });
    const later = (fields, by) => fields.map((field, at) => (at === 1 ? wordOf(numberOf(field) + BigInt(by)) : field));
    const tell = (peer, ledger, votes) => ports.network.send(peer, encode([ledger, Uint8Array.of(TRANSACTIONS), votes.map(raw)]));
    const seen = new Set();
    const isNew = (fields) => {
      const name = String(ports.vm.keccak256(raw(fields)));
      return !seen.has(name) && seen.add(name);
    };
    const isMine = (fields) => String(signed(fields)) === String(fields);
    const bootWith = (network) => boot({ ...ports, network: { ...ports.network, ...network } }, config);`;

/** The contrary of each of its votes, rightly signed and under the same number: every second neighbour hears it first, the others second. */
const twoTongued = `
    const send = (peer, message) => {
      const votes = votesIn(message);
      const mine = votes.filter(({ fields }) => isMine(fields));
      if (mine.length === 0) ports.network.send(peer, message);
      for (const { ledger, fields } of mine.filter((vote) => isNew(vote.fields))) {
        const both = [fields, signed(contrary(fields))];
        seen.add(String(ports.vm.keccak256(raw(both[1]))));
        const say = (first) => ports.network.peers().forEach((each, index) => tell(each, ledger, [both[(index + first) % 2]]));
        say(0);
        ports.clock.after(700, () => say(1));
      }
    };
    return bootWith({ send });`;

/** Each of its votes again and again, by turns for and against, under the next numbers. */
const doubleVoter = `
    const send = (peer, message) => {
      ports.network.send(peer, message);
      for (const { ledger, fields } of votesIn(message).filter(({ fields }) => isMine(fields) && isNew(fields))) {
        const more = [0, 1, 2, 3, 4, 5].map((step) => signed(later(step % 2 ? fields : contrary(fields), step + 1)));
        const again = [signed(later(fields, 7)), signed(later(fields, 8))];
        for (const vote of [...more, ...again]) isNew(vote);
        for (const each of ports.network.peers()) tell(each, ledger, [fields, ...more, ...again]);
      }
    };
    return bootWith({ send });`;

/** The votes of others, turned round, under their signatures, under spoiled ones, and under its own. */
const impostor = `
    const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    // Two of them would turn round each other's forgeries for ever.
    const [MOST, REST_MS] = [300, 500];
    let restsUntilMs = 0;
    const impersonate = (message) => {
      if (seen.size > MOST || ports.clock.nowMs() < restsUntilMs) return;
      for (const { ledger, fields } of votesIn(message).filter(({ fields }) => isNew(fields) && !isMine(fields))) {
        const [parity, r, s] = fields.slice(9);
        const other = wordOf(1 - Number(numberOf(parity)));
        const body = contrary(fields).slice(0, 9);
        const forged = [
          [...body, parity, r, s],
          [...body, other, r, s],
          [...later(body, 1), parity, r, s],
          [...fields.slice(0, 9), other, r, wordOf(ORDER - numberOf(s))],
          signed(body),
          signed(later(body, 1)),
        ];
        for (const vote of forged) isNew(vote);
        for (const each of ports.network.peers()) tell(each, ledger, [...forged, fields]);
        restsUntilMs = ports.clock.nowMs() + REST_MS;
      }
    };
    const send = (peer, message) => { ports.network.send(peer, message); impersonate(message); };
    const receive = (handler) => ports.network.receive((peer, message) => { impersonate(message); handler(peer, message); });
    return bootWith({ send, receive });`;

/** Votes against what is healthy and for what is not: it tells the firmware the contrary of each container's health. */
const liar = `
    const flipped = { healthy: 'unhealthy', unhealthy: 'healthy' };
    const list = async () =>
      (await ports.containers.list()).map((one) => ({ ...one, health: flipped[one.health] || one.health }));
    return boot({ ...ports, containers: { ...ports.containers, list } }, config);`;

/** Sends every vote that it hears of again to everyone, turned round: under a signature that is not for it, and in blocks with the old seal. */
const forger = `
    const bytesOf = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    const selector = ports.vm.keccak256(bytesOf('attest(bytes32,uint64,bool,string)')).slice(0, 4);
    const seen = new Set();
    const votesIn = (message) => {
      const found = [];
      for (let at = 0; at + 100 <= message.length; at += 1) if (selector.every((byte, index) => message[at + index] === byte)) found.push(at);
      return found;
    };
    const forge = (message) => {
      for (const at of votesIn(message)) {
        const forged = message.slice();
        forged[at + 99] ^= 1;
        for (const bytes of [message, forged]) {
          const name = String(ports.vm.keccak256(bytes));
          if (seen.has(name)) return;
          seen.add(name);
        }
        for (const peer of ports.network.peers()) ports.network.send(peer, forged);
      }
    };
    const send = (peer, message) => { ports.network.send(peer, message); forge(message); };
    const receive = (handler) => ports.network.receive((peer, message) => { forge(message); handler(peer, message); });
    return boot({ ...ports, network: { ...ports.network, send, receive } }, config);`;

export const liars = {
  liar,
  forger,
  'two-tongued': TOOLS + twoTongued,
  'double-voter': TOOLS + doubleVoter,
  impostor: TOOLS + impostor,
} as const;
