import type { NodeConfig } from './config.ts';
import { eventText } from './contracts/event-text.ts';
import { decodeEvent, type Fleet, type FleetEvent, openFleet } from './contracts/fleet.ts';
import { createJoiner, type Joiner } from './contracts/joiner.ts';
import type { LogFields } from './contracts/log-kinds.ts';
import { createOutbox, type Outbox } from './contracts/outbox.ts';
import { createTarget, type Target } from './contracts/target.ts';
import { createVoter, type Voter } from './contracts/voter.ts';
import { createInsight, LogTail } from './insight.ts';
import type { AppendedBlock, Ledger } from './ledger/ledger.ts';
import type { Node, NodeStatus, Session } from './node.ts';
import { createPainter, type Painter } from './painter.ts';
import type { Address, Logger, LogLevel, Ports, Route } from './ports/index.ts';
import { containersOf, routes, sameRoutes } from './proxy/routes.ts';
import { createWellKnown, type WellKnown } from './proxy/well-known.ts';
import { type Alarm, createAlarm } from './reconcile/alarm.ts';
import type { Found } from './reconcile/found.ts';
import { judge, type Verdict } from './reconcile/judge.ts';
import { graceOf, ownerOf } from './reconcile/labels.ts';
import { Reconciler } from './reconcile/reconciler.ts';
import type { Scheduler } from './reconcile/scheduler.ts';
import { openVault, type Vault } from './secrets/vault.ts';
import { ServiceLog } from './service/index.ts';
import { toStatus } from './status.ts';
import { wallMsOf } from './steady.ts';
import { SwarmScheduler } from './swarm/scheduler.ts';
import { namedBytes } from './update/named.ts';
import { createUpdates, type Updates } from './update/updates.ts';

/** While something rolls out, votes are looked after this often. */
const VOTE_INTERVAL_MS = 1_000;
/** Seconds. */
const TRAFFIC_INTERVAL_SECONDS = 300;
const UNKNOWN: Verdict = { is: 'undecided', waitingFor: 'the container engine' };

/**
 * The device half of a node: what the ledger wants becomes containers, routes, votes and a picture on the LCD.
 * It starts from the last block in the store, before anything is heard from anyone. No port's error ends it.
 */
export class DeviceNode implements Node {
  private readonly ports: Ports;
  private readonly config: NodeConfig;
  private readonly ledger: Ledger;
  private readonly log: Logger;
  private readonly tail = new LogTail();
  private readonly fleet: Fleet;
  private readonly target: Target;
  private readonly voter: Voter;
  private readonly service: ServiceLog;
  private readonly joiner: Joiner;
  private readonly updates: Updates;
  private readonly reconciler: Scheduler;
  private readonly painter: Painter;
  private readonly voting: Alarm;
  private readonly says: WellKnown;
  private readonly unsubscribe: () => void;
  private found: Found | undefined;
  /** Devices of the same Swarm. */
  private site: readonly Address[] = [];
  private served: readonly Route[] | undefined;
  private draining = new Map<string, number>();
  /** The last block that was looked at. */
  private followed: number;
  /** What failed the last time that it was tried, and how. */
  private readonly failing = new Map<string, string>();
  private hasSaidStart = false;

