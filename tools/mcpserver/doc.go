// Package mcpserver serves the operations of package tools to agents, over the
// Model Context Protocol. It decides what a tool looks like on the wire: its
// annotations, the form of results and errors, and what is taken out of text
// that other people wrote.
//
// It serves stdio and streamable HTTP, and both eras of the protocol on either:
// with a handshake, and since 2026-07-28 without. Over HTTP every request stands
// for itself and bears a key (HTTPOptions).
//
// It knows nothing of what an operation does, and not where its client leads:
// it is given a function that opens one, and calls it when the first tool is
// called. Starting needs no network, no key and no database.
package mcpserver
