package connect

import (
	"fmt"
	"strings"
)

// netrcDefault is the name under which parseNetrc keeps the entry that stands
// for every machine without one. No machine can be called this.
const netrcDefault = "\x00default"

// A netrcEntry is what netrc says of one machine.
type netrcEntry struct {
	login, password string
}

// parseNetrc reads a netrc file as Python's netrc module does, quoted tokens,
// comments and macros included. Of two entries for a machine the last counts.
func parseNetrc(text string) (map[string]netrcEntry, error) {
	entries := make(map[string]netrcEntry)
	in := &netrcTokens{rest: text, line: 1}
	for {
		line := in.line
		token, ok := in.next()
		if !ok {
			return entries, nil
		}
		switch {
		case strings.HasPrefix(token, "#"):
			in.skipLine(line)
		case token == "machine":
			name, ok := in.next()
			if !ok {
				return nil, fmt.Errorf("line %d: machine without a name", in.line)
			}
			entry, err := in.entry()
			if err != nil {
				return nil, err
			}
			entries[name] = entry
		case token == "default":
			entry, err := in.entry()
			if err != nil {
				return nil, err
			}
			entries[netrcDefault] = entry
		case token == "macdef":
			if !in.skipMacro() {
				return nil, fmt.Errorf("line %d: a macro without the empty line that ends it", in.line)
			}
		default:
			// The token may be a secret out of its place: it is not repeated.
			return nil, fmt.Errorf("line %d: expected machine, default or macdef", in.line)
		}
	}
}

// netrcTokens cuts a netrc file into words.
type netrcTokens struct {
	rest string
	line int // of what rest begins with
}

// entry reads what follows `machine NAME` up to the next top-level word.
func (in *netrcTokens) entry() (netrcEntry, error) {
	var e netrcEntry
	for {
		before := *in
		token, ok := in.next()
		switch {
		case !ok:
			return e, nil
		case strings.HasPrefix(token, "#"):
			in.skipLine(before.line)
		case token == "machine" || token == "default" || token == "macdef":
			*in = before
			return e, nil
		case token == "login" || token == "user":
			e.login, _ = in.next()
		case token == "account":
			_, _ = in.next()
		case token == "password":
			e.password, _ = in.next()
		default:
			return e, fmt.Errorf("line %d: expected login, account or password", in.line)
		}
	}
}

// next reads one word; quotes and backslashes work as in the module.
func (in *netrcTokens) next() (string, bool) {
	c, ok := in.char()
	for ok && strings.IndexByte(" \t\r\n", c) >= 0 {
		c, ok = in.char()
	}
	if !ok {
		return "", false
	}
	quoted := c == '"'
	var word strings.Builder
	if quoted {
		c, ok = in.char()
	}
	for ; ok; c, ok = in.char() {
		if quoted && c == '"' || !quoted && strings.IndexByte(" \t\r\n", c) >= 0 {
			break
		}
		if c == '\\' {
			if c, ok = in.char(); !ok {
				break
			}
		}
		word.WriteByte(c)
	}
	return word.String(), true
}

func (in *netrcTokens) char() (byte, bool) {
	if in.rest == "" {
		return 0, false
	}
	c := in.rest[0]
	in.rest = in.rest[1:]
	if c == '\n' {
		in.line++
	}
	return c, true
}

// skipLine drops the rest of the line that a comment began on, unless reading
// its first word has already gone past the end.
func (in *netrcTokens) skipLine(line int) {
	if in.line != line {
		return
	}
	for {
		if c, ok := in.char(); !ok || c == '\n' {
			return
		}
	}
}

// skipMacro drops a macro, which ends with an empty line.
func (in *netrcTokens) skipMacro() bool {
	if _, ok := in.next(); !ok {
		return false
	}
	_, rest, ok := strings.Cut(in.rest, "\n\n")
	if !ok {
		return false
	}
	in.line += strings.Count(in.rest[:len(in.rest)-len(rest)], "\n")
	in.rest = rest
	return true
}
