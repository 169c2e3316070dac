package main

import "fmt"

// A row is one line of the project's table of goals: a Go benchmark, and what
// it is to show.
type row struct {
	name  string // as in ROW=name
	title string
	// How it is run, as one would by hand.
	folder, benchmark, times string
	// long is the environment of a row that is measured for longer with LONG=1.
	long string
	// profile is what profiles found in the way, and what bounds a row that
	// misses its goal: as Markdown, below its figures.
	profile string
	// goals are what its cases are to reach.
	goals []goal
}

// A goal is a bound on one figure of one case.
type goal struct {
	of      string // the case, or the end of its name; "" for all
	unit    string // of the figure, as the benchmark reports it
	atLeast float64
	atMost  float64
}

func (g goal) String() string {
	if g.atLeast > 0 {
		return fmt.Sprintf("at least %s", metric{Value: g.atLeast, Unit: g.unit})
	}
	return fmt.Sprintf("at most %s", metric{Value: g.atMost, Unit: g.unit})
}

// reached reports whether a figure is within the goal.
func (g goal) reached(value float64) bool {
	if g.atLeast > 0 {
		return value >= g.atLeast
	}
	return value <= g.atMost
}

const faster = "times-faster"

// rows are in the order of the table. The peer is always the newest wandb
// package that tests run, on the same registry in the same run, unless the
// title says otherwise.
var rows = []row{
	{name: "list", title: "List 10,000 versions of a collection: ours over HTTP, ours in process, `wandb.Api()`",
		folder: "./artifacts", benchmark: "^BenchmarkListVersions$", times: "3x",
		profile: "In the way were seven joins of every row; for every field of an answer a value, a closure and a context; cursors that nobody had asked for; and encoding/json, for which a client waits between two pages. The registry answers a page of 1,000 five times as fast as at first, and the client reads it 2.5 times as fast. Pages of 50 are 200 requests, each of which waits for the cursor of the one before: of 1.2 ms, 0.9 are the registry's (half of it SQLite: seven questions of 0.02 ms and 50 rows of 0.006), 0.2 the client's, 0.1 HTTP's. Doing parts of a page at the same time gained nothing: to wake the second processor takes 0.1 ms here. The peer waits for the same registry, so that each millisecond less there is one less for both.",
		goals:   []goal{{unit: faster, atLeast: 10}}},
	// The goal is what github-mcp-server took on a machine with 2 processors.
	{name: "start", title: "From exec to the answer to `tools/list` over stdio: `reliquary mcp`",
		folder: "./tools/mcpserver", benchmark: "^BenchmarkStart$", times: "20x",
		profile: "In the way were an engine of templates that kept every method in the program, operations defined twice, and one garbage collection before the answer. What is left is a third of it parquet-go and the JSON schema checker of mcp-go, which make tables when a program starts.",
		goals:   []goal{{of: "registry", unit: "ms", atMost: 33}, {of: "registry", unit: "MB-resident", atMost: 23}}},
	{name: "small", title: "10,000 files of 10 KiB: log, download with and without the cache, change 1 %",
		folder: "./artifacts", benchmark: "^BenchmarkFiles$/10000_files_of_10KiB", times: "1x",
		profile: "In the way were two waits for the disk and a rename for each file (now one `syncfs` for each batch), package json for each entry of a manifest, and the opening of each file's whole path. What is left of a log is the making and renaming of one file per blob (0.5 s of 10,000), signatures and GraphQL (0.4 s), and MD5 on both sides. Measured on a file system of its own. On the disk that everything else uses, where files had been deleted shortly before, three runs gave 4.5 to 7.0, 7.6 to 26 (past the cache), 5.5 to 20, 4.5 to 28 (from the cache) and 14 to 17 times: making a file takes ext4 many times as long then, for both.",
		goals: []goal{{of: "/put", unit: faster, atLeast: 5}, {of: "/get_uncached", unit: faster, atLeast: 5}, {of: "/get_cold", unit: faster, atLeast: 5},
			{of: "/get_from_cache", unit: faster, atLeast: 10}, {of: "/second_version", unit: faster, atLeast: 10}}},
	{name: "large", title: "One file of 1 GiB: log, download with and without the cache",
		folder: "./artifacts", benchmark: "^BenchmarkFiles$/one_file_of_1GiB", times: "1x",
		profile: "In the way were memory that the machine's host had taken back (up to 2 s of processor time for each GiB written, for whoever came first; both have it ready now), parts of files that were written as the connection brought them, a copy out of the cache behind the download instead of beside it, and a disk that the registry left idle until the last byte had come (0.3 s). What bounds all but the last case is MD5, which cannot be spread over processors: 1.36 s for 1 GiB on this machine, where SHA-256 takes 0.61 s, writing 0.24 s, and copying a file 0.3 s. To log makes it twice, one behind the other (2.7 s): the address to send to is asked for with the MD5, and the registry checks what it gets; the peer takes 5.1 s of processor time for the same, the registry's included, so that twice as fast is out of reach, and the bound, which is one MD5, one SHA-256, one read and one write as parallel as they go, is one MD5 away. A download past the cache takes 2.1 s of processor time and no less than its MD5; the peer checks nothing and takes 1.9 s: at most 1.4 times. With the cache it is 2.4 s, beside the same MD5, and the peer takes 2.4 s: at most 1.8 times. Out of the cache both copy a gigabyte in the kernel, 0.3 s on a file system that cannot share blocks, so that neither can be much faster than the other (`PlaceLink` makes a link instead).",
		goals: []goal{{of: "/put", unit: faster, atLeast: 2}, {of: "/put_bound", unit: "%-of-the-bound", atLeast: 70}, {of: "/get_uncached", unit: faster, atLeast: 2}, {of: "/get_cold", unit: faster, atLeast: 2},
			{of: "/get_from_cache", unit: faster, atLeast: 10}}},
	{name: "cached", title: "300 versions that are in the cache: used and downloaded again",
		folder: "./artifacts", benchmark: "^BenchmarkCached$", times: "1x",
		profile: "In the way were two requests for each version, one after the other, to look its name up and to record its use, which this registry takes as one (`Client.UseArtifactByName`; W&B's schema has no such operation, so that elsewhere they are two, and one for a version's id); eleven questions to the database, of which seven are left; a transaction for each use that was on record already, and records of digests for files that are faster to read. What is left is the registry's answer, the way there and back with the work of the client and of the garbage collector, and the system calls that make a folder and a file: a third each. A run that is to be on record when a call returns waits for each; versions that are asked for together do not, and are bounded by the folders and files. Measured on a file system of its own; on the disk that everything else uses three runs gave 15 to 20 and 16 to 24 times.",
		goals:   []goal{{unit: faster, atLeast: 20}}},
	{name: "long", title: "Pages of 50 versions at the start, in the middle and at the end of 1,000,000, and of 1,000",
		folder: "./artifacts/server", benchmark: "^BenchmarkLongCollection$", times: "300x",
		profile: "Pages are found by their keys, and their joins are made once a page.",
		goals:   []goal{{unit: "slowest/fastest", atMost: 1.2}, {unit: "slowest/of-1000", atMost: 2}}},
	{name: "commit", title: "Commit a version of 100,000 files, and of 10,000",
		folder: "./artifacts/server", benchmark: "^BenchmarkCommit$", times: "1x",
		profile: "Three quarters of the time is SQLite, and half of all is writing pages to its log and database: that the cost for each file rises with their number is the disk's part, since the table of a small version is still in memory. The heap grows by 0.7 kB per file.",
		goals:   []goal{{of: "100000_files", unit: "times-the-cost-per-file", atMost: 1.2}}},
	{name: "clients", title: "32 clients that list and commit at once, and one alone",
		folder: "./artifacts", benchmark: "^BenchmarkClients$", times: "1x",
		profile: "In the way was SQLite's one writer, which waited for the disk for each small transaction: three quarters of the time of clients. Writers that wait share one commit now, and a logged version costs 0.9 waits for the log instead of 5.9. What is left is the processors, which clients and registry share. No request failed.", long: "RELIQUARY_BENCH_TIME=60s",
		goals: []goal{{of: "32", unit: "times-the-throughput-of-one", atLeast: 1}}},
	{name: "c-load", title: "A new C process from dlopen to the answer of its first call, and the memory that it adds: a client, and the embedded registry",
		folder: "./capi", benchmark: "^BenchmarkLoad$", times: "20x",
		profile: "The linker's 84,000 relocations (most of them Go's type descriptors) make 1.9 MB of private pages and about 2 ms; the rest is Go's start and the tables that packages make.",
		goals:   []goal{{of: "client", unit: "total-ms", atMost: 10}, {of: "client", unit: "KiB-resident", atMost: 15 << 10}}},
	{name: "c-calls", title: "A call from C: an empty function, into the library, a call that does nothing, and one by the queue",
		folder: "./capi", benchmark: "^BenchmarkCalls$", times: "2x",
		profile: "A call that waits stays in the thread of its caller. One that is submitted goes to another, and its result comes back: 2.7 changes of thread for each, and 70 % of the time in the kernel, which is what remains. Calls that are under way together share them."},
	{name: "node-calls", title: "A call from Node: an empty function, one after the other, 1,000 at once, and 1,000 that wait 10 ms each",
		folder: "./bindings/node", benchmark: "^BenchmarkCalls$", times: "5x",
		profile: "Nearly half of what JavaScript's thread does is `submit`, the way into the library; an event loop that has nothing else to do is woken for each result of a call that is alone, and that waiting is most of its time. Results that come together are handed over together.",
		goals:   []goal{{unit: "calls/s-that-wait-10ms", atLeast: 50_000}, {unit: "cancel-ms", atMost: 1}}},
	{name: "node-first", title: "A new process from before the import to the first page of 50 versions: Node, and `wandb.Api()`",
		folder: "./bindings/node", benchmark: "^BenchmarkFirstPage$", times: "5x",
		profile: "Loading the package's modules, which Node finds, reads and compiles one by one, is more than half of it, and the library with its first session a quarter; the page itself is the rest.",
		goals:   []goal{{unit: faster, atLeast: 10}}},
	{name: "node-list", title: "10,000 versions into objects of Node, and into columns, beside objects of `wandb.Api()`",
		folder: "./bindings/node", benchmark: "^BenchmarkList$", times: "3x",
		profile: "In the way were the next page, asked for only when the last one had been read, written as JSON, carried over and parsed; and an object for each version, with its metadata written and parsed again. Pages are asked for as soon as it is known where the last one ends, and come as columns: JavaScript's thread takes 22 ms instead of 57, an object 408 bytes of heap instead of 924. What is left is the registry's time, page after page, and the Go client's beside it, most of it reading JSON. These versions have nearly everything in common, which columns hold once; where they have nothing in common, the text is half of what it was instead of a ninth.",
		goals:   []goal{{unit: faster, atLeast: 6}}},
	{name: "python-calls", title: "A call from Python: an empty function, one after the other, 1,000 at once, and 1,000 that wait 10 ms each",
		folder: "./bindings/python", benchmark: "^BenchmarkCalls$", times: "5x",
		profile: "A call costs about 20 µs of processor time, 9 of them in Python's own thread; asyncio alone takes 2.5.",
		goals:   []goal{{unit: "calls/s-that-wait-10ms", atLeast: 50_000}, {unit: "cancel-ms", atMost: 1}, {unit: "threads", atMost: 10}}},
	{name: "python-first", title: "A new process from before the import to its first call, and to the first page of 50 versions: Python, and `wandb.Api()`",
		folder: "./bindings/python", benchmark: "^BenchmarkFirstPage$", times: "5x",
		profile: "In the way were json, re, enum, ctypes and importlib, half of the time: none is loaded any more. What is left is the library itself (see c-load), and 2 ms of Python.",
		goals:   []goal{{unit: faster, atLeast: 10}, {unit: "times-the-memory", atMost: 0.34}, {unit: "ms-to-the-first-call", atMost: 10}, {unit: "MB-to-the-first-call", atMost: 15}}},
	{name: "python-list", title: "10,000 versions into objects of Python, and into a data frame, beside objects of `wandb.Api()`",
		folder: "./bindings/python", benchmark: "^BenchmarkList$", times: "3x",
		profile: "In the way were the next page, asked for only when the last one had become dictionaries, and these dictionaries: 55 ms to read them, 12 to collect garbage on the way, 2.5 kB each. Pages are asked for as soon as it is known where the last one ends, and come as columns: Python's thread takes 22 ms instead of 72, an object 744 bytes instead of 2,499. What is left is the registry's time, page after page, and the Go client's beside it, most of it reading JSON; the data frame takes about what its pages do. As for Node, versions that have less in common gain less.",
		goals:   []goal{{unit: faster, atLeast: 6}}},
	{name: "page", title: "One page of 50 versions from the server, in process and over HTTP",
		folder: "./artifacts/server", benchmark: "^BenchmarkPage$", times: "200x"},
	{name: "addresses", title: "The addresses of 5,000 files", folder: "./artifacts/server", benchmark: "^BenchmarkFileAddresses$", times: "20x"},
	{name: "blob", title: "Storing a blob durably", folder: "./artifacts/server/blobs/dir", benchmark: "^BenchmarkPut$", times: "50x"},
}
