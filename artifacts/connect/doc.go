// Package connect finds the place a person keeps their artifacts in and opens
// a client on it: the W&B server that they have configured, or the registry
// in their own data directory.
//
// It reads settings as the wandb package does (environment, settings files,
// netrc), from an [Environment] that the program passes in: the package itself
// looks at no environment variable, and knows nothing of commands, MCP or C.
// It is the one room that knows both the client and the embedded server.
package connect
