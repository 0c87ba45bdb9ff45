/** A version of the firmware or of the system: `1.2.3`, or `1.2.3-rc.1` before it (semver.org, without build data). */
export const VERSION_FORM = /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})(-[0-9a-z]+(\.[0-9a-z]+)*)?$/;

/** Less than 0: `a` is older than `b`. Both must fit {@link VERSION_FORM}. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parts(a), parts(b)];
  for (let index = 0; index < 3; index++) {
    const difference = Number(left.numbers[index]) - Number(right.numbers[index]);
    if (difference !== 0) return difference;
  }
  return comparePreliminary(left.preliminary, right.preliminary);
}

function parts(version: string): { numbers: string[]; preliminary: string[] } {
  const at = version.indexOf('-');
  const [release, preliminary] = at < 0 ? [version, ''] : [version.slice(0, at), version.slice(at + 1)];
  return { numbers: release.split('.'), preliminary: preliminary === '' ? [] : preliminary.split('.') };
}

/** What is preliminary comes before what is not; numbers before words. */
function comparePreliminary(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length;
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const [left, right] = [a[index], b[index]];
    if (left === undefined) return -1;
    if (right === undefined) return 1;
    if (left === right) continue;
    const [isNumber, isOther] = [/^\d+$/.test(left), /^\d+$/.test(right)];
    if (isNumber && isOther) return Number(left) - Number(right);
    if (isNumber !== isOther) return isNumber ? -1 : 1;
    return left < right ? -1 : 1;
  }
  return 0;
}
