package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reliquary/reliquary/artifacts"
)

func newCatCommand(s *shell) *cobra.Command {
	var byteRange string
	c := &cobra.Command{
		Use:   "cat VERSION FILE",
		Short: "Write a file of a version to standard output",
		Long: "Cat writes one file of a version, or some bytes of it, to standard output. Nothing else is fetched. A\n" +
			"whole file is checked: if its bytes are not those that were logged, cat fails at its end. Some bytes of\n" +
			"one cannot be checked.",
		Example: "  reliquary cat team/vision/flowers:v3 labels/train.csv | head\n" +
			"  reliquary cat team/vision/detector:latest model.bin --range 0-1023 | xxd",
		Args: wantArguments(cobra.ExactArgs(2)),
		RunE: func(c *cobra.Command, args []string) error {
			r, err := readRange(byteRange)
			if err != nil {
				return usagef(c, "%w", err)
			}
			return s.withClient(c.Context(), func(ctx context.Context, client *artifacts.Client) error {
				return cat(ctx, s, client, args[0], args[1], r)
			})
		},
	}
	c.Flags().StringVar(&byteRange, "range", "", "`bytes` to write, as in HTTP: 0-99 the first hundred, 100- what follows, -100 the last")
	return c
}

func cat(ctx context.Context, s *shell, client *artifacts.Client, name, file string, r *span) error {
	a, err := findVersion(ctx, client, name)
	if errors.Is(err, artifacts.ErrUnavailable) {
		a, err = s.findKept(ctx, client, name, err)
	}
	if err != nil {
		return err
	}
	m, err := a.Manifest(ctx)
	if err != nil {
		return err
	}
	if _, ok := m.Entry(file); !ok {
		return missingFile(a, m, file)
	}
	f, err := a.OpenFile(ctx, file)
	if err != nil {
		return err
	}
	defer f.Close()
	var from io.Reader = f
	if r != nil {
		if from, err = r.of(f, file); err != nil {
			return err
		}
	}
	_, err = io.Copy(s.Out, from)
	return err
}

// A span is a range of bytes: last is -1 where it goes to the end, first is -1
// where it is the last bytes that are meant, and last how many.
type span struct{ first, last int64 }

// readRange reads "0-99", "100-" or "-100"; nil is the whole.
func readRange(text string) (*span, error) {
	if text == "" {
		return nil, nil
	}
	bad := fmt.Errorf("--range %s is no range of bytes; write 0-99, 100- or -100", text)
	first, last, ok := strings.Cut(text, "-")
	if !ok || first == "" && last == "" {
		return nil, bad
	}
	r := span{-1, -1}
	for _, part := range []struct {
		text string
		to   *int64
	}{{first, &r.first}, {last, &r.last}} {
		if part.text == "" {
			continue
		}
		n, err := strconv.ParseUint(part.text, 10, 63)
		if err != nil {
			return nil, bad
		}
		*part.to = int64(n)
	}
	if r.first >= 0 && r.last >= 0 && r.last < r.first {
		return nil, bad
	}
	return &r, nil
}

// of is that part of a file.
func (r span) of(f *artifacts.RemoteFile, name string) (io.Reader, error) {
	first, length := r.first, int64(math.MaxInt64)
	switch {
	case first < 0 && f.Size() < 0:
		return nil, &artifacts.Error{Kind: artifacts.KindInvalid, Op: "read the last bytes", Path: name, Message: "nobody knows how long it is", Next: "read it whole, into tail -c"}
	case first < 0:
		first = max(0, f.Size()-r.last)
	case r.last >= 0:
		length = r.last - first + 1
	}
	if f.Size() >= 0 {
		if first > f.Size() || first == f.Size() && first > 0 && r.first >= 0 {
			return nil, &artifacts.Error{
				Kind: artifacts.KindInvalid, Op: "read a range", Path: name,
				Message: fmt.Sprintf("it begins at byte %d, and the file has %s", first, count(int(f.Size()), "byte")), Next: "begin before its end",
			}
		}
		length = min(length, f.Size()-first)
	}
	if f.Size() < 0 {
		length = min(length, math.MaxInt64-first)
	}
	return io.NewSectionReader(f, first, length), nil
}
