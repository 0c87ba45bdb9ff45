/** Where a Docker Engine listens. */
export interface EngineAddress {
  /** As the operator wrote it, for messages. */
  readonly url: string;
  readonly connect: { readonly socketPath: string } | { readonly host: string; readonly port: number };
}

/**
 * Reads `unix:///path`, `/path`, `tcp://host:port` or `http://host:port` (a forwarded socket: plain HTTP, so only for a
 * tunnel or the loopback). Throws a sentence for anything else.
 */
export function parseEngineUrl(url: string): EngineAddress {
  const path = /^(?:unix:\/\/)?(\/.+)$/.exec(url)?.[1];
  if (path !== undefined) return { url: `unix://${path}`, connect: { socketPath: path } };
  const match = /^(?:tcp|http):\/\/(\[[0-9a-f:]+\]|[\w.-]+):(\d{1,5})\/?$/i.exec(url);
  const port = Number(match?.[2]);
  if (match?.[1] === undefined || port < 1 || port > 65_535) {
    throw new Error(`"${url}" is no address of a Docker Engine; write unix:///var/run/docker.sock or tcp://host:port`);
  }
  return { url, connect: { host: match[1].replace(/^\[|\]$/g, ''), port } };
}
