import { inspect, type InspectOptions } from "node:util";

/** How console.log shows an object: its class, its name, and what else matters. */
export function shown(kind: string, name: string, attributes: Record<string, unknown>, options: InspectOptions): string {
  return `${kind} ${name} ${inspect(attributes, options)}`;
}
