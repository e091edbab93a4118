/** A TLS server in a process of its own, which answers although the process of its clients stands still. */
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

process.once('message', (certificate: { readonly key: string; readonly cert: string }) => {
  const server = createServer(certificate, (socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data: Buffer) => {
      const text = data.toString('latin1');
      if (text.includes('answer early')) {
        socket.pause();
        socket.write(OK);
      } else if (text.includes('answer and close.'))
        socket.end(OK.replace('\r\n', '\r\nConnection: close\r\n'));
      else if (text.includes('close.')) socket.destroy();
      else if (text.includes('answer.')) socket.write(OK);
    });
  });
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
});
process.once('disconnect', () => process.exit(0));
