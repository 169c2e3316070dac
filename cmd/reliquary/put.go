package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
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
		Example: "  reliquary put team/vision/flowers ./flowers --type dataset --alias best\n" +
			"  reliquary put team/vision/flowers --base latest labels=./new-labels\n" +
			"  reliquary put team/vision/flowers raw=s3://bucket/flowers -m rows=1200",
		Args: wantArguments(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if o.base == "" && len(args) == 1 {
				return usagef(c, "nothing to put was named: give a file, a folder, a reference or -, or a version with --base")
			}
			if o.base == "" && len(o.remove) > 0 {
				return usagef(c, "--remove takes files out of the version that --base names")
			}
			in, err := o.input(c, s, args[0], args[1:])
			if err != nil {
				return err
			}
			s.ifInterrupted = "no version was made; what was sent is not sent again"
			return s.withClient(c.Context(), func(ctx context.Context, client *artifacts.Client) error {
				return put(ctx, s, client, in)
			})
		},
	}
	f := c.Flags()
	f.StringVarP(&o.typ, "type", "t", "", "artifact `type`, as in dataset or model; needed where the collection is new")
	f.StringVar(&o.base, "base", "", "begin with the files of this `version` of the collection, as in latest or v3")
	f.StringArrayVar(&o.remove, "remove", nil, "take a `file` or folder of the base out")
	f.StringArrayVar(&o.exclude, "exclude", nil, "of folders, leave out what fits a `pattern`: by name (*.tmp), or with a slash by path (cache/**)")
	f.StringSliceVarP(&o.aliases, "alias", "a", nil, "`alias` to give it besides latest")
	f.StringSliceVar(&o.tags, "tag", nil, "`tag` to give it")
	f.StringVarP(&o.description, "description", "d", "", "`text` about it")
	f.StringArrayVarP(&o.metadata, "metadata", "m", nil, "`KEY=VALUE` to keep with it; the value is JSON, or else text")
	f.StringVar(&o.metadataFile, "metadata-file", "", "JSON `file` with an object of metadata")
	f.StringVar(&o.ttl, "ttl", "", "keep it for a `time`, as in 30d, 12h or forever (default: what its project says)")
	f.StringVar(&o.run, "run", "", "`id` of the run that logs it (default: a new run)")
	f.BoolVar(&o.noChecksum, "no-checksum", false, "do not look at what references lead to")
	f.BoolVar(&o.alwaysNew, "always-new", false, "make a version even if the newest has the same contents")
	return c
}

func put(ctx context.Context, s *shell, client *artifacts.Client, in tools.LogArtifactInput) error {
	if in.Base != "" && in.Metadata != nil {
		// What is not given again is that of the base.
		base, err := findVersion(ctx, client, in.Collection+":"+in.Base)
		if err != nil {
			return err
		}
		if in.Metadata, err = merge(base.Metadata, in.Metadata); err != nil {
			return err
		}
	}
	out, err := operateWatched[tools.LogArtifactOutput](ctx, s, client, "log_artifact", in)
	if e, ok := errors.AsType[*tools.Error](err); ok && e.Argument == "type" && e.Code == artifacts.KindNotFound {
		e.Message = "there is no collection " + in.Collection + " yet"
	}
	if err != nil {
		return err
	}
	return s.print(out, func() {
		switch {
		case s.quiet:
			s.printf("%s\n", clean(out.Artifact))
		case out.New:
			s.printf("%s is new: %s, %s; sent %s, %s\n", clean(out.Artifact),
				count(int(out.Files), "file"), size(int64(out.SizeBytes)), count(out.SentFiles, "file"), size(int64(out.SentBytes)))
		default:
			s.printf("%s has these contents already: nothing was sent\n", clean(out.Artifact))
		}
	})
}

