// @alpacahq/alpaca-trade-api: see node_client.mjs.

import { createRequire } from 'node:module';

import { say, serve } from './node_client.mjs';

const [packages, host, keyId, secretKey, symbol] = [process.argv[2], process.env.VENUE_HOST, process.env.VENUE_KEY,
  process.env.VENUE_SECRET, process.env.VENUE_SYMBOL];
const Alpaca = createRequire(packages + '/')('@alpacahq/alpaca-trade-api');

console.log = (...words) => process.stderr.write(words.join(' ') + '\n');  // the answers' way is not for its remarks
const base = `https://${host}`;
const alpaca = new Alpaca({ keyId, secretKey, baseUrl: base, dataBaseUrl: base, dataStreamUrl: base, feed: 'iex' });

const listen = () => new Promise((resolve) => {
  let left = 2;
  const isThere = () => { if (--left === 0) resolve(null); };
  const updates = alpaca.trade_ws, data = alpaca.data_stream_v2;
  updates.onConnect(() => { updates.subscribe(['trade_updates']); isThere(); });
  updates.onOrderUpdate((body) => say({ kind: 'update', body }));
  updates.onError((error) => say({ kind: 'complaint', body: String(error) }));
  data.onConnect(() => { data.subscribeForTrades([symbol]); data.subscribeForQuotes([symbol]); isThere(); });
  data.onStockTrade((body) => say({ kind: 'trade', body }));
  data.onStockQuote((body) => say({ kind: 'quote', body }));
  data.onError((error) => say({ kind: 'complaint', body: String(error) }));
  updates.connect();
  data.connect();
});

const all = async (list) => {
  const found = [];
  for await (const one of list) found.push(one);
  return found;
};

await serve(alpaca, {
  listen,
  getTradesV2: (...parameters) => all(alpaca.getTradesV2(...parameters)),
  getBarsV2: (...parameters) => all(alpaca.getBarsV2(...parameters)),
  end: () => { alpaca.trade_ws.reconnectDisabled = true; },
});
