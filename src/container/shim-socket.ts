import { close } from '../kernel/files.ts';
import { listenIn } from '../kernel/unix-socket.ts';
import { ShimLink } from './shim-link.ts';

/** The socket the shim will listen on, with the supervisor's own connection waiting in its queue. */
export interface ShimSocket {
  listenFd: number;
  link: ShimLink;
  /**
   * Gives up the supervisor's copy; the shim has its own. To be called as soon as it has: with ours open, the death of
   * a shim that accepted nobody would go unnoticed.
   */
  closeListener(): void;
}

/** More attach clients than this before the start have to wait for it. */
const BACKLOG = 128;

/** Binds `shim.sock` in the run folder and connects to it, before there is a shim: nothing can be missed. */
export function openShimSocket(runDir: string): ShimSocket {
  const listenFd = listenIn(runDir, 'shim.sock', BACKLOG);
  try {
    const link = ShimLink.connect(runDir);
    let open = true;
    const closeListener = () => {
      if (open) close(listenFd);
      open = false;
    };
    return { listenFd, link, closeListener };
  } catch (error) {
    close(listenFd);
    throw error;
  }
}
