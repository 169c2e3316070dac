package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

type putOptions struct {
	typ          string
	base         string
	remove       []string
	exclude      []string
	aliases      []string
	tags         []string
	description  string
	metadata     []string
	metadataFile string
	ttl          string
	run          string
	noChecksum   bool
	alwaysNew    bool
	fillCache    bool
}

func newPutCommand(s *shell) *cobra.Command {
	var o putOptions
	c := &cobra.Command{
		Use:   "put COLLECTION [[NAME=]SOURCE...]",
		Short: "Log files, folders and references as a new version",
		Long: "Put makes a version of a collection, which is made if it is not there. A SOURCE is a file, a folder, whose\n" +
			"contents are meant, - for standard input, or a reference to something elsewhere (s3://, gs://, http://,\n" +
			"https://, file://), of which only the address is kept. NAME is where it goes in the version.\n\n" +
			"What the server has already is not sent again. Where the newest version has the same contents, no other\n" +
			"comes about, and put says so. With --base the version begins with the files of another.",
		Example: "  reliquary put team/vision/flowers ./flowers --type dataset --alias candidate\n" +
			"  reliquary put team/vision/flowers --base latest labels=./new-labels --remove labels/old.csv\n" +
			"  reliquary put team/vision/flowers raw=s3://bucket/flowers/2026 -m source=scan -m rows=1200",
		Args: wantArguments(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if o.base == "" && len(args) == 1 {
				return usagef(c, "nothing to put was named: give a file, a folder, a reference or -, or a version with --base")
			}
			if o.base == "" && len(o.remove) > 0 {
				return usagef(c, "--remove takes files out of the version that --base names")
			}
			s.ifInterrupted = "no version was made; what was sent is not sent again"
			return s.withClient(c.Context(), func(ctx context.Context, client *artifacts.Client) error {
				return put(ctx, c, s, client, args[0], args[1:], o)
			})
		},
	}
	f := c.Flags()
	f.StringVarP(&o.typ, "type", "t", "", "artifact `type`, as in dataset or model; needed where the collection is new")
	f.StringVar(&o.base, "base", "", "begin with the files of this `version` of the collection, as in latest or v3")
	f.StringArrayVar(&o.remove, "remove", nil, "take a `file` or folder of the base out")
	f.StringArrayVar(&o.exclude, "exclude", nil, "leave out what matches a `pattern`, by its name or its path below the folder")
	f.StringSliceVarP(&o.aliases, "alias", "a", nil, "`alias` to give it besides latest")
	f.StringSliceVar(&o.tags, "tag", nil, "`tag` to give it")
	f.StringVarP(&o.description, "description", "d", "", "`text` about it")
	f.StringArrayVarP(&o.metadata, "metadata", "m", nil, "`KEY=VALUE` to keep with it; the value is JSON, or else text")
	f.StringVar(&o.metadataFile, "metadata-file", "", "JSON `file` with an object of metadata")
	f.StringVar(&o.ttl, "ttl", "", "keep it for a `time`, as in 30d, 12h or forever (default: what its project says)")
	f.StringVar(&o.run, "run", "", "`id` of the run that logs it (default: a new run)")
	f.BoolVar(&o.noChecksum, "no-checksum", false, "do not look at what references lead to")
	f.BoolVar(&o.alwaysNew, "always-new", false, "make a version even if the newest has the same contents")
	f.BoolVar(&o.fillCache, "fill-cache", false, "keep a copy of what is sent in the cache")
	return c
}

// A putResult is what put prints as JSON.
type putResult struct {
	Artifact string `json:"artifact"`
	ID       string `json:"id"`
	// New is false where the newest version had the same contents.
	New       bool        `json:"new"`
	Aliases   []string    `json:"aliases"`
	Digest    string      `json:"digest"`
	Files     int64       `json:"files"`
	SizeBytes tools.Bytes `json:"size_bytes"`
	SentFiles int         `json:"sent_files"`
	SentBytes tools.Bytes `json:"sent_bytes"`
	LoggedBy  string      `json:"logged_by,omitempty"`
}

