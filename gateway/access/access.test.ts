import type { IncomingHttpHeaders } from 'node:http';
import { decodeJwt, UnsecuredJWT, SignJWT } from 'jose';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AccessSettings } from '../../config/access-settings.ts';
import { startTokenIssuer, type TokenIssuer } from '../../test/support/token-issuer.ts';
import { createAccess, type Access } from './access.ts';
import type { Caller } from './caller.ts';

const OPERATOR = 'correct-horse-battery';
const KEY = 'a-key-for-the-dashboards';
const ADDRESS = '192.0.2.7';
const OPEN: AccessSettings = { reading: 'open', apiKeys: new Map([[KEY, 'dashboards']]), jwt: undefined };
const CLOSED: AccessSettings = { ...OPEN, reading: 'authenticated' };

let log = '';
function access(settings: AccessSettings, { trustProxy = false } = {}): Access {
  const logger = pino({ level: 'trace' }, { write: (line: string) => (log += line) });
  return createAccess({ access: settings, operatorToken: OPERATOR, trustProxy, logger });
}
const bearer = (token: string): IncomingHttpHeaders => ({ authorization: `Bearer ${token}` });
const STRANGER: Caller = { name: `address:${ADDRESS}`, isKnown: false, mayRead: true, isOperator: false };
const DASHBOARDS: Caller = { name: 'key:dashboards', isKnown: true, mayRead: true, isOperator: false };
const OPERATORS: Caller = { name: 'operator', isKnown: true, mayRead: true, isOperator: true };
const REFUSED = { extensions: { code: 'UNAUTHENTICATED' } };

describe.each([
  ['open', OPEN],
  ['authenticated', CLOSED],
])('where reading is %s', (reading, settings) => {
  const { callerOf } = access(settings);

  it.each([
    {},
    { authorization: '' },
    { authorization: 'Basic dXNlcjpwYXNz' },
    { authorization: `Basic ${OPERATOR}` },
    { authorization: OPERATOR },
    { authorization: `Bearerly ${OPERATOR}` },
  ])('%j is a stranger', (headers) => {
    expect(callerOf(headers, ADDRESS)).toEqual({ ...STRANGER, mayRead: reading === 'open' });
  });

  it.each<[IncomingHttpHeaders, Caller]>([
    [bearer(OPERATOR), OPERATORS],
    [{ authorization: `bearer  ${OPERATOR} ` }, OPERATORS],
    [{ 'x-api-key': OPERATOR }, OPERATORS],
    [bearer(KEY), DASHBOARDS],
    [{ 'x-api-key': KEY }, DASHBOARDS],
    [{ ...bearer(OPERATOR), 'x-api-key': KEY }, OPERATORS],
    [{ authorization: 'Basic dXNlcjpwYXNz', 'x-api-key': KEY }, DASHBOARDS],
  ])('knows %j', (headers, caller) => {
    expect(callerOf(headers, ADDRESS)).toEqual(caller);
  });

  it.each<IncomingHttpHeaders>([
    { authorization: 'Bearer' },
    { authorization: 'Bearer ' },
    bearer(`${OPERATOR} x`),
    bearer(OPERATOR.slice(0, -1)),
    bearer(OPERATOR.toUpperCase()),
    bearer(`${KEY}x`),
    bearer('dashboards'),
    { 'x-api-key': '' },
    { 'x-api-key': `${KEY}, ${KEY}` },
    { ...bearer('x'), 'x-api-key': KEY },
    bearer('a.b.c'),
  ])('refuses %j, which claims to be somebody', (headers) => {
    expect(() => callerOf(headers, ADDRESS)).toThrow(expect.objectContaining(REFUSED));
  });
});

it('tells strangers apart by their address, as the proxy says it', () => {
  const headers = { 'x-forwarded-for': '10.0.0.1, 198.51.100.1' };
  expect(access(OPEN).callerOf(headers, ADDRESS)).toEqual(STRANGER);
  expect(access(OPEN, { trustProxy: true }).callerOf(headers, ADDRESS)).toMatchObject({
    name: 'address:198.51.100.1',
  });
});

