import { connect } from 'node:net';

export interface LoadResult {
  readonly seconds: number;
  /** ms from the first byte sent to the last one received, per request. */
  readonly latencies: readonly number[];
  /** Requests not answered with the wanted status. */
  readonly refused: number;
}

/** A load that takes longer is given up. */
const TIMEOUT_MS = 60_000;

/**
 * Sends ready-made HTTP requests over `connections` kept open, each with one request in flight. Plain sockets: the load
 * shares two cores with what it measures, so it must cost little.
 */
export async function load(
  url: URL,
  requests: readonly Buffer[],
  connections: number,
  wantedStatus = 202,
): Promise<LoadResult> {
  const latencies: number[] = [];
  let next = 0;
  let refused = 0;
  const start = performance.now();
  const one = () =>
    new Promise<void>((resolve, reject) => {
      const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
      let sentAt = 0;
      let received = '';
      const send = () => {
        const request = requests[next];
        next += 1;
        received = '';
        sentAt = performance.now();
        if (request === undefined) socket.end();
        else socket.write(request);
      };
      socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('The load was not answered in time.')));
      socket.on('connect', send);
      socket.on('data', (chunk) => {
        received += chunk.toString('latin1');
        if (!isWhole(received)) return;
        latencies.push(performance.now() - sentAt);
        if (!received.startsWith(`HTTP/1.1 ${wantedStatus} `)) refused += 1;
        send();
      });
      socket.on('error', reject);
      socket.on('close', () => resolve());
    });
  await Promise.all(Array.from({ length: connections }, one));
  return { seconds: (performance.now() - start) / 1000, latencies, refused };
}

/** Whether an HTTP answer has arrived whole: by its content-length, or the last chunk. */
function isWhole(answer: string): boolean {
  const end = answer.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(answer.slice(0, end + 2))?.[1];
  return length === undefined ? answer.endsWith('\r\n0\r\n\r\n') : answer.length >= end + 4 + Number(length);
}

/** One HTTP/1.1 GET as bytes. */
export function getRequest(url: URL, path: string, headers: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries({ ...headers, host: url.host });
  return Buffer.from(`GET ${path} HTTP/1.1\r\n${lines.map((line) => line.join(': ')).join('\r\n')}\r\n\r\n`);
}

/** One HTTP/1.1 POST as bytes. */
export function postRequest(url: URL, path: string, headers: Readonly<Record<string, string>>, body: string): Buffer {
  const lines = Object.entries({ ...headers, host: url.host, 'content-length': String(Buffer.byteLength(body)) });
  return Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.map((line) => line.join(': ')).join('\r\n')}\r\n\r\n${body}`);
}
