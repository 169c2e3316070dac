// Package tools defines every operation once: its name, the words that
// describe it, what it may do, its typed input and output, and the function
// that does it. Front ends (MCP, C, the command line) are derived from that:
// they carry JSON to [Operation.Call] and back, and add nothing of their own.
//
// It knows the client classes of package artifacts and the JSON Schemas in
// package schemas, which are generated from its input and output types. It
// knows no protocol, no transport, and not where a client leads.
//
// # What comes with the context
//
// A front end says by the context what an operation cannot know: which files
// of the computer it may touch ([WithFiles]; without that, none), and whom to
// tell how far it is ([WithProgress]). A call ends soon after its context does.
//
// # How an operation is added
//
//  1. Write a file that is named after it, with its input type, its output type
//     and a function that returns [Define] of its name, effect and words. Comments
//     on fields become the descriptions in the schemas, which agents read and pay
//     for: say only what the name does not. Take what others have: [Paging] and
//     listing for lists, findArtifact for versions, local for paths on the disk,
//     blame and suggest for errors, plan for whatever destroys.
//  2. Put it into [All], in the toolset where an agent would look for it.
//  3. `make generate` writes its schemas, its row in the README and the typed
//     functions of the bindings. `UPDATE_TOOLSNAPS=true go test ./tools/mcpserver
//     -run Snapshots` shows what agents see of it, for review.
//  4. Test it against a registry that the wandb package has filled (openShop), what
//     it changes read back by the package, and what it refuses by the argument that
//     the error names.
//
// # Numbers in JSON
//
// Sizes in bytes are of type [Bytes]: strings of digits in JSON, since they may
// pass 2^53, where JavaScript's numbers and many JSON readers begin to skip. The
// index of the schemas names their type, and the bindings give them as whole
// numbers of their language. Counts (of files, versions, runs), version numbers, seconds and
// offsets in one file are JSON numbers: none of them comes near. Metadata keeps
// the digits that it was written with ([Object]).
package tools
