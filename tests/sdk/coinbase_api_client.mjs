// coinbase-api, driven from outside: a line of JSON in is a call, a line of JSON out is its answer or a stream's frame.

import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';

const [packages, host, apiKey, apiSecret] = [process.argv[2], process.env.VENUE_HOST, process.env.VENUE_KEY,
  process.env.VENUE_SECRET];
const { CBAdvancedTradeClient, WebsocketClient } = createRequire(packages + '/')('coinbase-api');

const say = (line) => process.stdout.write(JSON.stringify(line) + '\n');
const rest = new CBAdvancedTradeClient({ apiKey, apiSecret, baseUrl: `https://${host}` });
const quiet = { trace() {}, info() {}, error() {} };
const sockets = new WebsocketClient({ apiKey, apiSecret, wsUrl: `wss://${host}` }, quiet);
for (const kind of ['update', 'response', 'exception']) {
  sockets.on(kind, (frame) => say({ kind, connection: frame.wsKey, frame: { ...frame, wsKey: undefined } }));
}

for await (const line of createInterface({ input: process.stdin })) {
  const { id, verb, parameters } = JSON.parse(line);
  try {
    if (verb === 'subscribe') {
      sockets.subscribe(parameters.topic, parameters.key);
      say({ id, answer: null });
    } else if (verb === 'end') {
      sockets.closeAll(true);
      say({ id, answer: null });
      break;
    } else if (verb === 'newId') {
      say({ id, answer: rest.generateNewOrderId() });
    } else {
      say({ id, answer: await rest[verb](parameters) });
    }
  } catch (error) {
    say({ id, error: error.body ?? String(error.message ?? error) });
  }
}
process.exit(0);
