// An SDK, driven from outside: a line of JSON in is a call, a line of JSON out is its answer or what a stream said.

import { createInterface } from 'node:readline';

export const say = (line) => process.stdout.write(JSON.stringify(line) + '\n');

// The calls are the SDK's own verbs, but for those that stand in `calls`; "end" is among these.
export const serve = async (sdk, calls) => {
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, verb, parameters } = JSON.parse(line);
    try {
      say({ id, answer: (await (verb in calls ? calls : sdk)[verb](...parameters)) ?? null });
    } catch (error) {
      say({ id, error: error.body ?? error.response?.data ?? String(error.message ?? error) });
    }
    if (verb === 'end') break;
  }
  process.exit(0);
};
