package main

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// commandsTable has one row for each command, from the help that the program
// itself prints, in its groups.
func commandsTable(root string) ([]byte, error) {
	c := exec.Command("go", "run", "./cmd/reliquary", "--help")
	c.Dir = filepath.Clean(root)
	help, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("asking the program for its help: %w", err)
	}
	return readHelp(string(help))
}

var (
	helpGroup   = regexp.MustCompile(`^(\w[^:]*):$`)
	helpCommand = regexp.MustCompile(`^  ([\w-]+) +(\S.*)$`)
)

// readHelp makes the table of a program's help.
func readHelp(help string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("| | command | what it does |\n|---|---|---|\n")
	group, shown, rows := "", "", 0
	for line := range strings.Lines(help) {
		line = strings.TrimRight(line, "\n")
		if m := helpGroup.FindStringSubmatch(line); m != nil {
			group, shown = m[1], m[1]
			continue
		}
		m := helpCommand.FindStringSubmatch(line)
		if m == nil || group == "Usage" || group == "Flags" || group == "Additional help topics" {
			continue
		}
		rows++
		fmt.Fprintf(&b, "| %s | `%s` | %s |\n", shown, m[1], m[2])
		shown = "" // named once, at its first command
	}
	if rows == 0 {
		return nil, errors.New("the help names no commands")
	}
	return b.Bytes(), nil
}
