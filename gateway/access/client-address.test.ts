import { expect, it } from 'vitest';
import { budgetAddress, clientAddress } from './client-address.ts';

it.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:0001::6', '2001:db8:1:0::/64'],
  ['2001:db8::1:2:3:4', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['::', '0:0:0:0::/64'],
  ['64:ff9b::192.0.2.7', '64:ff9b:0:0::/64'],
  ['1:2:3:4:5:6:192.0.2.7', '1:2:3:4::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['', ''],
])('the budget of %s is that of %s', (address, expected) => {
  expect(budgetAddress(address)).toBe(expected);
});

it('is not what a client says of itself', () => {
  expect(clientAddress({ 'x-forwarded-for': '198.51.100.1' }, '192.0.2.7', false)).toBe('192.0.2.7');
});

it.each([
  ['198.51.100.1', '198.51.100.1'],
  ['made up, 10.0.0.1, 198.51.100.1', '198.51.100.1'],
  ['10.0.0.1,198.51.100.1:4711', '198.51.100.1'],
  ['10.0.0.1, [2001:db8:1:2::9]:4711', '2001:db8:1:2::9'],
  ['10.0.0.1, 2001:db8:1:2::9', '2001:db8:1:2::9'],
  ['10.0.0.1, unknown', '192.0.2.7'],
  ['', '192.0.2.7'],
  [undefined, '192.0.2.7'],
])('behind a proxy that says %s it is %s', (header, expected) => {
  expect(clientAddress(header === undefined ? {} : { 'x-forwarded-for': header }, '192.0.2.7', true)).toBe(
    expected,
  );
});
