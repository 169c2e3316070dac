// Prints the code of three failures: of a wrong path, a missing right and a
// server that does not answer.
import { Api, ReliquaryError } from "reliquary";

const [url, silent, owner, guest] = process.argv.slice(2);

async function using(baseUrl, apiKey, work) {
  const api = new Api({ baseUrl, apiKey, entity: "local", timeoutSeconds: 1 });
  try {
    await work(api);
  } finally {
    await api.close();
  }
}

async function told(baseUrl, apiKey, work) {
  try {
    await using(baseUrl, apiKey, work);
  } catch (error) {
    if (!(error instanceof ReliquaryError)) throw error;
    console.log(error.code, error.retryable, error.next !== undefined && error.next !== "");
  }
}

await using(url, owner, (api) => api.call("create_registry", { registry: "acme/models" }));
await told(url, owner, (api) => api.artifact("local/vision/no-such:v0"));
await told(url, guest, (api) => api.call("update_registry", { registry: "acme/models", description: "mine" }));
await told(silent, owner, (api) => api.artifact("local/vision/no-such:v0"));
