import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import type { Duplex } from 'node:stream';

let isOn = false;

/**
 * From now on every HTTP request of this process fails when its server answers `101 Switching Protocols`, unless the one who sent it listens to `upgrade`.
 * Node closes such a connection without a word, neither `response` nor `error`, so that whoever waits for the answer waits for ever: its time limits and signals
 * have nothing left to end. To be called by what makes clients; again is no matter.
 */
export function refuseUpgrades(): void {
  if (isOn) return;
  isOn = true;
  subscribe('http.client.request.start', (message) => {
    const { request } = message as { request: ClientRequest };
    request.once('upgrade', (_response: unknown, socket: Duplex) => {
      // Somebody else's: it has been, or will be, dealt with there.
      if (request.listenerCount('upgrade') > 0) return;
      socket.destroy();
      const error = new Error('the server answered 101 Switching Protocols, which nobody asked for');
      request.destroy();
      // Who has given up waiting does not listen any more, and an error that nobody hears of would end the process.
      if (request.listenerCount('error') > 0) request.emit('error', error);
    });
  });
}
