package tools

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools/internal/peek"
)

// ContentDifference is what changed inside a table, or a file of tensors.
type ContentDifference struct {
	Path string `json:"path"`
	// Absent: too long to be counted.
	RowsFrom       *int64   `json:"rows_from,omitempty"`
	RowsTo         *int64   `json:"rows_to,omitempty"`
	ColumnsAdded   []string `json:"columns_added,omitempty"`
	ColumnsRemoved []string `json:"columns_removed,omitempty"`
	// Those with another type.
	ColumnsChanged []string `json:"columns_changed,omitempty"`
	TensorsAdded   []string `json:"tensors_added,omitempty"`
	TensorsRemoved []string `json:"tensors_removed,omitempty"`
	// Those with another type or shape.
	TensorsChanged []string `json:"tensors_changed,omitempty"`
	// Why nothing can be said of it.
	Failed string `json:"failed,omitempty"`
}

// Bounds of looking into files that differ.
const (
	mostLookedInto  = 8
	mostNamesOfFile = 30
)

// compareContents looks into the first changed files of a page that are tables
// or hold tensors, reading what of them says what they hold. more says that
// there are others.
func compareContents(ctx context.Context, from, to *artifacts.Artifact, differences []FileDifference) (out []ContentDifference, more bool, err error) {
	var paths []string
	for _, d := range differences {
		format := peek.Format(d.Path)
		if d.Change != "changed" || d.ReferenceFrom != "" || d.ReferenceTo != "" || !peek.IsTable(format) && format != "safetensors" {
			continue
		}
		if len(paths) == mostLookedInto {
			more = true
			break
		}
		paths = append(paths, d.Path)
	}
	out = make([]ContentDifference, len(paths))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(4)
	for i, path := range paths {
		g.Go(func() (err error) {
			out[i], err = compareContent(ctx, from, to, path)
			return err
		})
	}
	return out, more, g.Wait()
}

func compareContent(ctx context.Context, from, to *artifacts.Artifact, path string) (ContentDifference, error) {
	d := ContentDifference{Path: path}
	before, err := lookInto(ctx, from, path)
	if err == nil {
		var after contents
		if after, err = lookInto(ctx, to, path); err == nil {
			d.compare(before, after)
			return d, nil
		}
	}
	if errors.Is(err, peek.ErrFormat) || errors.Is(err, peek.ErrTooMuch) || errors.Is(err, peek.ErrLeftOut) {
		d.Failed = clip(err.Error(), clippedInLists)
		return d, nil
	}
	return d, err
}

// contents are the parts of a file, by name, with what says that they changed.
type contents struct {
	rows             int64 // -1: none, or not counted
	columns, tensors []part
}

type part struct{ name, kind string }

func lookInto(ctx context.Context, a *artifacts.Artifact, path string) (contents, error) {
	f, err := a.OpenFileWith(ctx, path, opening(ctx))
	if err != nil {
		return contents{}, err
	}
	defer f.Close()
	c := contents{rows: -1}
	if format := peek.Format(path); format != "safetensors" {
		t, err := peek.ReadTable(format, f, f.Size(), peek.Options{MaxBytes: previewRead, MaxCell: previewCell})
		c.rows = t.Rows
		for _, column := range t.Columns {
			c.columns = append(c.columns, part{column.Name, column.Type})
		}
		return c, err
	}
	all, err := peek.ReadTensors(f, f.Size())
	for _, t := range all {
		c.tensors = append(c.tensors, part{t.Name, t.String()})
	}
	return c, err
}

func (d *ContentDifference) compare(from, to contents) {
	if from.rows >= 0 {
		d.RowsFrom = &from.rows
	}
	if to.rows >= 0 {
		d.RowsTo = &to.rows
	}
	d.ColumnsAdded, d.ColumnsRemoved, d.ColumnsChanged = compareParts(from.columns, to.columns)
	d.TensorsAdded, d.TensorsRemoved, d.TensorsChanged = compareParts(from.tensors, to.tensors)
}

// compareParts names what differs, the first of many.
func compareParts(from, to []part) (added, removed, changed []string) {
	was, is := map[string]string{}, map[string]string{}
	for _, p := range from {
		was[p.name] = p.kind
	}
	for _, p := range to {
		is[p.name] = p.kind
		if kind, ok := was[p.name]; !ok {
			added = append(added, p.name)
		} else if kind != p.kind {
			changed = append(changed, p.name)
		}
	}
	for _, p := range from {
		if _, ok := is[p.name]; !ok {
			removed = append(removed, p.name)
		}
	}
	for _, names := range []*[]string{&added, &removed, &changed} {
		if more := len(*names) - mostNamesOfFile; more > 0 {
			*names = append(slices.Clone((*names)[:mostNamesOfFile]), fmt.Sprintf("and %d more", more))
		}
	}
	return added, removed, changed
}
