// Plainfields changes what gqlgen generated so that answering costs what the
// fields need, not what any field might.
//
// gqlgen resolves every field through the same machinery: a context of its own,
// closures, middleware that we do not have, a recovery from panics, a value to
// be written later; every element of a list in a goroutine; and every object
// with a group for @defer. For a page of versions, of which each has some twenty
// fields that are simply there, that was nine tenths of the time
// (BenchmarkPage). This program
//
//   - writes scalars that cannot fail into the text of their object where they
//     are wanted (object), and reads objects that cannot fail there too;
//   - resolves fields that can fail one after the other, with a place in the
//     paths of errors and a recovery each, but nothing else (resolve): what they
//     load is loaded for the whole page at once, so that there is nothing to
//     wait for at the same time;
//   - walks lists in turn, each element still with its own recovery and place in
//     the paths of errors (marshalList);
//   - answers at once what @defer would allow to answer later, as servers may:
//     nothing takes long, and our answers are one JSON document;
//   - writes answers into buffers that are used again (marshaled).
//
// What the answers are stays the same. Run it by go generate, after gqlgen.
package main

import (
	"bytes"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// skipped hold introspection and what gqlgen keeps for itself.
var skipped = []string{"prelude.generated.go", "models.generated.go"}

var (
	// A field that is read from its object, without arguments.
	resolver = regexp.MustCompile(`(?s)func \(ec \*executionContext\) (\w+)\(ctx context\.Context, field graphql\.CollectedField, obj \*(\w+)\) \(ret graphql\.Marshaler\) \{
	return graphql\.ResolveField\(
		ctx,
		ec\.OperationContext,
		field,
		func\(ctx context\.Context, field graphql\.CollectedField\) \(\*graphql\.FieldContext, error\) \{
			return ec\.(\w+)\(ctx, field\)
		\},
		func\(ctx context\.Context\) \(any, error\) \{
			return ([^\n]+)
		\},
		nil,
		func\(ctx context\.Context, selections ast\.SelectionSet, v [^\n]*\) graphql\.Marshaler \{
			return ec\.([^\n(]+)\(ctx, selections, v\)
		\},
		true,
		(true|false),
	\)
\}
`)
	// What it reads: a field or a method that cannot fail, or a method that can.
	plain   = regexp.MustCompile(`^(obj\.\w+(?:\(\))?), nil$`)
	failing = regexp.MustCompile(`^obj\.(\w+)\(ctx\)$`)
	scalar  = regexp.MustCompile(`func \(ec \*executionContext\) (\w+)\([^\n]*\) \(fc \*graphql\.FieldContext, err error\) \{\n\treturn graphql\.NewScalarFieldContext\("(\w+)"`)
	nested  = regexp.MustCompile(`func \(ec \*executionContext\) (\w+)\([^\n]*\) \(fc \*graphql\.FieldContext, err error\) \{\n\tfc = &graphql\.FieldContext\{\n\t\tObject: +"(\w+)"`)
	// Where an object asks for its fields.
	object = regexp.MustCompile(`(?s)func \(ec \*executionContext\) _\w+\(ctx context\.Context, sel ast\.SelectionSet, obj \*\w+\) graphql\.Marshaler \{\n.*?\n\}\n`)
	called = regexp.MustCompile(`out\.Values\[i\] = ec\.(\w+)\(ctx, field, obj\)
			if out\.Values\[i\] == (graphql\.\w+) \{
				(?:atomic\.AddUint32\(&out\.Invalids, 1\)|out\.Invalids\+\+)
			\}
`)
	typename = regexp.MustCompile(`out\.Values\[i\] = graphql\.MarshalString\(("\w+")\)`)
	// A field that gqlgen resolves at the same time as others.
	concurrent = regexp.MustCompile(`(?s)out\.ResolveConcurrently\(ec\.OperationContext, &deferred, i,
				true, (true|false),
				func\(ctx context\.Context\) graphql\.Marshaler \{
					return ec\.(\w+)\(ctx, field, obj\)
				\}\)
`)
	dispatch = regexp.MustCompile(`(?s)\tout\.Dispatch\(ctx\)\n(.*?)\n\tif n := len\(deferred\.Defers\).*?\n\t\}\n`)
	slice    = regexp.MustCompile(`graphql\.MarshalSliceConcurrently\(ctx, len\(v\), 0, false, func\(ctx context\.Context, i int\) graphql\.Marshaler \{\n\t+fc := graphql\.GetFieldContext\(ctx\)\n\t+fc\.Result = &v\[i\]\n`)
	// The text of an answer.
	answer = regexp.MustCompile(`(?s)var buf bytes\.Buffer\n\t+data\.MarshalGQL\(&buf\)(.*?)buf\.Bytes\(\)`)
)

// writers are the calls of an object's methods that write a scalar, by the end
// of the name of what gqlgen would make a value of it with.
var writers = []struct {
	marshal *regexp.Regexp
	call    string
}{
	{regexp.MustCompile(`2string$`), "text(i, %s)"},
	{regexp.MustCompile(`2githubᚗ[^ᚖᚕ]+ᚋgraphᚐ\w+$`), "text(i, string(%s))"},
	{regexp.MustCompile(`2ᚖstring$`), "textOrNull(i, %s)"},
	{regexp.MustCompile(`2int64$`), "number(i, %s)"},
	{regexp.MustCompile(`2ᚖint64$`), "numberOrNull(i, %s)"},
	{regexp.MustCompile(`2bool$`), "boolean(i, %s)"},
	{regexp.MustCompile(`2ᚖbool$`), "booleanOrNull(i, %s)"},
	{regexp.MustCompile(`2timeᚐTime$`), "time(i, %s)"},
	{regexp.MustCompile(`2ᚖtimeᚐTime$`), "timeOrNull(i, %s)"},
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "plainfields:", err)
		os.Exit(1)
	}
}

