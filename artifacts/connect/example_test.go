package connect_test

import (
	"context"
	"fmt"
	"log"

	"github.com/reliquary/reliquary/artifacts/connect"
)

// It is compiled and not run: it would look at the artifacts of whoever runs
// the tests.
func Example() {
	ctx := context.Background()
	settings, err := connect.ReadSettings(connect.Process())
	if err != nil {
		log.Fatal(err)
	}
	conn, err := connect.Open(ctx, settings, connect.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	fmt.Println("on", conn.Description)

	for version, err := range conn.Client.Artifacts("local", "quickstart", "model", "classifier", nil).All(ctx) {
		if err != nil {
			log.Print(err)
			return
		}
		fmt.Println(version.Name(), version.Aliases, version.Size)
	}
}
