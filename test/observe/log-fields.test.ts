import { describe, expect, it } from 'vitest';
import { logFields } from '../../src/observe/index.ts';

const above = (fields: object): unknown => logFields(fields, { personal: false });
const atDebug = (fields: object): unknown => logFields(fields, { personal: true });

describe('fields of a log line', () => {
  it('lose secrets by name, at any depth and in any spelling, at debug too', () => {
    const names = [
      'accessToken',
      'access_token',
      'token',
      'verifyToken',
      'appSecret',
      'app_secret',
      'secret',
      'password',
      'authorization',
      'Authorization',
      'proxy-authorization',
      'cookie',
      'icePwd',
      'ice-pwd',
      'appsecret_proof',
      'key',
      'keys',
      'masterKey',
      'srtp_key',
      'salt',
      'masterSalt',
    ];
    for (const name of names) {
      for (const clean of [above, atDebug]) {
        expect(
          clean({ a: [{ b: { [name]: 'x1' } }], [name]: { inner: 'x2' }, c: new Map([[name, 'x3']]) }),
        ).toEqual({
          a: [{ b: { [name]: '[secret]' } }],
          [name]: '[secret]',
          c: { [name]: '[secret]' },
        });
      }
    }
  });

  it('keep what only sounds like one', () => {
    const fields = {
      keyframes: 3,
      monkey: 'x',
      tokens: 5,
      keepAlive: true,
      token: null,
      password: '',
      secret: false,
    };
    expect(above(fields)).toEqual(fields);
  });

  it('keep persons at debug only', () => {
    const fields = {
      psid: '7654',
      consumerId: 7654,
      call: { callerName: 'Amina', digit: '5' },
      callId: 'c_1',
    };
    expect(atDebug(fields)).toEqual(fields);
    expect(above(fields)).toEqual({
      psid: '[person]',
      consumerId: '[person]',
      call: { callerName: '[person]', digit: '[person]' },
      callId: 'c_1',
    });
  });

  it('keep descriptions at debug only, without their passwords', () => {
    const sdp = 'v=0\r\na=ice-pwd:9fKe3LtVbA7u\r\n';
    expect(above({ anything: sdp })).toEqual({ anything: '[sdp, 29 characters]' });
    expect(atDebug({ anything: sdp })).toEqual({ anything: 'v=0\r\na=ice-pwd:[secret]\r\n' });
  });

  it('spell errors out, with their codes and causes, without the secrets in their words', () => {
    const cause = new TypeError('GET https://graph/?access_token=abc');
    const error = Object.assign(new Error('Bearer abc', { cause }), { code: 'E1', token: 'abc' });
    const clean = above({ err: error });
    expect(clean).toMatchObject({
      err: {
        type: 'Error',
        message: 'Bearer [secret]',
        code: 'E1',
        token: '[secret]',
        cause: { type: 'TypeError' },
      },
    });
    expect(JSON.stringify(clean)).not.toContain('abc');
    expect(clean).toHaveProperty('err.stack', expect.stringContaining('log-fields.test.ts'));
  });

  it('never hold bytes, and always make JSON', () => {
    expect(
      above({
        bytes: Buffer.from('secret'),
        view: new Uint16Array(2),
        big: 10n,
        fn: () => 1,
        date: new Date(0),
        bad: new Date(Number.NaN),
        url: new URL('https://x/?access_token=abc'),
        set: new Set([1, 2]),
        nothing: undefined,
        symbol: Symbol('s'),
      }),
    ).toEqual({
      bytes: '[6 bytes]',
      view: '[4 bytes]',
      big: '10',
      fn: '[function]',
      date: '1970-01-01T00:00:00.000Z',
      bad: 'Invalid Date',
      url: 'https://x/?access_token=[secret]',
      set: [1, 2],
      symbol: 'Symbol(s)',
    });
  });

  it('stay small, whatever is passed', () => {
    const cycle: Record<string, unknown> = { a: 1 };
    cycle['self'] = [cycle];
    expect(above(cycle)).toEqual({ a: 1, self: ['[circular]'] });
    let deep: object = {};
    for (let i = 0; i < 10_000; i++) deep = { deep };
    expect(JSON.stringify(above(deep)).length).toBeLessThan(200);
    expect(above({ list: Array.from({ length: 150 }, () => 1) })).toHaveProperty('list.100', '[50 more]');
    expect(JSON.stringify(above({ text: 'x'.repeat(1_000_000) })).length).toBeLessThan(9_000);
    const wide = Object.fromEntries(
      Array.from({ length: 100 }, (_, i) => [`k${i}`, Array.from({ length: 100 }, () => [1])]),
    );
    expect(JSON.stringify(above(wide)).length).toBeLessThan(50_000);
    const trap = {
      fine: 1,
      get bad(): never {
        throw new Error('no');
      },
    };
    expect(above({ trap, other: 2 })).toEqual({ trap: '[unreadable]', other: 2 });
    expect(above([1] as object)).toEqual({ value: [1] });
  });

  it('leave the object that was passed alone', () => {
    const fields = Object.freeze({ token: 'x', list: Object.freeze([Object.freeze({ psid: '1' })]) });
    above(fields);
    expect(fields).toEqual({ token: 'x', list: [{ psid: '1' }] });
  });
});
