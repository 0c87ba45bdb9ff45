import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Exchange, Route } from '../../../runtime/ports/index.ts';
import { answerHeaders, WELL_KNOWN } from '../../../runtime/proxy/answer-headers.ts';
import { limitsOf } from '../../../runtime/proxy/limits.ts';
import { absence, findRoute } from '../../../runtime/proxy/match.ts';
import { containersOf } from '../../../runtime/proxy/routes.ts';
import { createUnderWay, type UnderWay } from '../../../runtime/proxy/under-way.ts';
import type { Endpoint } from '../listen.ts';
import { type Admitted, admit, isRefusal } from './admission.ts';
import { pass, tooLong } from './forward.ts';
import { createPool, type Pool } from './pool.ts';
import { guardedServer } from './server.ts';
import { passUpgrade, responseOn } from './upgrade.ts';
import { beginVisit, sayTo, toExchange, type Visit } from './visit.ts';

export interface ProxyOptions {
  /** Where a container's port answers; rejects if it does not run. */
  readonly reach: (containerId: string, port: number) => Promise<Endpoint>;
  /** Name of the device, for headers and sentences. */
  readonly device: string;
  /** JSON for a path below {@link WELL_KNOWN}; `undefined` where there is none. */
  readonly wellKnown?: (target: string) => Promise<string | undefined>;
}

export interface ReverseProxy {
  readonly server: Server;
  /** Replaces all routes. Requests under way keep the container they have. */
  serve(routes: readonly Route[]): void;
  /** Resolves when nothing is under way to a container any more. */
  drained(containerId: string): Promise<void>;
  /** Calls back for every request that went to a route, when it has ended. One handler. */
  observe(handler: (exchange: Exchange) => void): void;
  close(): void;
}

/** A container may go just as its route does: what reached nobody is tried again, on the routes of then. */
const ATTEMPTS = 4;
const RETRY_MS = 100;

/** The device's reverse proxy. It owns the port, so containers need none on the host and may come and go behind it. */
export function createProxy(options: ProxyOptions): ReverseProxy {
  const proxy = new Gate(options);
  const server = guardedServer({
    request: (request, response) => void proxy.request(request, response).catch(() => response.destroy()),
    upgrade: (request, socket, head) => void proxy.upgrade(request, socket, head).catch(() => socket.destroy()),
  });
  return {
    server,
    serve: (routes) => proxy.serve(routes),
    drained: (containerId) => proxy.underWay.drained(containerId),
    observe: (handler) => {
      proxy.observer = handler;
    },
    close: () => proxy.pool.close(),
  };
}

/** What one attempt found: the request is over, or it reached nobody. */
type Attempt = 'over' | 'unreached';

class Gate {
  readonly pool: Pool = createPool();
  readonly underWay: UnderWay = createUnderWay();
  observer: (exchange: Exchange) => void = () => {};
  private readonly options: ProxyOptions;
  private routes: readonly Route[] = [];
  private turn = 0;

  constructor(options: ProxyOptions) {
    this.options = options;
  }

  serve(routes: readonly Route[]): void {
    this.routes = routes;
    this.pool.keep(new Set(routes.flatMap(containersOf)));
  }

