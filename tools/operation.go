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

	in, out reflect.Type
	shape   *shape
	call    func(context.Context, *artifacts.Client, fitting) (any, error)
}

// A shape is what an operation's schemas say. They are read when they are asked
// for, and the one of the input is understood when the first call comes: whoever
// lists operations, or calls one of them, does not wait for those of all.
type shape struct {
	operation string
	in, out   json.RawMessage // nil: those of package schemas
	parse     sync.Once
	parsed    *input.Schema
	err       error
	find      sync.Once
	items     *itemShape // nil: the output is always whole
}

// input is the parsed schema of the input.
func (s *shape) input() (*input.Schema, error) {
	s.parse.Do(func() {
		in := s.in
		if in == nil {
			in = schemas.Input(s.operation)
		}
		if s.parsed, s.err = input.Parse(in); s.err != nil {
			s.err = fmt.Errorf("the input schema of %s: %w", s.operation, s.err)
		}
	})
	return s.parsed, s.err
}

// fitting are arguments of an operation that fit its schema, defaults filled in.
type fitting struct {
	operation string
	arguments json.RawMessage
}

// decode fills what an operation's function takes.
func (f fitting) decode(in any) error {
	d := json.NewDecoder(bytes.NewReader(f.arguments))
	d.DisallowUnknownFields()
	if err := d.Decode(in); err != nil {
		return fmt.Errorf("arguments of %s fit its schema and not its type: %w", f.operation, err)
	}
	return nil
}

// Define makes an operation of a function. The schemas of its input and output
// are those that were generated under its name.
//
// The function gets input that fits the schema, defaults filled in. It returns
// errors of package artifacts, or an *Error where it knows more.
func Define[In, Out any](name string, effect Effect, words Words, f func(context.Context, *artifacts.Client, In) (Out, error)) Operation {
	// Compiled once for every operation: what need not be here is not.
	return define(name, effect, &words, reflect.TypeFor[In](), reflect.TypeFor[Out](), func(ctx context.Context, c *artifacts.Client, arguments fitting) (any, error) {
		var in In
		if err := arguments.decode(&in); err != nil {
			return nil, err
		}
		return f(ctx, c, in)
	})
}

func define(name string, effect Effect, words *Words, in, out reflect.Type, call func(context.Context, *artifacts.Client, fitting) (any, error)) Operation {
	return Operation{Name: name, Words: *words, Effect: effect, in: in, out: out, shape: &shape{operation: name}, call: call}
}

// InputSchema is the JSON Schema (2020-12) of the object that the operation
// takes, as it stands in package schemas; nil while there is none yet.
func (o Operation) InputSchema() json.RawMessage {
	if o.shape.in != nil {
		return o.shape.in
	}
	return schemas.Input(o.Name)
}

// OutputSchema is the one of the object that the operation gives.
func (o Operation) OutputSchema() json.RawMessage {
	if o.shape.out != nil {
		return o.shape.out
	}
	return schemas.Output(o.Name)
}

// WithSchemas returns the operation with other schemas of the same types, for
// operations that do not stand in package schemas.
func (o Operation) WithSchemas(in, out json.RawMessage) Operation {
	o.shape = &shape{operation: o.Name, in: in, out: out}
	return o
}

// read checks arguments and fills in defaults.
func (o Operation) read(arguments json.RawMessage) (fitting, error) {
	s, err := o.shape.input()
	if err != nil {
		return fitting{}, err
	}
	read, problems := s.Read(arguments)
	if len(problems) > 0 {
		return fitting{}, invalidArguments(problems)
	}
	return fitting{o.Name, read}, nil
}

// Call does it. arguments is a JSON object that fits InputSchema; none at all
// means {}. The result marshals to JSON that fits OutputSchema.
//
// Arguments are checked before the client is used. Every error is an *Error.
// What else a front end has to say comes with the context: see WithProgress and
// WithFiles.
func (o Operation) Call(ctx context.Context, c *artifacts.Client, arguments json.RawMessage) (any, error) {
	read, err := o.read(arguments)
	if err != nil {
		return nil, o.Explain(ctx, err)
	}
	var chosen *selection
	if items := o.items(); items != nil {
		var asked Showing
		if err := json.Unmarshal(read.arguments, &asked); err != nil {
			return nil, o.Explain(ctx, err)
		}
		chosen = items.choose(asked)
		ctx = context.WithValue(ctx, selectionKey{}, chosen)
	}
	out, err := o.call(ctx, c, read)
	if err != nil {
		return nil, o.Explain(ctx, err)
	}
	return chosen.of(out), nil
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