describe('signed tokens', () => {
  let issuer: TokenIssuer;
  let ours: Access;
  beforeEach(async () => {
    log = '';
    issuer = await startTokenIssuer();
    ours = access({
      ...CLOSED,
      jwt: { jwksUrl: issuer.jwksUrl, issuer: 'https://id.example.org/', audience: 'tripline' },
    });
  });
  afterEach(async () => {
    vi.useRealTimers();
    await issuer.close();
  });
  const GOOD = { iss: 'https://id.example.org/', aud: 'tripline' };
  const later = (ms: number): void => {
    const now = Date.now() + ms;
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime(now);
  };
  /** What it is refused with; the message never has the token in it. */
  async function refusal(token: string): Promise<{ code: unknown; message: string }> {
    try {
      await ours.callerOf(bearer(token), ADDRESS);
    } catch (error) {
      const { message, extensions } = error as { message: string; extensions: { code: string } };
      expect(message).not.toContain(token.slice(0, 20));
      return { code: extensions.code, message };
    }
    throw new Error('it was taken');
  }
  const refused = (message: RegExp) => ({
    code: 'UNAUTHENTICATED',
    message: expect.stringMatching(message) as string,
  });

  it('are checked once, also when many come at once; then they are known at once', async () => {
    const token = await issuer.sign(GOOD);
    const callers = await Promise.all(
      Array.from({ length: 20 }, async () => ours.callerOf(bearer(token), ADDRESS)),
    );
    const expiresAtMs = Number(decodeJwt(token).exp) * 1000 + 5_000;
    const caller = { name: 'token:ann', isKnown: true, mayRead: true, isOperator: false, expiresAtMs };
    for (const each of callers) expect(each).toEqual(caller);
    expect(ours.callerOf(bearer(token), ADDRESS)).toEqual(caller);
    expect(ours.callerOf({ 'x-api-key': token }, ADDRESS)).toEqual(caller);
    expect(issuer.asked()).toBe(1);
  });

  it.each<[Record<string, unknown>, Partial<Caller>]>([
    [{ roles: ['reader', 'operator'] }, { isOperator: true }],
    [{ roles: 'operator' }, { isOperator: true }],
    [{ roles: 'reader operator' }, { isOperator: true }],
    [{ scope: 'openid tripline:operator' }, { isOperator: true }],
    [{ roles: ['operators'], scope: 'operator' }, { isOperator: false }],
    [{ roles: { operator: true } }, { isOperator: false }],
    [{ sub: undefined, client_id: 'cron' }, { name: 'token:cron' }],
    [{ sub: undefined }, { name: 'token:' }],
    [{ aud: ['other', 'tripline'] }, { name: 'token:ann' }],
  ])('with %j are of %j', async (claims, caller) => {
    const token = await issuer.sign({ ...GOOD, ...claims });
    expect(await ours.callerOf(bearer(token), ADDRESS)).toMatchObject(caller);
  });

  it.each(['RS256', 'PS384', 'ES512', 'EdDSA'])('of %s are taken', async (alg) => {
    await issuer.addKey('second', alg);
    const token = await issuer.sign(GOOD, { kid: 'second' });
    expect(await ours.callerOf(bearer(token), ADDRESS)).toMatchObject({ name: 'token:ann' });
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ exp: Math.floor(Date.now() / 1000) - 60 }, /it has expired/],
    [{ exp: undefined }, /it does not say until when/],
    [{ nbf: Math.floor(Date.now() / 1000) + 60 }, /it is not valid yet/],
    [{ aud: 'another' }, /it is for another audience/],
    [{ aud: undefined }, /it is for another audience/],
    [{ iss: 'https://elsewhere' }, /somebody else issued it/],
  ])('with %j are not taken', async (claims, message) => {
    expect(await refusal(await issuer.sign({ ...GOOD, ...claims }))).toEqual(refused(message));
  });

  it('whose signature proves nothing are not taken', async () => {
    const good = await issuer.sign(GOOD);
    const [header = '', payload = '', signature = ''] = good.split('.');
    const forged = Buffer.from(payload, 'base64url').toString().replace('ann', 'eve');
    const encoded = Buffer.from(forged).toString('base64url');
    expect(await refusal(`${header}.${encoded}.${signature}`)).toEqual(refused(/its signature is wrong/));
    const unsecured = new UnsecuredJWT(GOOD).setSubject('eve').setExpirationTime('1h').encode();
    expect(await refusal(unsecured)).toEqual(refused(/its algorithm is not one of/));
    const symmetric = await new SignJWT(GOOD)
      .setProtectedHeader({ alg: 'HS256', kid: 'first' })
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode('anybody could know this, it is public'));
    expect(await refusal(symmetric)).toEqual(refused(/its algorithm is not one of/));
    for (const rubbish of ['aaaaaaaaaaaaaaaaaaaaaaaa.b.c', `${header}.${payload}.`])
      expect(await refusal(rubbish)).toEqual(refused(/cannot be read|signature is wrong/));
  });

  it('of a key that is not published make the keys be fetched, but not each time', async () => {
    await ours.callerOf(bearer(await issuer.sign(GOOD)), ADDRESS);
    await issuer.addKey('second', 'ES256');
    const token = await issuer.sign(GOOD, { kid: 'second' });
    for (let i = 0; i < 5; i += 1)
      expect(await refusal(token)).toEqual(refused(/its issuer publishes no such key/));
    expect(issuer.asked()).toBe(1);
    later(11_000);
    expect(await ours.callerOf(bearer(token), ADDRESS)).toMatchObject({ name: 'token:ann' });
    expect(issuer.asked()).toBe(2);
    expect(await refusal(await issuer.sign(GOOD, { named: false }))).toEqual(refused(/which key \(kid\)/));
  });

  it('are forgotten when they expire', async () => {
    const token = await issuer.sign({ ...GOOD, exp: Math.floor(Date.now() / 1000) + 60 });
    expect(await ours.callerOf(bearer(token), ADDRESS)).toMatchObject({ name: 'token:ann' });
    later(50_000);
    expect(ours.callerOf(bearer(token), ADDRESS)).toMatchObject({ name: 'token:ann' });
    later(20_000);
    expect(await refusal(token)).toEqual(refused(/it has expired/));
  });

  it('are not taken any more some time after their key was withdrawn', async () => {
    const token = await issuer.sign(GOOD);
    await ours.callerOf(bearer(token), ADDRESS);
    issuer.withdrawKey('first');
    later(601_000);
    expect(ours.callerOf(bearer(token), ADDRESS)).toMatchObject({ name: 'token:ann' });
    await vi.waitFor(async () =>
      expect(await refusal(token)).toEqual(refused(/its issuer publishes no such key/)),
    );
  });

  describe.each(['failure', 'nonsense'] as const)('while the issuer answers with %s', (how) => {
    it('cannot be checked, unless they were before; that is no fault of theirs, and passes', async () => {
      const known = await issuer.sign(GOOD);
      const token = await issuer.sign({ ...GOOD, sub: 'bob' });
      await ours.callerOf(bearer(known), ADDRESS);
      issuer.answerWith(how);
      later(601_000);
      const asked = issuer.asked();
      for (let i = 0; i < 5; i += 1)
        expect(await refusal(token)).toEqual({
          code: 'SERVICE_UNAVAILABLE',
          message: expect.stringMatching(/cannot be checked right now/),
        });
      expect(issuer.asked()).toBe(asked + 1);
      expect(ours.callerOf(bearer(known), ADDRESS)).toMatchObject({ name: 'token:ann' });
      expect(ours.callerOf(bearer(KEY), ADDRESS)).toEqual(DASHBOARDS);
      expect(log.match(/cannot be fetched/g)).toHaveLength(1);
      issuer.answerWith('keys');
      later(1_100);
      // The first to ask may share the end of a fetch that was refused before.
      await vi.waitFor(async () =>
        expect(await ours.callerOf(bearer(token), ADDRESS)).toMatchObject({ name: 'token:bob' }),
      );
      expect(ours.callerOf(bearer(known), ADDRESS)).toMatchObject({ name: 'token:ann' });
      for (const secret of [known, token, KEY, OPERATOR]) expect(log).not.toContain(secret);
    });
  });

  it('made for others, and by others, are taken where no audience and no issuer is set, and that is said', async () => {
    expect(log).not.toMatch(/is not set/);
    const anybodys = access({
      ...CLOSED,
      jwt: { jwksUrl: issuer.jwksUrl, issuer: undefined, audience: undefined },
    });
    expect(log).toMatch(/JWT_AUDIENCE is not set/);
    expect(log).toMatch(/JWT_ISSUER is not set/);
    const token = await issuer.sign({ aud: 'x', iss: 'y' });
    expect(await anybodys.callerOf(bearer(token), ADDRESS)).toMatchObject({ mayRead: true });
  });
});
