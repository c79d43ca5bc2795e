import { close } from '../kernel/files.ts';
import { listenIn } from '../kernel/unix-socket.ts';
import { ShimLink } from './shim-link.ts';

/** The socket the shim will listen on, with the supervisor's own connection waiting in its queue. */
export interface ShimSocket {
  listenFd: number;
  link: ShimLink;
  /** Gives up the supervisor's copy; the shim has its own. */
  close(): void;
}

/** More attach clients than this before the start have to wait for it. */
const BACKLOG = 128;

/** Binds `shim.sock` in the run folder and connects to it, before there is a shim: nothing can be missed. */
export async function openShimSocket(runDir: string): Promise<ShimSocket> {
  const listenFd = listenIn(runDir, 'shim.sock', BACKLOG);
  try {
    return { listenFd, link: await ShimLink.connect(runDir), close: () => close(listenFd) };
  } catch (error) {
    close(listenFd);
    throw error;
  }
}
