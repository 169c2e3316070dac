// Package artifacts reads and changes W&B artifacts: artifact types,
// collections (sequences and portfolios), versions, their files, and what runs
// logged and used. Its classes are the documented ones of the wandb Python
// package, in Go.
//
// It speaks W&B's GraphQL over HTTP and nothing else. A W&B server and the
// embedded registry differ only in Config.BaseURL and Config.Transport. It
// reads no environment variables and no files; package artifacts/connect does
// that and calls New.
//
// # Lists
//
// Every plural class is a Pager: range over All, take one Page, ask for Len, or
// index with At. Making one costs nothing; the server is asked when it is used.
//
//	for v, err := range client.Artifacts("team", "vision", "model", "detector", nil).All(ctx) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(v.QualifiedName(), v.Size)
//	}
//
// # Files
//
// A Draft becomes a version by LogArtifact. Download puts a version's files
// into a folder and checks their digests, OpenFile reads one without that, and
// Verify compares a folder with a version. With FileConfig.CacheDir, which has
// the wandb package's layout, what was fetched once is not fetched again.
//
//	d, err := artifacts.NewArtifact("dataset", "pets")
//	...
//	err = d.AddDir("pets", "", nil)
//	...
//	v, err := client.LogArtifact(ctx, d, nil)
//	...
//	_, err = v.Download(ctx, &artifacts.DownloadOptions{Root: "copy"})
//
// # Errors
//
// Every error is an *Error whose Kind says what went wrong. Test for a kind
// with errors.Is:
//
//	if errors.Is(err, artifacts.ErrNotFound) { ... }
package artifacts
