import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Route } from '../../../runtime/ports/index.ts';
import { absence, byPrecision, findRoute, hostName } from '../../../runtime/proxy/match.ts';

const s = suite('proxy/match');

/** `shop.local/a` or `/a`. */
function route(place: string): Route {
  const at = place.indexOf('/');
  const host = place.slice(0, at);
  return { path: place.slice(at), ...(host && { hosts: [host] }), app: 'hello', revision: 1, containerId: place, port: 80 };
}

const matches: [places: string[], url: string, found: string | undefined][] = [
  [['/'], 'any/', '/'],
  [['/'], 'any/any/where?x=1', '/'],
  [['/hello'], 'any/hello', '/hello'],
  [['/hello'], 'any/hello/deeper', '/hello'],
  [['/hello'], 'any/hello?x', '/hello'],
  [['/hello'], 'any/helloween', undefined],
  [['/hello'], 'any/', undefined],
  [['/hello/'], 'any/hello/a', '/hello/'],
  [['/hello/'], 'any/hello', undefined],
  [['/a/b', '/a'], 'any/a/b/c', '/a/b'],
  [[], 'any/', undefined],
  [['shop.local/'], 'shop.local/', 'shop.local/'],
  [['shop.local/'], 'SHOP.local:8080/x', 'shop.local/'],
  [['shop.local/'], 'shop.local./', 'shop.local/'],
  [['shop.local/'], 'other.local/', undefined],
  [['shop.local/'], 'www.shop.local/', undefined],
  [['shop.local/', '/'], 'other.local/', '/'],
  [['shop.local/api', 'shop.local/', '/'], 'shop.local/api/1', 'shop.local/api'],
  [['shop.local/api', '/'], 'shop.local/', '/'],
];
for (const [places, url, found] of matches) {
  s(`${url} among ${places.join(' ') || 'none'} goes to ${found ?? 'nobody'}`, () => {
    const at = url.indexOf('/');
    assert.is(findRoute(places.map(route), url.slice(0, at), url.slice(at))?.containerId, found);
  });
}

s('names are tried first, then longer paths', () => {
  const sorted = ['/', '/shop', 'b.local/', '/a', 'a.local/long'].map(route).sort(byPrecision);
  assert.equal(
    sorted.map(({ containerId }) => containerId),
    ['a.local/long', 'b.local/', '/shop', '/a', '/'],
  );
});

const names: [header: string, name: string][] = [
  ['pad-1.local', 'pad-1.local'],
  ['Pad-1.Local:8080', 'pad-1.local'],
  ['[::1]:80', '::1'],
  ['10.0.0.1', '10.0.0.1'],
  ['', ''],
];
for (const [header, name] of names) s(`the name of "${header}" is "${name}"`, () => assert.is(hostName(header), name));

s('says what there is', () => {
  assert.is(absence('pad-1', []), 'pad-1 serves nothing yet.');
  assert.match(absence('pad-1', [route('shop.local/'), route('/a')]), /it serves shop\.local\/, \/a\.$/);
});

s.run();