  async request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const admitted = admit(request);
    if (isRefusal(admitted)) return sayTo(response, admitted.status, admitted.sentence);
    if (isWellKnown(admitted.target)) return this.tell(admitted.target, request, response);
    const visit = beginVisit(request, admitted);
    await this.attempts(admitted, {
      absent: (sentence) => sayTo(response, 503, sentence, [['classpad-device', this.options.device]]),
      unreached: (route) => {
        visit.failure = 'connect';
        sayTo(response, 502, `${this.who(route)} does not answer.`, this.added(route));
        this.report(visit, route, 502);
      },
      go: async (route, target) => {
        const limitBytes = limitsOf(route).bodyBytes;
        if (Number(request.headers['content-length'] ?? 0) > limitBytes) {
          sayTo(response, 413, tooLong(limitBytes), this.added(route));
          return 'over';
        }
        const { device } = this.options;
        const agent = this.pool.of(route.containerId);
        const isReached = await pass({ visit, response, route, target, agent, device, added: this.added(route) });
        if (isReached) this.report(visit, route, response.headersSent ? response.statusCode : 0);
        return isReached ? 'over' : 'unreached';
      },
    });
  }

  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const admitted = admit(request);
    const refuse = (status: number, sentence: string, added: readonly (readonly [string, string])[] = []) =>
      sayTo(responseOn(request, socket), status, sentence, added);
    if (isRefusal(admitted)) return refuse(admitted.status, admitted.sentence);
    if (hasBody(request)) return refuse(400, 'A request for another protocol has no body.');
    const visit = beginVisit(request, admitted);
    await this.attempts(admitted, {
      absent: (sentence) => refuse(503, sentence, [['classpad-device', this.options.device]]),
      unreached: (route) => {
        visit.failure = 'connect';
        refuse(502, `${this.who(route)} does not answer.`, this.added(route));
        this.report(visit, route, 502);
      },
      go: async (route, target) => {
        const { device } = this.options;
        const landing = await passUpgrade({ visit, socket, head, route, target, device, added: this.added(route) });
        if (landing === 'unreached') return 'unreached';
        this.report(visit, route, landing);
        return 'over';
      },
    });
  }

  /** Finds the route and tries it; what reached nobody goes to the route of a moment later. */
  private async attempts(admitted: Admitted, on: Outcomes): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const route = findRoute(this.routes, admitted.host, admitted.target);
      if (!route) return on.absent(absence(this.options.device, this.routes));
      if ((await this.attempt(this.share(route), on)) === 'over') return;
      if (attempt === ATTEMPTS) return on.unreached(route);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  /** Of replicas the one with the least under way, of equals the next in turn. */
  private share(route: Route): Route {
    const ids = containersOf(route);
    if (ids.length === 1) return route;
    const turn = this.turn++ % ids.length;
    const inTurn = [...ids.slice(turn), ...ids.slice(0, turn)];
    const load = (id: string) => this.underWay.count(id);
    return { ...route, containerId: inTurn.reduce((least, id) => (load(id) < load(least) ? id : least)) };
  }

  /** Counted from the moment the route is chosen: until then its container may be stopped. */
  private async attempt(route: Route, on: Outcomes): Promise<Attempt> {
    const end = this.underWay.begin(route.containerId);
    try {
      const target = await this.options.reach(route.containerId, route.port).catch(() => undefined);
      return target === undefined ? 'unreached' : await on.go(route, target);
    } finally {
      end();
    }
  }

  private async tell(target: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return sayTo(response, 405, 'This is read by GET.', [['allow', 'GET, HEAD']]);
    const text = await this.options.wellKnown?.(target).catch(() => undefined);
    if (text === undefined) return sayTo(response, 404, `${this.options.device} has nothing to say here.`);
    const body = Buffer.from(text);
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': body.length,
      'cache-control': 'no-store',
      // Pages served by one node look for a nearer one.
      'access-control-allow-origin': '*',
      'classpad-device': this.options.device,
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  private report(visit: Visit, route: Route, status: number): void {
    this.observer(toExchange(visit, route, status));
  }

  private added(route: Route): readonly (readonly [string, string])[] {
    return answerHeaders(this.options.device, route);
  }

  private who({ app, revision }: Route): string {
    return `${app} r${revision} on ${this.options.device}`;
  }
}

interface Outcomes {
  absent(sentence: string): void;
  unreached(route: Route): void;
  go(route: Route, target: Endpoint): Promise<Attempt>;
}

function isWellKnown(target: string): boolean {
  return target.startsWith(WELL_KNOWN) && /^(?:[/?]|$)/.test(target.slice(WELL_KNOWN.length));
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