func put(ctx context.Context, c *cobra.Command, s *shell, client *artifacts.Client, collection string, sources []string, o putOptions) error {
	p, err := readPath(collection)
	switch {
	case err != nil:
		return err
	case p.Alias != "":
		return usagef(c, "%s names a version; name the collection %s, and the aliases with --alias", collection, artifacts.Path{Entity: p.Entity, Project: p.Project, Collection: p.Collection})
	}
	if p, err = client.Resolve(ctx, p); err != nil {
		return err
	}
	draft, err := o.draft(ctx, c, client, p)
	if err != nil {
		return err
	}
	for _, source := range sources {
		if err := o.add(s, draft, source); err != nil {
			return err
		}
	}
	if err := o.describe(draft, s); err != nil {
		return usagef(c, "%w", err)
	}
	bar := s.progress()
	logged, err := client.LogArtifact(ctx, draft, &artifacts.LogOptions{
		Entity: p.Entity, Project: p.Project, Run: o.run, AlwaysNew: o.alwaysNew, FillCache: o.fillCache, Progress: bar.report,
	})
	bar.end()
	if err != nil {
		return err
	}
	result := putResult{
		Artifact: logged.QualifiedName(), ID: logged.ID, New: !logged.Existed, Aliases: append([]string{}, logged.Aliases...),
		Digest: logged.Digest, Files: logged.FileCount, SizeBytes: tools.Bytes(logged.Size),
		SentFiles: logged.SentFiles, SentBytes: tools.Bytes(logged.SentBytes),
	}
	if logged.Run.ID != "" {
		result.LoggedBy = logged.Run.String()
	}
	return s.print(result, func() { s.printPut(result) })
}

func (s *shell) printPut(r putResult) {
	switch {
	case s.quiet:
		s.printf("%s\n", r.Artifact)
	case r.New:
		s.printf("%s is new: %s, %s; sent %s, %s\n", r.Artifact, count(int(r.Files), "file"), size(int64(r.SizeBytes)), count(r.SentFiles, "file"), size(int64(r.SentBytes)))
	default:
		s.printf("%s has these contents already: nothing was sent\n", r.Artifact)
	}
}

