// A client of its own that keeps asking, in a thread of its own, so that only the server can slow it down.
import { setTimeout as pause } from 'node:timers/promises';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { io } from 'socket.io-client';

/** Starts a canary, whose stop() tells {disconnects, asked, unanswered, p99, longest}: times in milliseconds. */
export async function startCanary(url) {
  const worker = new Worker(new URL(import.meta.url), { workerData: url });
  const told = () => new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  await told();
  return {
    async stop() {
      const report = told();
      worker.postMessage('stop');
      return report;
    },
  };
}

async function sing(url) {
  const socket = io(url, { transports: ['websocket'] });
  await new Promise((resolve) => socket.once('connect', resolve));
  let disconnects = 0;
  socket.on('disconnect', () => disconnects++);
  let singing = true;
  parentPort.once('message', () => (singing = false));
  parentPort.postMessage('connected');
  const times = [];
  let unanswered = 0;
  while (singing) {
    const from = performance.now();
    try {
      await socket.timeout(2000).emitWithAck('message-with-ack', 'alive');
      times.push(performance.now() - from);
    } catch {
      unanswered++;
    }
    await pause(100);
  }
  socket.off('disconnect').disconnect();
  times.sort((a, b) => a - b);
  parentPort.postMessage({ disconnects, asked: times.length + unanswered, unanswered, p99: times[Math.ceil(times.length * 0.99) - 1], longest: times.at(-1) });
}

if (!isMainThread) await sing(workerData);
