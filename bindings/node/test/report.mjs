// Reports tests of node:test as lines of JSON, for node_test.go.
export default async function* report(source) {
  const path = []; // names of the tests around the one that runs
  let last; // what was said of a test comes after its end
  for await (const { type, data } of source) {
    if (type === "test:start") path[data.nesting] = data.name;
    if (type === "test:diagnostic") last?.notes.push(data.message);
    if (type !== "test:pass" && type !== "test:fail") continue;
    if (data.details?.type === "suite" && type === "test:pass") continue; // its tests count
    const { error } = data.details ?? {};
    const cause = error?.cause ?? error;
    if (last) yield `${JSON.stringify(last)}\n`;
    last = {
      name: data.name,
      path: path.slice(0, data.nesting),
      passed: type === "test:pass",
      skipped: data.skip !== undefined || data.todo !== undefined,
      error: cause && String(cause.stack ?? cause),
      notes: [],
    };
  }
  if (last) yield `${JSON.stringify({ ...last, notes: last.notes.filter((note) => !/^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/.test(note)) })}\n`;
}
