// For `import`: the same classes as for `require`, so that instanceof holds
// whichever way a program and its dependencies load the package.
export * from "./index.js";