  constructor(ports: Ports, config: NodeConfig, ledger: Ledger, secrets: Vault = vaultOf(ports, config)) {
    const { clock, device, vm } = ports;
    this.ports = ports;
    this.config = config;
    this.ledger = ledger;
    this.followed = ledger.head().number;
    this.log = { write: (level, message) => this.write(level, message) };
    const fleet = openFleet(ledger, config.fleet);
    this.fleet = fleet;
    this.target = createTarget({
      fleet,
      device,
      sha256: (data) => vm.sha256(data),
      log: this.log,
      ...(ports.services && { site: () => this.site }),
    });
    const outbox = this.createOutbox();
    this.voter = createVoter(device.address, outbox, this.log);
    this.service = new ServiceLog({
      ...ports,
      log: this.log,
      outbox,
      intervalSeconds: config.trafficIntervalSeconds ?? TRAFFIC_INTERVAL_SECONDS,
    });
    this.attempt('the proxy does not tell what it served', () =>
      ports.network.observe((exchange) => this.attempt('a request was not counted', () => this.service.exchanged(exchange))),
    );
    this.joiner = createJoiner({
      fleet,
      device: device.address,
      outbox,
      signature: config.join,
      nowMs: () => ports.clock.nowMs(),
      log: this.log,
    });
    this.updates = this.createUpdates(fleet);
    this.voting = createAlarm(clock, () => this.attempt('voting failed', () => this.vote()));
    this.reconciler = this.createScheduler(secrets);
    secrets.onChange((name) => {
      // A vote may come before the next look, and must not miss what has just come.
      if (this.found !== undefined) this.found = { ...this.found, secrets: secrets.names() };
      this.reconciler.secretChanged(name);
    });
    this.target.refresh(clock.nowMs());
    const status = () => this.picture([]);
    this.painter = createPainter({
      ports: { ...ports, log: this.log },
      version: config.version,
      status,
      insight: createInsight({
        config,
        device,
        fleet,
        tail: this.tail,
        status,
        wanted: () => this.target.wanted(),
        overAtMs: (app) => this.target.overAtMs(app),
      }),
    });
    this.says = createWellKnown({
      config,
      device,
      ledger,
      clock,
      keccak256: (data) => vm.keccak256(data),
      status,
      sisters: () => ports.network.sisters(),
    });
    this.unsubscribe = ledger.onBlock((block) => this.attempt('a block could not be followed', () => this.appended(block)));
    this.attempt('joining failed', () => this.join());
    this.selfTest();
    this.reconciler.poke();
  }

  rpc(request: string): Promise<string> {
    return this.ledger.rpc(request);
  }

  session(send: (text: string) => void): Session {
    return this.ledger.session(send);
  }

  status(): NodeStatus {
    return this.picture(this.painter.text());
  }

  wellKnown(target: string): Promise<string | undefined> {
    return this.says(target).catch(() => undefined);
  }

  isMember(): boolean {
    return this.joiner.isMember();
  }

  fault(): string | undefined {
    const fault = this.reconciler.fault() ?? this.target.fault() ?? this.ledger.fault();
    if (fault !== undefined) return fault;
    return this.found === undefined ? 'the container engine has not answered yet' : undefined;
  }

  payloadBytes(sha256: string): number | undefined {
    return namedBytes(this.fleet, sha256);
  }

  stop(): void {
    this.unsubscribe();
    this.attempt('service events were lost', () => this.service.stop());
    this.voting.stop();
    this.reconciler.stop();
    this.painter.stop();
    this.ledger.stop();
  }

  private createUpdates(fleet: Fleet): Updates {
    const { updater } = this.ports;
    return createUpdates({
      fleet,
      updater,
      voter: this.voter,
      overAtMs: (app) => this.target.overAtMs(app),
      log: this.log,
      note: (app, revision, fields) => this.attempt('an update was not logged', () => this.noteUpdate(app, revision, fields)),
    });
  }

  private noteUpdate(app: string, revision: number, fields: LogFields): void {
    this.service.note({ kind: 'firmware', app, revision, fields });
  }

  /** A board with slots says once what it came up with, as soon as the ledger counts it among its own. */
  private join(): void {
    this.joiner.consider();
    const { updater } = this.ports;
    if (this.hasSaidStart || updater === undefined || !this.joiner.isMember()) return;
    this.hasSaidStart = true;
    const fields = {
      board: updater.board,
      firmware: updater.running('firmware').version,
      system: updater.running('os').version,
    };
    this.service.note({ kind: 'start', app: '', revision: 0, fields });
  }

