// Plainfields changes what gqlgen generated so that answering costs what the
// fields need, not what any field might.
//
// gqlgen resolves every field through the same machinery: a context of its own,
// two closures, middleware that we do not have, a recovery from panics; every
// element of a list in a goroutine; and every object with a group for @defer.
// For a page of versions, of which each has some twenty fields that are simply
// there, that was nine tenths of the time (BenchmarkPage). This program
//
//   - reads fields that cannot fail where they are wanted;
//   - resolves fields that can fail one after the other: what they load is
//     loaded for the whole page at once, so that there is nothing to wait for
//     at the same time;
//   - walks lists in turn, each element still with its own recovery and place in
//     the paths of errors (marshalList);
//   - makes groups for @defer where something is deferred (deferredGroup);
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
	// A field that is read from its object, without arguments and errors.
	resolver = regexp.MustCompile(`(?s)func \(ec \*executionContext\) (\w+)\(ctx context\.Context, field graphql\.CollectedField, obj \*\w+\) \(ret graphql\.Marshaler\) \{
	return graphql\.ResolveField\(
		ctx,
		ec\.OperationContext,
		field,
		func\(ctx context\.Context, field graphql\.CollectedField\) \(\*graphql\.FieldContext, error\) \{
			return ec\.(\w+)\(ctx, field\)
		\},
		func\(ctx context\.Context\) \(any, error\) \{
			return (obj\.\w+(?:\(\))?), nil
		\},
		nil,
		func\(ctx context\.Context, selections ast\.SelectionSet, v [^\n]*\) graphql\.Marshaler \{
			return ec\.([^\n(]+)\(ctx, selections, v\)
		\},
		true,
		(?:true|false),
	\)
\}
`)
	scalar = regexp.MustCompile(`func \(ec \*executionContext\) (\w+)\([^\n]*\) \(fc \*graphql\.FieldContext, err error\) \{\n\treturn graphql\.NewScalarFieldContext\("(\w+)"`)
	nested = regexp.MustCompile(`func \(ec \*executionContext\) (\w+)\([^\n]*\) \(fc \*graphql\.FieldContext, err error\) \{\n\tfc = &graphql\.FieldContext\{\n\t\tObject: +"(\w+)"`)
	call   = regexp.MustCompile(`= ec\.(\w+)\(ctx, field, obj\)`)
	// A field that can fail.
	concurrent = regexp.MustCompile(`(?s)\t\t\tout\.ResolveConcurrently\(ec\.OperationContext, &deferred, i,
				true, (true|false),
				func\(ctx context\.Context\) graphql\.Marshaler \{
					return (ec\.\w+\(ctx, field, obj\))
				\}\)
`)
	slice = regexp.MustCompile(`graphql\.MarshalSliceConcurrently\(ctx, len\(v\), 0, false, func\(ctx context\.Context, i int\) graphql\.Marshaler \{\n\t+fc := graphql\.GetFieldContext\(ctx\)\n\t+fc\.Result = &v\[i\]\n`)
	group = regexp.MustCompile(`deferred := graphql\.NewDeferredGroup\(ctx\)`)
	out   = regexp.MustCompile(`(?m)^\treturn out$`)
	// The text of an answer.
	answer = regexp.MustCompile(`(?s)var buf bytes\.Buffer\n\t+data\.MarshalGQL\(&buf\)(.*?)buf\.Bytes\(\)`)
)

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
	if did.plain < 100 || did.inTurn < 20 || did.lists < 10 || did.objects < 50 || did.answers != 2 {
		return fmt.Errorf("only %+v were changed: gqlgen generates something else now", did)
	}
	return nil
}

// changes counts what was changed.
type changes struct{ plain, inTurn, lists, objects, answers int }

func (n *changes) to(src []byte) []byte {
	scalars, objects := named(scalar, src), named(nested, src)
	// How each plain field is read.
	reads := map[string]string{}
	src = resolver.ReplaceAllFunc(src, func(text []byte) []byte {
		m := resolver.FindSubmatch(text)
		name, about, value, marshal := m[1], m[2], m[3], m[4]
		switch {
		case scalars[string(about)] != "":
			reads[string(name)] = fmt.Sprintf("= ec.%s(ctx, nil, %s)", marshal, value)
		case objects[string(about)] != "":
			// What is below it can fail, and its errors say where.
			reads[string(name)] = fmt.Sprintf("= ec.%s(below(ctx, %q, field), field.Selections, %s)", marshal, objects[string(about)], value)
		default:
			return text
		}
		n.plain++
		return nil
	})
	src = call.ReplaceAllFunc(src, func(text []byte) []byte {
		if read, ok := reads[string(call.FindSubmatch(text)[1])]; ok {
			return []byte(read)
		}
		return text
	})
	src = concurrent.ReplaceAllFunc(src, func(text []byte) []byte {
		n.inTurn++
		m := concurrent.FindSubmatch(text)
		invalid := "graphql.RequiredNull"
		if string(m[1]) == "true" {
			invalid = "graphql.Null"
		}
		return fmt.Appendf(nil, "\t\t\tif field.IsDeferred() {\n%s\t\t\t} else if out.Values[i] = %s; out.Values[i] == %s {\n\t\t\t\tatomic.AddUint32(&out.Invalids, 1)\n\t\t\t}\n", text, m[2], invalid)
	})
	src = slice.ReplaceAllFunc(src, func([]byte) []byte {
		n.lists++
		return []byte("marshalList(ctx, len(v), func(ctx context.Context, i int) graphql.Marshaler {\n")
	})
	src = group.ReplaceAll(src, []byte("deferred := deferredGroup(ctx, fields)"))
	if !bytes.Contains(src, []byte("time.")) {
		src = bytes.Replace(src, []byte("\t\"time\"\n"), nil, 1)
	}
	src = answer.ReplaceAllFunc(src, func(text []byte) []byte {
		n.answers++
		return append(bytes.TrimSpace(answer.FindSubmatch(text)[1]), "marshaled(data)"...)
	})
	if !bytes.Contains(src, []byte("bytes.")) {
		src = bytes.Replace(src, []byte("\t\"bytes\"\n"), nil, 1)
	}
	n.objects += len(out.FindAll(src, -1))
	return out.ReplaceAll(src, []byte("\treturn &resolved{fields, out.Values}"))
}

// named gives the second group of every match by the first.
func named(re *regexp.Regexp, src []byte) map[string]string {
	found := map[string]string{}
	for _, m := range re.FindAllSubmatch(src, -1) {
		found[string(m[1])] = string(m[2])
	}
	return found
}
