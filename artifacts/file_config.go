package artifacts

import (
	"net/http"
	"time"
)

// FileConfig says how the bytes of versions are moved and where they are kept.
// The zero value is good; it keeps no cache.
type FileConfig struct {
	// CacheDir is the artifact cache of the wandb package, whose layout it has:
	// the folder "artifacts" in what WANDB_CACHE_DIR names. Files that either
	// downloaded are there for both. "" keeps none.
	CacheDir string
	// Origin tells the server apart from others of which the cache keeps manifests
	// and names. "" means Config.BaseURL, which is enough where no two servers
	// have the same.
	Origin string
	// Workers is how many files are moved at once. 0 means 16.
	Workers int
	// Streams is how many connections a large file is downloaded over. 0 means 4.
	Streams int
	// Stall is how long a transfer may bring no byte before it is tried again.
	// 0 means 60 s.
	Stall time.Duration
	// References carries requests for http and https references, which lead to
	// other hosts than the server; no credentials go with them. nil means a
	// plain HTTP transport without proxy.
	References http.RoundTripper
}

const (
	defaultWorkers = 16
	defaultStreams = 4
	defaultStall   = 60 * time.Second
)

// files is what a Client knows about moving bytes.
type files struct {
	FileConfig
	cache *fileCache      // nil if there is none
	own   *http.Transport // for references, if the caller gave none

	buffers     *copyBuffers
	partBuffers *copyBuffers // of those who fetch and hash parts of large files

	// From which size files are sent in parts, and in which: the protocol's,
	// but for tests that have no hours.
	multipartFrom, multipartPart int64
}

func newFiles(cfg FileConfig, baseURL string) files {
	f := files{FileConfig: cfg, buffers: newCopyBuffers(copyBuffer), partBuffers: newCopyBuffers(partBuffer), multipartFrom: multipartFrom, multipartPart: multipartPart}
	f.Origin = orDefault(cfg.Origin, baseURL)
	f.Workers = orDefault(cfg.Workers, defaultWorkers)
	f.Streams = orDefault(cfg.Streams, defaultStreams)
	f.Stall = orDefault(cfg.Stall, defaultStall)
	if cfg.CacheDir != "" {
		f.cache = newFileCache(cfg.CacheDir)
	}
	if f.References == nil {
		f.own = &http.Transport{
			ForceAttemptHTTP2:   true,
			MaxIdleConnsPerHost: f.Workers,
			IdleConnTimeout:     90 * time.Second,
			TLSHandshakeTimeout: 10 * time.Second,
		}
		f.References = f.own
	}
	return f
}

// workers is how many files one call moves at once.
func (f *files) workers(asked int) int { return orDefault(asked, f.Workers) }

func (f *files) close() {
	if f.own != nil {
		f.own.CloseIdleConnections()
	}
}
