// Calls the operations of a file of cases, and prints what each gave as JSON:
// {"output": ...} or {"error": ...}.
//
// usage: cases.mjs FILE
import { readFileSync } from "node:fs";

import { Api, ReliquaryError } from "reliquary";

const api = new Api(JSON.parse(process.env.SHOP).options);
const gave = [];
for (const { operation, input } of JSON.parse(readFileSync(process.argv[2], "utf8"))) {
  try {
    gave.push({ output: await api.call(operation, input) });
  } catch (error) {
    if (!(error instanceof ReliquaryError)) throw error;
    const { code, message, argument, candidates, next, retryable } = error;
    gave.push({ error: { code, operation: error.operation, message, argument, candidates, next, retryable } });
  }
}
await api.close();
console.log(JSON.stringify(gave));
