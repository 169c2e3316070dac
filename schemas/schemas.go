// Package schemas holds the JSON Schemas of every operation's input and output,
// and index.json, which lists the operations for generators of other languages'
// code. Everything in it is generated from package tools, which it must not
// import.
package schemas

import (
	"embed"
	"encoding/json"
)

//go:generate go run ../tools/internal/schemagen -dir .

//go:embed *.json
var files embed.FS

// Index is the list of all operations: name, title, description, effect,
// toolset, and the files of the input and output schema.
func Index() json.RawMessage { return read("index.json") }

// Input is the schema of an operation's arguments, nil if there is none.
func Input(operation string) json.RawMessage { return read(operation + ".input.json") }

// Output is the schema of an operation's result, nil if there is none.
func Output(operation string) json.RawMessage { return read(operation + ".output.json") }

func read(name string) json.RawMessage {
	text, err := files.ReadFile(name)
	if err != nil { // not generated yet
		return nil
	}
	return text
}
