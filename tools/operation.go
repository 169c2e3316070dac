package tools

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"sync"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/schemas"
	"github.com/reliquary/reliquary/tools/internal/input"
)

// An Effect is what an operation may do to what it works on.
type Effect string

// The effects, from harmless to not.
const (
	// Reads changes nothing.
	Reads Effect = "reads"
	// Writes changes things in a way that can be changed back. Doing it twice
	// is the same as once, unless the operation is NotIdempotent.
	Writes Effect = "writes"
	// Destroys takes things away. Outside of ToolsetClasses it asks for the id of
	// a plan that was made before. Doing it twice fails, and does no more than once.
	Destroys Effect = "destroys"
)

// A Toolset groups operations that are served together.
type Toolset string

// The toolsets.
const (
	// ToolsetArtifacts holds what an agent needs to find its way among artifacts
	// and to keep them in order. It is the one that is served by default.
	ToolsetArtifacts Toolset = "artifacts"
	// ToolsetVersions works on versions: searches, follows, changes, links and
	// deletes them.
	ToolsetVersions Toolset = "versions"
	// ToolsetFiles moves bytes: logs, downloads, reads, verifies and compares files.
	ToolsetFiles Toolset = "files"
	// ToolsetRegistries works on the registries of organizations.
	ToolsetRegistries Toolset = "registries"
	// ToolsetHistory tells what became of versions: what was deleted and can be
	// restored, where aliases have been, and who changed what.
	ToolsetHistory Toolset = "history"
	// ToolsetClasses is what the classes of a language are made of: one page, one
	// object, one change, with everything that the server said, named after the
	// class and its method. Programs call it; to agents it is never served.
	ToolsetClasses Toolset = "classes"
)

// Toolsets are the toolsets for agents, the default one first.
func Toolsets() []Toolset {
	return []Toolset{ToolsetArtifacts, ToolsetVersions, ToolsetFiles, ToolsetRegistries, ToolsetHistory}
}

// InToolsets are the operations of some toolsets, in the order of ops.
func InToolsets(ops []Operation, sets ...Toolset) []Operation {
	var out []Operation
	for _, o := range ops {
		if slices.Contains(sets, o.Toolset) {
			out = append(out, o)
		}
	}
	return out
}

// Words describe an operation to those who choose among several.
type Words struct {
	// Title is for people: "List artifact types".
	Title string
	// Description is for models: the purpose in the first sentence, then when
	// to use it rather than its neighbours. Shapes stand in the schemas.
	Description string
	Toolset     Toolset
	// LocalFiles says that it does nothing without files of the computer that it
	// runs on: see WithFiles. A front end that allows none can leave it out.
	LocalFiles bool
	// FileContents says that answers hold what is in files of artifacts. A front
	// end marks them as what they are: words of whoever wrote the file.
	FileContents bool
	// NotIdempotent says of an operation that writes that doing it again with the
	// same arguments can do more than doing it once.
	NotIdempotent bool
}

// An Operation is one thing that can be asked for. It is safe for concurrent use.
type Operation struct {
	Name string
	Words
	Effect Effect
	// InputSchema and OutputSchema are JSON Schemas (2020-12) of an object, as
	// they stand in package schemas. They are nil while there is none yet.
	InputSchema, OutputSchema json.RawMessage

	in, out reflect.Type
	read    func(arguments json.RawMessage) (json.RawMessage, error)
	call    func(ctx context.Context, c *artifacts.Client, fitting json.RawMessage) (any, error)
}

// Define makes an operation of a function. The schemas of its input and output
// are those that were generated under its name.
//
// The function gets input that fits the schema, defaults filled in. It returns
// errors of package artifacts, or an *Error where it knows more.
func Define[In, Out any](name string, effect Effect, words Words, f func(context.Context, *artifacts.Client, In) (Out, error)) Operation {
	o := Operation{
		Name:   name,
		Words:  words,
		Effect: effect,
		in:     reflect.TypeFor[In](),
		out:    reflect.TypeFor[Out](),
	}
	o.call = func(ctx context.Context, c *artifacts.Client, fitting json.RawMessage) (any, error) {
		var in In
		d := json.NewDecoder(bytes.NewReader(fitting))
		d.DisallowUnknownFields()
		if err := d.Decode(&in); err != nil {
			return nil, fmt.Errorf("arguments of %s fit its schema and not its type: %w", name, err)
		}
		return f(ctx, c, in)
	}
	return o.WithSchemas(schemas.Input(name), schemas.Output(name))
}

// WithSchemas returns the operation with other schemas of the same types, for
// operations that do not stand in package schemas.
func (o Operation) WithSchemas(in, out json.RawMessage) Operation {
	o.InputSchema, o.OutputSchema = in, out
	// Read when the first call comes: a front end that only lists operations
	// does not wait for it.
	schema := sync.OnceValues(func() (*input.Schema, error) { return input.Parse(in) })
	o.read = func(arguments json.RawMessage) (json.RawMessage, error) {
		s, err := schema()
		if err != nil {
			return nil, fmt.Errorf("the input schema of %s: %w", o.Name, err)
		}
		fitting, problems := s.Read(arguments)
		if len(problems) > 0 {
			return nil, invalidArguments(problems)
		}
		return fitting, nil
	}
	return o
}

// Call does it. arguments is a JSON object that fits InputSchema; none at all
// means {}. The result marshals to JSON that fits OutputSchema.
//
// Arguments are checked before the client is used. Every error is an *Error.
// What else a front end has to say comes with the context: see WithProgress and
// WithFiles.
func (o Operation) Call(ctx context.Context, c *artifacts.Client, arguments json.RawMessage) (any, error) {
	fitting, err := o.read(arguments)
	if err != nil {
		return nil, o.Explain(ctx, err)
	}
	out, err := o.call(ctx, c, fitting)
	if err != nil {
		return nil, o.Explain(ctx, err)
	}
	return out, nil
}

// Check says what Call would say of the arguments alone. A front end that has
// to open a client first can spare itself that.
func (o Operation) Check(arguments json.RawMessage) error {
	if _, err := o.read(arguments); err != nil {
		return o.Explain(context.Background(), err)
	}
	return nil
}

// Explain gives an error that a front end met on the way to Call the form that
// Call gives its own: an *Error.
func (o Operation) Explain(ctx context.Context, err error) error {
	e := explained(ctx, err)
	e.Operation = o.Name
	return e
}

// Types are those of the input and output, for generators of schemas.
func (o Operation) Types() (in, out reflect.Type) { return o.in, o.out }
