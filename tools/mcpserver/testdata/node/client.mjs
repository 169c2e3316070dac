// Calls tools of a server over stdio with an official TypeScript client.
//
// usage: client.mjs sdk|client < walk.json > answers.json
//
// "sdk" is the 1.x line of it, "client" the 2.x line. What a walk is stands in
// ../python/client.py.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

// The packages are installed elsewhere: NODE_PACKAGES says where.
const require = createRequire(`${process.env.NODE_PACKAGES}/`);
const load = (name) => import(pathToFileURL(require.resolve(name)).href);

const [{ Client }, { StdioClientTransport }] =
  process.argv[2] === "sdk"
    ? await Promise.all([
        load("@modelcontextprotocol/sdk/client/index.js"),
        load("@modelcontextprotocol/sdk/client/stdio.js"),
      ])
    : await Promise.all([
        load("@modelcontextprotocol/client"),
        load("@modelcontextprotocol/client/stdio"),
      ]);

function fill(value, results) {
  if (Array.isArray(value)) return value.map((v) => fill(v, results));
  if (value === null || typeof value !== "object") return value;
  if (value.$from) {
    const [call, key] = value.$from;
    return results[call].structured[key];
  }
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, fill(v, results)]));
}

const steps = JSON.parse(readFileSync(0, "utf8"));
const [command, ...args] = steps.command;
const client = new Client({ name: "test", version: "1" });
await client.connect(new StdioClientTransport({ command, args, env: { ...process.env, ...steps.env } }));
const { tools } = await client.listTools();
const results = [];
for (const call of steps.calls) {
  // The client checks structured content against the output schema.
  const result = await client.callTool({ name: call.tool, arguments: fill(call.arguments, results) });
  results.push({
    isError: result.isError === true,
    structured: result.structuredContent ?? null,
    text: result.content.filter((c) => c.type === "text").map((c) => c.text),
  });
}
const answers = {
  server: client.getServerVersion()?.name,
  protocol: client.getNegotiatedProtocolVersion?.() ?? "",
  instructions: client.getInstructions(),
  tools,
  results,
};
await client.close();
process.stdout.write(JSON.stringify(answers) + "\n");