  private createOutbox(): Outbox {
    const { ports, ledger, config } = this;
    const { baseFee, gasLimit } = config.genesis;
    return createOutbox({
      ledger,
      device: ports.device,
      keccak256: (data) => ports.vm.keccak256(data),
      clock: ports.clock,
      to: config.fleet,
      baseFee: BigInt(baseFee),
      blockGasLimit: BigInt(gasLimit),
    });
  }

  private createScheduler(secrets: Vault): Scheduler {
    const { ports, config, ledger, log, target } = this;
    const { services, clock } = ports;
    const shared = {
      device: ports.device.name,
      clock,
      log,
      intervalMs: config.reconcileIntervalMs,
      wanted: () => target.wanted(),
      onLook: (found: Found | undefined) => this.attempt('what was found could not be used', () => this.looked(found)),
      draining: () => this.draining,
      onChange: () => this.painter.request(),
    };
    if (services !== undefined)
      return new SwarmScheduler({
        ...shared,
        services,
        block: () => ledger.head().number,
        onSite: (devices) => {
          this.site = devices;
          target.refresh(clock.nowMs());
        },
      });
    return new Reconciler({
      ...shared,
      containers: ports.containers,
      store: ports.store,
      secrets,
      standing: (app, revision) => target.phaseOf(app, revision),
      ...(config.keepRevisions !== undefined && { keepRevisions: config.keepRevisions }),
    });
  }

  private selfTest(): void {
    const test = this.ports.containers.describe();
    test.then(
      (found) => this.painter.selfTested({ ok: true, found }),
      () => this.painter.selfTested({ ok: false, found: 'no answer' }),
    );
  }

  private looked(found: Found | undefined): void {
    this.found = found;
    // What could not be read may have been mended, and a quiet ledger brings no block that would tell.
    if (this.target.fault() !== undefined && this.target.refresh(this.ports.clock.nowMs())) this.reconciler.poke();
    if (found !== undefined) {
      const owners = found.containers.map(ownerOf).filter((owner) => owner !== undefined);
      this.target.found(new Set(owners.map(({ app }) => app)), this.ports.clock.nowMs());
      const drifts = this.reconciler.drifts();
      this.attempt('what befell the apps was not logged', () => this.service.looked(found, this.target.wanted(), drifts));
    }
    // What was refused in an early block may be right now, and a quiet ledger brings no other.
    this.attempt('joining failed', () => this.join());
    this.attempt('the routes of the proxy did not change', () => this.serve());
    this.attempt('voting failed', () => this.vote());
    this.painter.request();
  }

  /** Routes stay as they are while nothing is known: what was reachable probably still is. */
  private serve(): void {
    const wanted = this.target.wanted();
    if (wanted === undefined || this.found === undefined) return;
    const next = routes(wanted, this.found, this.ports.clock.nowMs());
    if (this.served !== undefined && sameRoutes(this.served, next)) return;
    this.ports.network.serve(next);
    this.drain(this.served ?? [], next);
    this.served = next;
  }

  /** What has just lost its route keeps running until its last request is answered, at most for its grace period. */
  private drain(before: readonly Route[], now: readonly Route[]): void {
    const nowMs = this.ports.clock.nowMs();
    const routed = new Set(now.flatMap(containersOf));
    const left = new Set(before.flatMap(containersOf).filter((id) => !routed.has(id)));
    const still = [...this.draining].filter(([id, untilMs]) => untilMs > nowMs && !routed.has(id));
    this.draining = new Map(still);
    for (const container of this.found?.containers ?? []) {
      if (left.has(container.id)) this.waitForLast(container.id, nowMs + graceOf(container));
    }
  }

  private waitForLast(id: string, untilMs: number): void {
    this.draining.set(id, untilMs);
    const over = () => {
      // Routed again meanwhile, or waited for anew: then this is not the end that is waited for.
      if (this.draining.get(id) !== untilMs) return;
      this.draining.delete(id);
      this.reconciler.poke();
    };
    this.ports.network.drained(id).then(over, over);
  }

