// Package tools defines every operation once: its name, the words that
// describe it, what it may do, its typed input and output, and the function
// that does it. Front ends (MCP, C, the command line) are derived from that:
// they carry JSON to [Operation.Call] and back, and add nothing of their own.
//
// It knows the client classes of package artifacts and the JSON Schemas in
// package schemas, which are generated from its input and output types. It
// knows no protocol, no transport, and not where a client leads.
package tools
