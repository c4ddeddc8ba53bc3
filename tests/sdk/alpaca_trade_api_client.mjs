// @alpacahq/alpaca-trade-api, driven from outside: a line of JSON in is a call, a line of JSON out is its answer or what a
// stream said.

import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';

const [packages, host, keyId, secretKey, symbol] = [process.argv[2], process.env.VENUE_HOST, process.env.VENUE_KEY,
  process.env.VENUE_SECRET, process.env.VENUE_SYMBOL];
const Alpaca = createRequire(packages + '/')('@alpacahq/alpaca-trade-api');

const say = (line) => process.stdout.write(JSON.stringify(line) + '\n');
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

for await (const line of createInterface({ input: process.stdin })) {
  const { id, verb, parameters } = JSON.parse(line);
  try {
    if (verb === 'listen') {
      say({ id, answer: await listen() });
    } else if (verb === 'end') {
      alpaca.trade_ws.reconnectDisabled = true;
      say({ id, answer: null });
      break;
    } else if (verb === 'getTradesV2' || verb === 'getBarsV2') {
      say({ id, answer: await all(alpaca[verb](...parameters)) });
    } else {
      say({ id, answer: (await alpaca[verb](...parameters)) ?? null });
    }
  } catch (error) {
    say({ id, error: error.response?.data ?? String(error.message ?? error) });
  }
}
process.exit(0);