func run() error {
	files, err := filepath.Glob("*.generated.go")
	if err != nil {
		return err
	}
	var did changes
	for _, file := range files {
		if slices.Contains(skipped, file) {
			continue
		}
		src, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if src, err = format.Source(did.to(src)); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if err := os.WriteFile(file, src, 0o644); err != nil {
			return err
		}
	}
	// A kind of change that was never made means that gqlgen has changed.
	if did.written < 100 || did.plain < 50 || did.inTurn < 20 || did.resolved < 20 || did.lists < 10 || did.objects < 50 || did.answers != 2 {
		return fmt.Errorf("only %+v were changed: gqlgen generates something else now", did)
	}
	return nil
}

// changes counts what was changed.
type changes struct{ written, plain, inTurn, resolved, lists, objects, answers int }

func (n *changes) to(src []byte) []byte {
	scalars, objects := named(scalar, src), named(nested, src)
	// How each field is read: by a statement, or by an expression.
	statements, reads := map[string]string{}, map[string]string{}
	src = resolver.ReplaceAllFunc(src, func(text []byte) []byte {
		m := resolver.FindSubmatch(text)
		name, of, value, marshal, nonNull := string(m[1]), m[2], m[4], m[5], m[6]
		ofScalars, ofObjects := scalars[string(m[3])], objects[string(m[3])]
		if get := failing.FindSubmatch(value); get != nil {
			in := ofScalars + ofObjects
			reads[name] = fmt.Sprintf("resolve(ctx, ec, %q, field, obj, (*%s).%s, (*executionContext).%s, %s)", in, of, get[1], marshal, nonNull)
			n.resolved++
			return nil
		}
		get := plain.FindSubmatch(value)
		switch {
		case get == nil:
			return text
		case ofScalars != "":
			for _, w := range writers {
				if w.marshal.Match(marshal) {
					statements[name] = fmt.Sprintf("out."+w.call+"\n", get[1])
					n.written++
					return nil
				}
			}
			reads[name] = fmt.Sprintf("ec.%s(ctx, nil, %s)", marshal, get[1])
		case ofObjects != "":
			// What is below it can fail, and its errors say where.
			reads[name] = fmt.Sprintf("ec.%s(below(ctx, %q, field), field.Selections, %s)", marshal, ofObjects, get[1])
		default:
			return text
		}
		n.plain++
		return nil
	})
	src = object.ReplaceAllFunc(src, func(text []byte) []byte {
		if !bytes.Contains(text, []byte("graphql.NewFieldSet(fields)")) {
			return text
		}
		n.objects++
		text = bytes.Replace(text, []byte("graphql.NewFieldSet(fields)\n\tdeferred := graphql.NewDeferredGroup(ctx)\n"), []byte("newObject(fields)\n"), 1)
		text = dispatch.ReplaceAll(text, []byte("$1"))
		text = typename.ReplaceAll(text, []byte("out.text(i, $1)"))
		text = called.ReplaceAllFunc(text, func(text []byte) []byte {
			m := called.FindSubmatch(text)
			if do, ok := statements[string(m[1])]; ok {
				return []byte(do)
			}
			return field(reads, string(m[1]), string(m[2]))
		})
		return concurrent.ReplaceAllFunc(text, func(text []byte) []byte {
			n.inTurn++
			m := concurrent.FindSubmatch(text)
			invalid := "graphql.RequiredNull"
			if string(m[1]) == "true" {
				invalid = "graphql.Null"
			}
			return field(reads, string(m[2]), invalid)
		})
	})
	src = slice.ReplaceAllFunc(src, func([]byte) []byte {
		n.lists++
		return []byte("marshalList(ctx, len(v), func(ctx context.Context, i int) graphql.Marshaler {\n")
	})
	src = answer.ReplaceAllFunc(src, func(text []byte) []byte {
		n.answers++
		return append(bytes.TrimSpace(answer.FindSubmatch(text)[1]), "marshaled(data)"...)
	})
	for _, name := range []string{"bytes", "math", "sync/atomic", "time"} {
		if !bytes.Contains(src, []byte(filepath.Base(name)+".")) {
			src = bytes.Replace(src, fmt.Appendf(nil, "\t%q\n", name), nil, 1)
		}
	}
	return src
}

// field puts a field into its object as what invalid says of it: the value that
// makes the object null.
func field(reads map[string]string, name, invalid string) []byte {
	read, ok := reads[name]
	if !ok {
		read = "ec." + name + "(ctx, field, obj)"
	}
	put := "optional"
	if invalid == "graphql.Null" {
		put = "required"
	}
	return fmt.Appendf(nil, "out.%s(i, %s)\n", put, read)
}

// named gives the second group of every match by the first.
func named(re *regexp.Regexp, src []byte) map[string]string {
	found := map[string]string{}
	for _, m := range re.FindAllSubmatch(src, -1) {
		found[string(m[1])] = string(m[2])
	}
	return found
}
