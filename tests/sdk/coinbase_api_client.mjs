// coinbase-api: see node_client.mjs.

import { createRequire } from 'node:module';

import { say, serve } from './node_client.mjs';

const [packages, host, apiKey, apiSecret] = [process.argv[2], process.env.VENUE_HOST, process.env.VENUE_KEY,
  process.env.VENUE_SECRET];
const { CBAdvancedTradeClient, WebsocketClient } = createRequire(packages + '/')('coinbase-api');

const rest = new CBAdvancedTradeClient({ apiKey, apiSecret, baseUrl: `https://${host}` });
const quiet = { trace() {}, info() {}, error() {} };
const sockets = new WebsocketClient({ apiKey, apiSecret, wsUrl: `wss://${host}` }, quiet);
for (const kind of ['update', 'response', 'exception']) {
  sockets.on(kind, (frame) => say({ kind, connection: frame.wsKey, frame: { ...frame, wsKey: undefined } }));
}

await serve(rest, {
  subscribe: ({ topic, key }) => { sockets.subscribe(topic, key); },
  newId: () => rest.generateNewOrderId(),
  end: () => sockets.closeAll(true),
});
