import { get } from 'node:http';
import { connect } from 'node:net';

/** Does a part answer? Never throws: no answer is false. */
export type Probe = (options: { port: number; signal: AbortSignal }) => Promise<boolean>;

/** GET gives 200, and a body that passes. Each probe has its own connection, so that none is left open to a part. */
export function httpProbe(
  path: string,
  { host = '127.0.0.1', accepts = () => true }: { host?: string; accepts?: (body: string) => boolean } = {},
): Probe {
  return ({ port, signal }) =>
    new Promise((resolve) => {
      const no = () => resolve(false);
      get({ host, port, path, signal, agent: false }, (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (text: string) => (body += text));
        response.on('end', () => resolve(response.statusCode === 200 && accepts(body)));
        response.on('error', no);
      }).on('error', no);
    });
}

/** All of them, one after another. */
export function everyProbe(probes: readonly Probe[]): Probe {
  return async (options) => {
    for (const probe of probes) if (!(await probe(options))) return false;
    return true;
  };
}

export const redisProbe: Probe = ({ port, signal }) =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, signal });
    const answer = (ok: boolean) => {
      socket.destroy();
      resolve(ok);
    };
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (data) => answer(data.toString().startsWith('+PONG')));
    socket.once('error', () => answer(false));
    socket.once('close', () => answer(false));
  });
