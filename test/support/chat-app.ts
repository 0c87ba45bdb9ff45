/** An app with everything that hand-over could break: keep-alive, slow answers, streams, WebSockets. Runs in a container. */
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const greeting = process.env['GREETING'] ?? 'hello';
const isBroken = process.env['BROKEN'] === '1';

const server = createServer((request, response) => {
  if (request.url === '/health') return void response.writeHead(isBroken ? 500 : 200).end();
  if (request.url === '/slow') return void setTimeout(() => response.end(`${greeting}\n`), 1_500);
  if (request.url !== '/stream') return void response.end(`${greeting}\n`);
  let sent = 0;
  const timer = setInterval(() => {
    response.write(`${greeting}\n`);
    if (++sent === 20) response.end();
  }, 100);
  response.on('close', () => clearInterval(timer));
});
const sockets = new WebSocketServer({ server });
sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`${greeting}: ${data}`)));
process.on('SIGTERM', () => {
  for (const socket of sockets.clients) socket.close(1001);
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
server.listen(8080);
