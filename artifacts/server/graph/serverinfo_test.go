package graph

import (
	"context"
	"testing"
)

// The wandb package saves tables and images the new way only if the server
// names a release that is new enough.
func TestServerInfo_KnowsClients(t *testing.T) {
	info, err := query{}.ServerInfo(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if got := info.CliVersionInfo["max_cli_version"]; got != maxClient {
		t.Errorf("max_cli_version is %v, want %v", got, maxClient)
	}
}

func TestNoRegion(t *testing.T) {
	for region, refused := range map[string]bool{"": false, "default": false, "minio-local": false, "coreweave-us": true} {
		if err := noRegion(region); (err != nil) != refused {
			t.Errorf("region %q: %v", region, err)
		}
	}
}
