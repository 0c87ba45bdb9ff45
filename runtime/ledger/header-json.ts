import { hexToBytes } from '../bytes.ts';
import type { Hex } from '../ports/index.ts';
import type { Header } from './header.ts';

/** A header as Ethereum JSON-RPC shows it; its hash tells whether anything in it is false. Throws a sentence if it cannot be read. */
export function headerOfJson(block: Readonly<Record<string, unknown>>): Header {
  const hex = (name: string): Hex => {
    const value = block[name];
    if (typeof value !== 'string' || !/^0x[0-9a-f]{0,1024}$/i.test(value)) throw new Error(`${name} is ${JSON.stringify(value)}`);
    return value.toLowerCase() as Hex;
  };
  return {
    parentHash: hex('parentHash'),
    coinbase: hex('miner'),
    stateRoot: hex('stateRoot'),
    transactionsRoot: hex('transactionsRoot'),
    receiptsRoot: hex('receiptsRoot'),
    logsBloom: hexToBytes(hex('logsBloom')),
    number: Number(hex('number')),
    gasLimit: BigInt(hex('gasLimit')),
    gasUsed: BigInt(hex('gasUsed')),
    timestamp: Number(hex('timestamp')),
    extraData: hexToBytes(hex('extraData')),
    mixHash: hex('mixHash'),
    baseFee: BigInt(hex('baseFeePerGas')),
  };
}
