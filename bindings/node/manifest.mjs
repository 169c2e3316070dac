// Prints the package.json of a package that is published: of `reliquary`
// ("main"), or of the one with the library for an architecture.
import { readFileSync } from "node:fs";

const architectures = ["x64", "arm64"];
const own = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));
const { devDependencies, ...main } = own; // those build it

// npm installs the one whose os, cpu and libc fit, and no script has to run.
// They do not exist before they are published with this one, so package.json,
// from which the tools are installed, cannot name them.
main.optionalDependencies = Object.fromEntries(architectures.map((arch) => [`@reliquary/linux-${arch}-gnu`, own.version]));

const wanted = process.argv[2];
const native = {
  name: `@reliquary/linux-${wanted}-gnu`,
  version: own.version,
  description: `The library of reliquary for Linux on ${wanted} with glibc 2.17 or newer`,
  license: own.license,
  main: "reliquary.node",
  files: ["reliquary.node"],
  engines: own.engines,
  os: ["linux"],
  cpu: [wanted],
  libc: ["glibc"],
};
if (wanted !== "main" && !architectures.includes(wanted)) throw new Error(`there is no package for ${wanted}`);
console.log(JSON.stringify(wanted === "main" ? main : native, undefined, 2));
