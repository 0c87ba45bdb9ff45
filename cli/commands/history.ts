import { stringToHex } from 'viem';
import { type Command, Exit, Failure } from '../command.ts';
import { phases } from '../fleet/abi.ts';
import { connect, connectionOptions, demandFleet, type ReleaseRecord, readFleet } from '../fleet/connection.ts';
import { printJson } from '../tell.ts';
import { appName, timeText } from '../values.ts';

export const history: Command = {
  name: 'history',
  summary: 'every revision of an app and what became of it',
  operands: [{ name: 'APP', help: 'the name of the app' }],
  options: { ...connectionOptions, json: { help: 'print it as JSON' } },
  examples: [['classpad history hello', 'newest first']],
  async run(input, io) {
    const name = appName(input.operands[0]!, 'the app');
    const connection = await connect(input);
    await demandFleet(connection);
    const fleet = readFleet(connection);
    const app = stringToHex(name, { size: 32 });
    const latest = await fleet.latest(app);
    if (latest === 0n) throw new Failure(`no revision of ${name} was ever proposed; see: classpad status`);
    const releases: ReleaseRecord[] = [];
    for (let revision = latest; revision >= 1n; revision--) releases.push(await fleet.release(app, revision));
    if (input.has('json'))
      printJson(
        io,
        releases.map((each) => ({ ...each, phase: phases[each.phase] })),
      );
    else for (const each of releases) io.out(lineOf(each));
    return Exit.ok;
  },
};

function lineOf({ revision, phase, proposedAt, approvals, healthyVotes, unhealthyVotes, ...release }: ReleaseRecord): string {
  const votes = `${approvals} approvals, ${healthyVotes} healthy, ${unhealthyVotes} unhealthy`;
  const back = release.backTo === 0n ? '' : `  r${release.backTo} again`;
  return `r${revision}  ${timeText(proposedAt)}  ${phases[phase]!.padEnd(11)}  ${votes}  ${release.releaseHash}${back}`;
}
