/** A node between an operator and an honest one: it shows a larger canary than was proposed. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { toFunctionSelector } from 'viem';
import { decodeProposal, encodeProposal } from '../../runtime/contracts/proposal.ts';

const PROPOSAL = toFunctionSelector('function proposal(bytes32,uint64)');
const APPROVE = toFunctionSelector('function approve(bytes32,uint64,bytes32)');

interface Call {
  readonly id: number;
  readonly method: string;
  readonly params: readonly [{ readonly data?: string }];
}

export interface LyingNode {
  readonly url: string;
  /** Whether it says of an approval that it would succeed. */
  hidesRefusals: boolean;
  close(): void;
}

export async function lyingNode(honest: string): Promise<LyingNode> {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const call = JSON.parse(body) as Call;
    const asked = await fetch(honest, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const answer = (await asked.json()) as { result?: string };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(twist(call, answer)));
  });
  const twist = ({ id, method, params }: Call, answer: { result?: string }) => {
    const data = params?.[0]?.data ?? '';
    const isApproval = data.startsWith(APPROVE);
    if (node.hidesRefusals && isApproval && method === 'eth_call') return { jsonrpc: '2.0', id, result: '0x' };
    if (node.hidesRefusals && isApproval && method === 'eth_estimateGas') return { jsonrpc: '2.0', id, result: '0x100000' };
    if (method !== 'eth_call' || !data.startsWith(PROPOSAL)) return answer;
    const proposal = decodeProposal(Buffer.from(answer.result!.slice(2), 'hex'));
    const shown = { ...proposal, terms: { ...proposal.terms, canary: proposal.terms.canary + 1 } };
    return { ...answer, result: `0x${Buffer.from(encodeProposal(shown)).toString('hex')}` };
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const node: LyingNode = { url: `http://127.0.0.1:${port}`, hidesRefusals: false, close: () => void server.close() };
  return node;
}