// input is what the operation is given. Its errors are wrong usage.
func (o putOptions) input(c *cobra.Command, s *shell, collection string, sources []string) (tools.LogArtifactInput, error) {
	in := tools.LogArtifactInput{
		Collection: collection, Type: o.typ, Remove: o.remove, Exclude: o.exclude,
		Aliases: o.aliases, Tags: o.tags, Run: o.run, AlwaysNew: o.alwaysNew,
	}
	if c.Flags().Changed("description") {
		in.Description = &o.description
	}
	p, err := readPath(collection)
	switch {
	case err != nil:
		return in, err
	case p.Alias != "":
		p.Alias = ""
		return in, usagef(c, "%s names a version; name the collection %s, and the aliases with --alias", collection, p)
	}
	if in.Base, err = baseOf(c, collection, o.base); err != nil {
		return in, err
	}
	for _, source := range sources {
		if err := o.add(&in, s, source); err != nil {
			return in, usagef(c, "%w", err)
		}
	}
	if in.TTLSeconds, err = readTTL(o.ttl); err != nil {
		return in, usagef(c, "%w", err)
	}
	if in.Metadata, err = o.readMetadata(); err != nil {
		return in, usagef(c, "%w", err)
	}
	return in, nil
}

// baseOf is the alias or version of the collection that is meant as the base.
func baseOf(c *cobra.Command, collection, base string) (string, error) {
	before, alias, ok := strings.Cut(base, ":")
	switch {
	case !ok:
		return base, nil
	case before != collection:
		return "", usagef(c, "the base must be a version of %s, and is written alone, as in --base latest", collection)
	}
	return alias, nil
}

// A URI begins so.
var scheme = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*://`)

// add adds one source to the version.
func (o putOptions) add(in *tools.LogArtifactInput, s *shell, source string) error {
	name := ""
	if _, err := os.Stat(source); err != nil && !scheme.MatchString(source) {
		if before, after, ok := strings.Cut(source, "="); ok {
			name, source = before, after
		}
	}
	switch {
	case scheme.MatchString(source):
		in.References = append(in.References, tools.ReferenceToLog{URI: source, Path: name, NoChecksum: o.noChecksum})
	case source == "-":
		if name == "" {
			return errors.New("standard input has no name; give it one, as in notes.txt=-")
		}
		data, err := io.ReadAll(s.In)
		if err != nil {
			return fmt.Errorf("reading standard input: %w", err)
		}
		in.Contents = append(in.Contents, tools.ContentToLog{Path: name, Base64: base64.StdEncoding.EncodeToString(data)})
	default:
		in.Files = append(in.Files, tools.FileToLog{Local: source, Path: name})
	}
	return nil
}

// readMetadata is the metadata that is given, nil for none.
func (o putOptions) readMetadata() (*tools.Object, error) {
	object := map[string]json.RawMessage{}
	if o.metadataFile != "" {
		text, err := os.ReadFile(o.metadataFile)
		if err == nil {
			err = json.Unmarshal(text, &object)
		}
		if err != nil {
			return nil, fmt.Errorf("--metadata-file %s: %w", o.metadataFile, err)
		}
	}
	for _, pair := range o.metadata {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("--metadata %s is not KEY=VALUE", pair)
		}
		object[key] = metadataValue(value)
	}
	if len(object) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(object)
	return &tools.Object{RawMessage: text}, err
}

// merge puts entries over those that there were.
func merge(old json.RawMessage, with *tools.Object) (*tools.Object, error) {
	object := map[string]json.RawMessage{}
	if len(old) > 0 {
		if err := json.Unmarshal(old, &object); err != nil {
			return nil, fmt.Errorf("the metadata of the base: %w", err)
		}
	}
	if err := json.Unmarshal(with.RawMessage, &object); err != nil {
		return nil, err
	}
	text, err := json.Marshal(object)
	return &tools.Object{RawMessage: text}, err
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

// readTTL reads how long a version is kept: "30d", "12h", "forever", which is 0;
// "" means as long as its project says.
func readTTL(text string) (*int64, error) {
	var seconds int64
	switch text {
	case "":
		return nil, nil
	case "forever":
		return &seconds, nil
	}
	d, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n uint64
		if n, err = strconv.ParseUint(days, 10, 16); err == nil {
			d = time.Duration(n) * 24 * time.Hour
		}
	}
	if seconds = int64(d / time.Second); err != nil || seconds < 1 {
		return nil, fmt.Errorf("--ttl %s is no time to keep it for; write 30d, 12h or forever", text)
	}
	return &seconds, nil
}
