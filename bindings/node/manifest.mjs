// Prints the package.json of a package that is published: of `reliquary`
// ("main"), or of the one with the library for an architecture and a C library
// ("x64-gnu").
import { readFileSync } from "node:fs";

const own = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));
const { devDependencies, ...main } = own; // those build it

/** What is in the packages for each C library. */
const libraries = {
  gnu: { libc: "glibc", main: "reliquary.node", needs: "glibc 2.17 or newer" },
  // A Go library cannot be loaded there: calls go to a program.
  musl: { libc: "musl", main: "reliquary-pipe", needs: "musl" },
};
const targets = ["x64", "arm64"].flatMap((arch) => Object.keys(libraries).map((library) => `${arch}-${library}`));

// npm installs the one whose os, cpu and libc fit, and no script has to run.
// They do not exist before they are published with this one, so package.json,
// from which the tools are installed, cannot name them.
main.optionalDependencies = Object.fromEntries(targets.map((target) => [`@reliquary/linux-${target}`, own.version]));

const wanted = process.argv[2];
if (wanted !== "main" && !targets.includes(wanted)) throw new Error(`there is no package for ${wanted}`);

function native() {
  const [arch, library] = wanted.split("-");
  const { libc, main, needs } = libraries[library];
  return {
    name: `@reliquary/linux-${wanted}`,
    version: own.version,
    description: `The library of reliquary for Linux on ${arch} with ${needs}`,
    license: own.license,
    main,
    files: [main],
    engines: own.engines,
    os: ["linux"],
    cpu: [arch],
    libc: [libc],
  };
}
console.log(JSON.stringify(wanted === "main" ? main : native(), undefined, 2));
