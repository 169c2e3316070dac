package main

import "testing"

func TestReadHelp(t *testing.T) {
	const help = `A program.

Usage:
  thing [command]

Fruit:
  apple       Peel an apple
  pear-tree   Plant one

Other:
  help        Help about any command

Flags:
      --dir directory   where
  -h, --help            help

Additional help topics:
  thing paths  How
`
	const want = "| | command | what it does |\n|---|---|---|\n" +
		"| Fruit | `apple` | Peel an apple |\n|  | `pear-tree` | Plant one |\n| Other | `help` | Help about any command |\n"
	got, err := readHelp(help)
	if err != nil || string(got) != want {
		t.Errorf("%v\n%s", err, got)
	}
	if _, err := readHelp("thing: not found\n"); err == nil {
		t.Error("no help makes a table")
	}
}
