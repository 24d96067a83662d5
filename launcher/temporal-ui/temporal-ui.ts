import type { Server } from 'node:http';
import { freePorts } from '../ports.ts';
import { hiddenAddress, type BackendAddress } from './backend-address.ts';
import { createUiGuard } from './guard.ts';

const LOOPBACK = '127.0.0.1';
const MOST_TRIES = 20;

/** Temporal's web page as people reach it, and where its server is behind the guard. */
export interface TemporalUi {
  /**
   * Lets the guard listen, in this process: it is there before Temporal is, stays while Temporal is started again, and ends with the process. A second call does
   * nothing.
   */
  open(): Promise<void>;
  /** Once it is open. */
  backend(): BackendAddress;
  /** Of the guard, once it is open. */
  url(): string;
}

/**
 * @param port that is looked for first
 * @param except ports that are others'
 */
export function createTemporalUi({
  port: first,
  except,
}: {
  port: number;
  except: readonly number[];
}): TemporalUi {
  let backend: BackendAddress | undefined;
  let port = first;
  return {
    async open() {
      if (backend !== undefined) return;
      const hidden = await hiddenAddress();
      const guard = createUiGuard(hidden);
      // It keeps nothing from ending.
      guard.unref();
      for (let tries = 1; !(await listens(guard, port)); tries += 1) {
        if (tries === MOST_TRIES)
          throw new Error(`no port of ${LOOPBACK} can be had for Temporal's web page`);
        ({ port } = await freePorts({ port: first }, { except }));
      }
      backend = hidden;
    },
    backend() {
      if (backend === undefined) throw new Error("Temporal's web page is not open");
      return backend;
    },
    url: () => `http://${LOOPBACK}:${port}`,
  };
}

function listens(server: Server, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen({ host: LOOPBACK, port, exclusive: true }, () => {
      server.removeAllListeners('error');
      // What a connection suffers is told where it is handled.
      server.on('error', () => undefined);
      resolve(true);
    });
  });
}