// draft begins the version: empty, or with what the base has.
func (o putOptions) draft(ctx context.Context, c *cobra.Command, client *artifacts.Client, p artifacts.Path) (*artifacts.Draft, error) {
	if o.base == "" {
		typ, err := o.typeOf(ctx, c, client, p)
		if err != nil {
			return nil, err
		}
		return artifacts.NewArtifact(typ, p.Collection)
	}
	name := o.base
	if !strings.Contains(name, ":") {
		name = p.String() + ":" + name
	}
	base, err := findVersion(ctx, client, name)
	switch {
	case err != nil:
		return nil, err
	case base.SourceInCollection().Path() != p.String():
		return nil, usagef(c, "the base %s is no version of %s", base.SourceQualifiedName(), p)
	case o.typ != "" && o.typ != base.Type:
		return nil, usagef(c, "%s is of type %s, not %s; `reliquary mv` changes the type of a collection", p, base.Type, o.typ)
	}
	draft, err := base.NewDraft(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range o.remove {
		if err := draft.Remove(path.Clean(name)); err != nil {
			return nil, err
		}
	}
	return draft, nil
}

// typeOf is the type that is asked for, or that the collection has.
func (o putOptions) typeOf(ctx context.Context, c *cobra.Command, client *artifacts.Client, p artifacts.Path) (string, error) {
	if o.typ != "" {
		return o.typ, nil
	}
	typ, err := client.ArtifactCollection(p.Entity, p.Project, "", p.Collection).Type(ctx)
	if errors.Is(err, artifacts.ErrNotFound) {
		return "", usagef(c, "there is no collection %s yet; to make it, say what it holds, as in --type dataset or --type model", p)
	}
	return typ, err
}

// A URI begins so.
var scheme = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*://`)

// add adds one source to the version.
func (o putOptions) add(s *shell, draft *artifacts.Draft, source string) error {
	name := ""
	_, err := os.Stat(source)
	if err != nil && !scheme.MatchString(source) {
		if before, after, ok := strings.Cut(source, "="); ok {
			name, source = before, after
			_, err = os.Stat(source)
		}
	}
	switch {
	case scheme.MatchString(source):
		return draft.AddReference(source, name, &artifacts.ReferenceOptions{NoChecksum: o.noChecksum})
	case source == "-":
		if name == "" {
			return &artifacts.Error{Kind: artifacts.KindInvalid, Op: "add standard input", Message: "it has no name", Next: "name it, as in notes.txt=-"}
		}
		text, err := io.ReadAll(s.In)
		if err != nil {
			return fmt.Errorf("reading standard input: %w", err)
		}
		return draft.AddBytes(name, text)
	case err != nil:
		return &artifacts.Error{Kind: artifacts.KindNotFound, Op: "add to a version", Path: source, Message: "there is no such file or folder", Next: "check its path", Err: err}
	}
	if info, err := os.Stat(source); err == nil && info.IsDir() {
		return draft.AddDir(source, name, &artifacts.DirOptions{Ignore: o.excludes})
	}
	return draft.AddFile(source, name)
}

// excludes reports whether a file or folder is to be left out.
func (o putOptions) excludes(name string, _ fs.DirEntry) bool {
	for _, pattern := range o.exclude {
		for _, candidate := range []string{name, path.Base(name)} {
			if ok, err := path.Match(pattern, candidate); ok && err == nil {
				return true
			}
		}
	}
	return false
}

// describe gives the draft everything besides files. Its errors are wrong usage.
func (o putOptions) describe(draft *artifacts.Draft, s *shell) error {
	for _, pattern := range o.exclude {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("--exclude %s is no pattern: %w", pattern, err)
		}
	}
	draft.Aliases, draft.Tags = o.aliases, o.tags
	if o.description != "" {
		draft.Description = o.description
	}
	var err error
	if draft.TTL, err = readTTL(o.ttl); err != nil {
		return err
	}
	object := map[string]json.RawMessage{}
	if o.metadataFile != "" {
		text, err := os.ReadFile(o.metadataFile)
		if err == nil {
			err = json.Unmarshal(text, &object)
		}
		if err != nil {
			return fmt.Errorf("--metadata-file %s: %w", o.metadataFile, err)
		}
	}
	for _, pair := range o.metadata {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return fmt.Errorf("--metadata %s is not KEY=VALUE", pair)
		}
		object[key] = metadataValue(value)
	}
	if len(object) == 0 {
		return nil
	}
	if draft.Base() != nil && len(draft.Metadata) > 0 {
		old := map[string]json.RawMessage{}
		if err := json.Unmarshal(draft.Metadata, &old); err != nil {
			return fmt.Errorf("the metadata of the base: %w", err)
		}
		for k, v := range object {
			old[k] = v
		}
		object = old
	}
	draft.Metadata, err = json.Marshal(object)
	return err
}

// metadataValue is JSON where it reads as that, and text otherwise.
func metadataValue(text string) json.RawMessage {
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil { // a string can always be
		return nil
	}
	return bytes.TrimSpace(b.Bytes())
}

// readTTL reads how long a version is kept: "30d", "12h", "forever"; "" means
// as long as the collection says.
func readTTL(text string) (time.Duration, error) {
	switch text {
	case "":
		return artifacts.InheritTTL, nil
	case "forever":
		return artifacts.KeepForever, nil
	}
	bad := fmt.Errorf("--ttl %s is no time to keep it for; write 30d, 12h or forever", text)
	d, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n uint64
		if n, err = strconv.ParseUint(days, 10, 16); err == nil {
			d = time.Duration(n) * 24 * time.Hour
		}
	}
	if err != nil || d < time.Second {
		return 0, bad
	}
	return d.Truncate(time.Second), nil
}
