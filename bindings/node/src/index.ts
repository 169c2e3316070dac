export { Session } from "./session.js";
export { ReliquaryError } from "./errors.js";
