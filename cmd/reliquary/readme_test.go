package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestREADME_Example types what the README shows at a terminal, and compares
// what is shown. Where it looks is told before, and not in the README.
func TestREADME_Example(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "**From the command line.**")
	_, block, _ := strings.Cut(section, "```console\n")
	block, _, ok := strings.Cut(block, "```")
	if !ok {
		t.Fatal("the README has no console under From the command line")
	}
	d := newDesk(t)
	place := regexp.MustCompile(`(?m)^on (a new|the) registry in .*\n`)
	steps := strings.Split(strings.TrimPrefix(block, "$ "), "\n$ ")
	if len(steps) < 10 {
		t.Fatalf("the README has %d commands", len(steps))
	}
	for _, step := range steps {
		command, want, _ := strings.Cut(strings.TrimSuffix(step, "\n"), "\n")
		s := d.at("bash", "--norc", "-c", command)
		if code := s.ends(); code != 0 {
			t.Errorf("$ %s\nended with %d", command, code)
		}
		// A slow computer takes its time to create.
		got := regexp.MustCompile(`\d+ (second|minute)s? ago`).ReplaceAllString(place.ReplaceAllString(s.plain(), ""), "just now")
		if got = strings.TrimSuffix(got, "\n"); got != want {
			t.Errorf("$ %s\nshows\n%s\nand the README says\n%s", command, got, want)
		}
	}
}
