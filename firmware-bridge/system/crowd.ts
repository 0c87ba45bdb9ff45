import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Keeps room for those who have something to say: where more than `most` are connected, the one goes that has been quiet for
 * longest. Whoever opens thousands of connections and says nothing pushes out its own, and not a client that asks and reads.
 * `busy` tells of a connection that it is being answered; what it answers is to be called when it has been.
 */
export function keepRoom(server: Server, most: number): { busy(request: Pick<IncomingMessage, 'socket'>): () => void } {
  const sockets = new Set<Socket>();
  /** In the order in which they fell quiet. */
  const quiet = new Set<Socket>();
  // A crowd that nobody can tell apart from clients is turned away by the system's own bound.
  server.maxConnections = 2 * most;
  server.on('connection', (socket) => {
    sockets.add(socket);
    quiet.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      quiet.delete(socket);
    });
    const [longest] = quiet;
    if (sockets.size > most && longest) longest.destroy();
  });
  server.on('upgrade', ({ socket }) => quiet.delete(socket));
  return {
    busy({ socket }) {
      quiet.delete(socket);
      return () => {
        if (sockets.has(socket)) quiet.add(socket);
      };
    },
  };
}
