package main

import (
	"slices"
	"strings"
	"time"

	"github.com/rivo/uniseg"
)

// A column of a table.
type column struct {
	title string
	right bool  // numbers
	style style // of its cells
	// elastic columns are cut where the table is too wide for the terminal.
	elastic bool
}

// A cell has one text for people and one for scripts.
type cell struct {
	shown, exact string
	style        style // rather than that of its column
}

// word is a cell that is the same for both.
func word(text string) cell { return cell{shown: text, exact: text} }

// styled is a word with a style of its own.
func styled(s style, text string) cell { return cell{text, text, s} }

// bytesCell is a size.
func bytesCell(n int64) cell {
	if n < 0 {
		return cell{shown: "?"}
	}
	return cell{shown: size(n), exact: number(n)}
}

// timeCell is a moment: how long ago it was, as far as that tells anything.
func timeCell(t, now time.Time) cell {
	if t.IsZero() {
		return cell{}
	}
	return cell{shown: ago(t, now), exact: t.UTC().Format(time.RFC3339)}
}

// ago says when something was.
func ago(t, now time.Time) string {
	switch d := now.Sub(t); {
	case d < 0:
		return t.Local().Format("2006-01-02 15:04")
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return count(int(d/time.Minute), "minute") + " ago"
	case d < 24*time.Hour:
		return count(int(d/time.Hour), "hour") + " ago"
	case d < 30*24*time.Hour:
		return count(int(d/(24*time.Hour)), "day") + " ago"
	default:
		return t.Local().Format("2006-01-02")
	}
}

// printTable prints rows: on a terminal in aligned columns under a heading, in
// a pipe as lines of fields between tabs.
func (t terminal) printTable(columns []column, rows [][]cell) {
	if !t.OutIsTerminal {
		for _, row := range rows {
			fields := make([]string, len(row))
			for i, c := range row {
				fields[i] = clean(c.exact)
			}
			t.printf("%s\n", strings.Join(fields, "\t"))
		}
		return
	}
	if len(rows) == 0 {
		return
	}
	columns, rows = withoutEmpty(columns, rows)
	texts := make([][]string, len(rows)+1)
	titled := false
	for i, c := range columns {
		titled = titled || c.title != ""
		texts[0] = append(texts[0], c.title)
		for j, row := range rows {
			texts[j+1] = append(texts[j+1], clean(row[i].shown))
		}
	}
	widths := fit(columns, texts, t.columns())
	for i, row := range texts {
		if i == 0 && !titled {
			continue
		}
		var line strings.Builder
		for j, text := range row {
			text = cut(text, widths[j])
			pad := strings.Repeat(" ", widths[j]-uniseg.StringWidth(text))
			s := columns[j].style
			if i == 0 {
				s = faint
			} else if own := rows[i-1][j].style; own != plain {
				s = own
			}
			text = t.paint(s, text)
			switch {
			case columns[j].right:
				text = pad + text
			case j < len(row)-1:
				text += pad
			}
			if j > 0 {
				line.WriteString("  ")
			}
			line.WriteString(text)
		}
		t.printf("%s\n", strings.TrimRight(line.String(), " "))
	}
}

// withoutEmpty leaves out columns in which nothing stands.
func withoutEmpty(columns []column, rows [][]cell) ([]column, [][]cell) {
	var kept []column
	left := make([][]cell, len(rows))
	for i, c := range columns {
		if !slices.ContainsFunc(rows, func(row []cell) bool { return row[i].shown != "" }) {
			continue
		}
		kept = append(kept, c)
		for j, row := range rows {
			left[j] = append(left[j], row[i])
		}
	}
	return kept, left
}

// narrowest is what is left of an elastic column at least.
const narrowest = 8

// fit gives each column its width, and takes from elastic ones what the
// terminal does not have: from the last first, which say the least.
func fit(columns []column, texts [][]string, available int) []int {
	widths := make([]int, len(columns))
	total := 2 * (len(columns) - 1)
	for i := range columns {
		for _, row := range texts {
			widths[i] = max(widths[i], uniseg.StringWidth(row[i]))
		}
		total += widths[i]
	}
	for i := len(columns) - 1; i >= 0 && total > available; i-- {
		// A heading stays whole.
		least := max(narrowest, uniseg.StringWidth(columns[i].title))
		if columns[i].elastic && widths[i] > least {
			less := min(total-available, widths[i]-least)
			widths[i] -= less
			total -= less
		}
	}
	return widths
}

// cut shortens text to a width, and shows that it did.
func cut(text string, width int) string {
	if uniseg.StringWidth(text) <= width {
		return text
	}
	var b strings.Builder
	left := width - 1
	for g := uniseg.NewGraphemes(text); g.Next() && g.Width() <= left; left -= g.Width() {
		b.WriteString(g.Str())
	}
	return b.String() + "…"
}
