import { Api, type Artifact } from "reliquary";
import reliquary = require("reliquary");

async function main(): Promise<Artifact[]> {
  const api: Api = new reliquary.Api();
  return api.artifacts("model", "detector").toArray();
}
void main;
