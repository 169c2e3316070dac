package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/reliquary/reliquary/tools"
)

func TestReadToolsets(t *testing.T) {
	for _, tt := range []struct {
		names []string
		want  []tools.Toolset
	}{
		{[]string{"artifacts"}, []tools.Toolset{tools.ToolsetArtifacts}},
		{[]string{"versions", " registries"}, []tools.Toolset{tools.ToolsetVersions, tools.ToolsetRegistries}},
		{[]string{"artifacts", "all"}, tools.Toolsets()},
	} {
		if got, err := readToolsets(tt.names); err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%v: %v, %v", tt.names, got, err)
		}
	}
	for _, names := range [][]string{nil, {"version"}, {"artifacts", ""}} {
		if got, err := readToolsets(names); err == nil || !strings.Contains(err.Error(), "artifacts, versions, files, registries, history") {
			t.Errorf("%v: %v, %v", names, got, err)
		}
	}
}