  private vote(): void {
    const nowMs = this.ports.clock.nowMs();
    if (this.updates.consider(this.target.software(), nowMs)) this.voting.ringIn(VOTE_INTERVAL_MS);
    for (const app of this.target.wanted()?.apps ?? []) {
      if (app.phase !== 'rolling out' || !this.target.isAsked(app.app)) continue;
      this.voting.ringIn(VOTE_INTERVAL_MS);
      const verdict = this.found === undefined ? UNKNOWN : judge(app, this.found, nowMs);
      const overAtMs = this.target.overAtMs(app.app);
      this.voter.consider({ app: app.app, revision: app.current.revision, verdict, overAtMs }, nowMs);
    }
    if (!this.joiner.isMember()) return;
    for (const release of this.target.elsewhere()) {
      this.voting.ringIn(Math.max(VOTE_INTERVAL_MS, release.overAtMs - nowMs));
      this.voter.consider({ ...release, verdict: UNKNOWN }, nowMs);
    }
  }

  private appended({ head, logs }: AppendedBlock): void {
    const nowMs = this.ports.clock.nowMs();
    const entries = logs.filter(({ address }) => address === this.config.fleet).map(decodeEvent);
    const events = entries.filter((event) => event !== undefined);
    this.service.appended(head, events);
    for (const event of events) {
      this.voter.happened(event, nowMs);
      this.log.write('info', `ledger: ${eventText(event)}`);
    }
    // Blocks that were not followed one by one may have held anything.
    const isNews = entries.some(mayChangeTarget) || head.number !== this.followed + 1;
    this.followed = head.number;
    if (isNews) this.joiner.happened();
    const mayDiffer = isNews || this.target.wanted() === undefined || this.target.fault() !== undefined;
    if (mayDiffer && this.target.refresh(nowMs)) this.reconciler.poke();
    this.attempt('voting failed', () => this.vote());
    this.attempt('joining failed', () => this.join());
    if (mayDiffer) this.painter.request();
    else this.painter.requestHead();
  }

  private picture(screen: readonly string[]): NodeStatus {
    const { clock, device } = this.ports;
    return toStatus({
      name: device.name,
      address: device.address,
      nowMs: clock.nowMs(),
      head: this.ledger.head(),
      peers: this.peers(),
      isAlone: this.ledger.isAlone,
      wanted: this.target.wanted(),
      found: this.found,
      steps: [...this.reconciler.steps(), ...[this.updates.doing() ?? []].flat()],
      software: this.updates.releases(this.target.software()),
      drifts: this.reconciler.drifts(),
      fault: this.reconciler.fault() ?? this.target.fault() ?? this.ledger.fault(),
      isMember: this.joiner.isMember(),
      voteOf: this.voter.voteOf,
      screen,
    });
  }

  private peers(): readonly string[] {
    let peers: readonly string[] = [];
    this.attempt('the network does not say who is there', () => {
      peers = this.ports.network.peers();
    });
    return peers;
  }

  private attempt(what: string, act: () => void): void {
    try {
      act();
      this.failing.delete(what);
    } catch (error) {
      const sentence = `${what}: ${(error as Error).message}`;
      // It may be tried with every block.
      if (this.failing.get(what) !== sentence) this.log.write('error', sentence);
      this.failing.set(what, sentence);
    }
  }

  /** A log that cannot be written must not stop what it tells of. */
  private write(level: LogLevel, message: string): void {
    try {
      this.tail.add(wallMsOf(this.ports.clock), level, message);
      this.ports.log.write(level, message);
    } catch {
      // Nowhere left to say so.
    }
  }
}

/** A vote or a note alone changes nothing of what should run; a vote that decides comes with an event that says so. */
function mayChangeTarget(event: FleetEvent | undefined): boolean {
  return event === undefined || !(event.what === 'Attested' || event.what === 'CameLate' || event.what === 'Logged');
}

/** The secrets in this device's store. */
export function vaultOf(ports: Ports, { genesis }: NodeConfig): Vault {
  return openVault({ ...ports, chainId: BigInt(genesis.chainId) });
}
