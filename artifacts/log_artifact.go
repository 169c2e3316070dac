package artifacts

import (
	"bytes"
	"context"
	"crypto/md5"
	"fmt"
	"slices"
	"time"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// LogOptions say how to log a draft. nil means the defaults.
type LogOptions struct {
	// Entity and Project are where the collection is; "" means those of the
	// version that the draft was made from, or else those of Config.
	Entity, Project string
	// Run is the id of the run that logs it, in the same project. "" makes a run
	// for it, as the wandb package does outside of one.
	Run string
	// WithoutRun logs it as the user, by no run. The project must be there;
	// W&B's servers may refuse it all the same.
	WithoutRun bool
	// JobType is that of a run that is made for it. "" means "auto".
	JobType string
	// HistoryStep is the run's step, nil for none.
	HistoryStep *int64
	// AlwaysNew makes a new version even if one of the same contents is there.
	AlwaysNew bool
	// FillCache copies what is sent into FileConfig.CacheDir, so that this
	// computer need not download it.
	FillCache bool
	// Workers is how many files are sent at once. 0 means FileConfig.Workers.
	Workers int
	// Progress is told how far it is, never twice at once and about ten times
	// per second at most.
	Progress func(Progress)
}

// A LoggedArtifact is what a draft became.
type LoggedArtifact struct {
	*Artifact
	// Existed says that the collection had a version of the same contents,
	// which this is: nothing was sent but its aliases and tags.
	Existed bool
	// SentFiles and SentBytes are what the server did not have.
	SentFiles int
	SentBytes int64
	// Run is the run that logged it; empty if none did.
	Run RunPath
}

// LogArtifact makes a version of a draft: its files are hashed, those that the
// server does not have are sent, and the version appears when everything is
// there (W&B: CreateArtifact, CreateArtifactManifest, CreateArtifactFiles,
// CommitArtifact). If the newest version has the same contents, that is the
// answer. Files are read in pieces; memory grows with their number only.
//
// When it fails or ctx ends, no version has come about; what was sent is not
// sent again the next time if the server keeps it. The one exception is an
// error from the last step, which says that it is not known. KindConflict if a
// file changed meanwhile.
func (c *Client) LogArtifact(ctx context.Context, d *Draft, o *LogOptions) (*LoggedArtifact, error) {
	const op = "log an artifact"
	if o == nil {
		o = &LogOptions{}
	}
	if err := d.check(); err != nil {
		return nil, located(op, d.name, err)
	}
	p, err := c.prepare(ctx, d, 0, o.Progress)
	if err != nil {
		return nil, located(op, d.name, err)
	}
	in, err := c.in(ctx, firstOf(o.Entity, d.entity), firstOf(o.Project, d.project))
	if err != nil {
		return nil, err
	}
	path := in.Entity + "/" + in.Project + "/" + d.name
	if d.base != nil && (in.Entity != d.entity || in.Project != d.project) {
		return nil, &Error{
			Kind: KindInvalid, Op: op, Path: path,
			Message: "the draft was made from " + d.base.SourceQualifiedName() + ", and its files are only known there",
			Next:    "log it to the same project, or download the files and add them to a new draft",
		}
	}
	l := &logging{c: c, d: d, o: o, p: p, in: in}
	out, err := l.log(ctx)
	if l.made {
		// However it ended: a run left open looks as if it were at work. The
		// caller's context may have ended, and this is worth a moment all the same.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTime)
		defer cancel()
		if err := c.FinishRun(ctx, l.run, out == nil); err != nil {
			c.log.LogAttrs(ctx, levelWarn, "the run of an artifact stays open", errAttr(&Error{Message: err.Error()}))
		}
	}
	if err != nil {
		return nil, located(op, path, err)
	}
	return out, nil
}

// finishTime is how long ending a run may take.
const finishTime = 10 * time.Second

// DraftManifest is the manifest that a draft has if it is logged now: its files
// are hashed, and nothing is sent. The manifest's Digest tells whether a version
// of the same contents is there.
func (c *Client) DraftManifest(ctx context.Context, d *Draft, report func(Progress)) (*Manifest, error) {
	p, err := c.prepare(ctx, d, 0, report)
	if err != nil {
		return nil, located("hash an artifact", d.name, err)
	}
	return &Manifest{layout: storageLayout, region: d.region, entries: p.entries}, nil
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// A logging is a draft that is becoming a version.
type logging struct {
	c  *Client
	d  *Draft
	o  *LogOptions
	p  *prepared
	in wire.In

	run      RunPath
	made     bool    // the run, for this
	id       wire.ID // of the version
	base     *wire.ID
	manifest wire.ID // that was announced
	sent     sent
}

func (l *logging) log(ctx context.Context) (*LoggedArtifact, error) {
	if err := l.chooseRun(ctx); err != nil {
		return nil, err
	}
	m := &Manifest{layout: storageLayout, region: l.d.region, entries: l.p.entries}
	created, err := l.create(ctx, m)
	if err != nil {
		return nil, err
	}
	l.id = created.ID
	switch State(created.State) {
	case Committed:
		return l.result(ctx, true)
	case Pending, Deleted: // old servers begin with the latter
	default:
		return nil, corrupt("a version was made in the state %q", created.State)
	}
	if s := created.ArtifactSequence; s != nil && s.LatestArtifact != nil && s.LatestArtifact.ID != l.id {
		l.base = &s.LatestArtifact.ID
	}
	if l.d.base != nil {
		id := wire.ID(l.d.base.ID)
		l.base = &id
	}
	if l.manifest, err = wire.AnnounceManifest(ctx, l.c.sender, l.manifestInput("")); err != nil {
		return nil, l.c.fail(ctx, "", "", err)
	}
	l.reuse(ctx)
	if err := l.send(ctx); err != nil {
		return nil, err
	}
	if err := l.sendManifest(ctx, m); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, canceled(ctx)
	}
	if err := wire.CommitArtifact(ctx, l.c.sender, l.id); err != nil {
		e, ok := l.c.fail(ctx, "", "", err).(*Error)
		if ok && (e.Kind == KindCanceled || e.Kind == KindUnavailable) {
			e.Message += "; it is not known whether the version came about"
			e.Next = "log it again: if it did, it is found by its contents"
		}
		return nil, e
	}
	out, err := l.result(ctx, false)
	if err == nil {
		l.c.keepManifest(out.Artifact, m)
		if err := l.c.files.cache.flush(); err != nil {
			l.c.log.LogAttrs(ctx, levelWarn, "digests of files cannot be remembered", errAttr(&Error{Message: err.Error()}))
		}
	}
	return out, err
}

// chooseRun finds or makes the run that logs the version.
func (l *logging) chooseRun(ctx context.Context) error {
	switch {
	case l.o.Run != "":
		l.run = RunPath{Entity: l.in.Entity, Project: l.in.Project, ID: l.o.Run}
		return nil
	case l.o.WithoutRun:
		return nil
	}
	var err error
	l.run, err = l.c.NewRun(ctx, &RunOptions{Entity: l.in.Entity, Project: l.in.Project, JobType: firstOf(l.o.JobType, "auto")})
	l.made = err == nil
	return err
}

// create begins the version on the server.
func (l *logging) create(ctx context.Context, m *Manifest) (*wire.CreatedArtifact, error) {
	var aliases []wire.ArtifactAliasInput
	for _, a := range append([]string{"latest"}, l.d.Aliases...) {
		if in := (wire.ArtifactAliasInput{ArtifactCollectionName: l.d.name, Alias: a}); !slices.Contains(aliases, in) {
			aliases = append(aliases, in)
		}
	}
	tags, err := checkTags(l.d.Tags)
	if err != nil {
		return nil, err
	}
	input := wire.CreateArtifactInput{
		EntityName:                l.in.Entity,
		ProjectName:               l.in.Project,
		ArtifactTypeName:          l.d.typeName,
		ArtifactCollectionName:    l.d.name,
		RunName:                   optionalText(l.run.ID),
		Digest:                    m.Digest(),
		DigestAlgorithm:           wire.DigestMD5,
		Description:               optionalText(l.d.Description),
		Aliases:                   aliases,
		TTLDurationSeconds:        l.d.ttlSeconds(),
		HistoryStep:               l.o.HistoryStep,
		EnableDigestDeduplication: !l.o.AlwaysNew,
		ClientID:                  newClientID(),
		SequenceClientID:          newClientID(),
		StorageRegion:             optionalText(l.d.region),
	}
	for _, t := range tags {
		input.Tags = append(input.Tags, wire.TagInput{TagName: t})
	}
	if l.d.Metadata != nil {
		text := wire.JSONString(l.d.Metadata)
		input.Metadata = &text
	}
	created, err := wire.CreateArtifact(ctx, l.c.sender, input)
	switch {
	case err != nil:
		return nil, l.c.fail(ctx, "", "", err)
	case created == nil || created.ID == "":
		return nil, corrupt("a version was made and left out of the answer")
	}
	return created, nil
}

// The name and type of manifests that list everything.
const manifestFile = "wandb_manifest.json"

func (l *logging) manifestInput(digest string) wire.CreateArtifactManifestInput {
	return wire.CreateArtifactManifestInput{
		ArtifactID: l.id, BaseArtifactID: l.base, Name: manifestFile, Digest: digest,
		EntityName: l.in.Entity, ProjectName: l.in.Project, RunName: l.run.ID, Type: wire.FullManifest,
	}
}

// reuseFrom is how many files it takes before the newest version's manifest is
// worth reading only to find out which of them the server has.
const reuseFrom = 1000

// reuse notes which files a version before this one has: the server need not
// be asked about them. The newest version's manifest is read for that if it is
// at hand, or if there are many files. That it cannot be had is no failure.
func (l *logging) reuse(ctx context.Context) {
	if l.base == nil || len(l.p.files) == 0 {
		return
	}
	a := l.d.base
	if a == nil {
		a = &Artifact{ID: string(*l.base), State: Committed, client: l.c}
		if kept := l.c.keptByID(a.ID); kept != nil {
			a = kept
		} else if len(l.p.files) < reuseFrom {
			return
		}
	}
	m, err := a.Manifest(ctx)
	if err != nil || m.layoutOrDefault() != storageLayout || m.region != l.d.region {
		return
	}
	type content struct {
		digest string
		size   int64
	}
	births := make(map[content]string, m.Len())
	for e := range m.All() {
		if !e.IsReference() && e.BirthArtifactID != "" && e.algorithm() == algorithmMD5 {
			births[content{e.Digest, e.Size}] = e.BirthArtifactID
		}
	}
	for i := range l.p.entries {
		e := &l.p.entries[i]
		if l.p.files[e.Path] == nil {
			continue
		}
		if birth, ok := births[content{e.Digest, e.Size}]; ok {
			e.BirthArtifactID = birth
			delete(l.p.files, e.Path)
		}
	}
}

// sendManifest sends the manifest, whose entries say by now which versions
// brought the files.
func (l *logging) sendManifest(ctx context.Context, m *Manifest) error {
	var file bytes.Buffer
	if err := m.Write(&file); err != nil {
		return &Error{Kind: KindInvalid, Message: err.Error(), Err: err}
	}
	digest := md5sum(md5.Sum(file.Bytes()))
	var up *wire.Upload
	ask := func(ctx context.Context) error {
		var err error
		up, err = wire.CreateManifest(ctx, l.c.sender, l.manifestInput(digest.String()))
		switch {
		case err != nil:
			return l.c.fail(ctx, "", "", err)
		case up == nil || up.UploadURL == nil:
			return corrupt("there is no address to send the manifest to")
		}
		return nil
	}
	if err := ask(ctx); err != nil {
		return err
	}
	return l.c.persist(ctx, func(ctx context.Context) (int64, *setback) {
		_, bad := l.c.put(ctx, *up.UploadURL, up.UploadHeaders, bytes.NewReader(file.Bytes()), int64(file.Len()), nil)
		return 0, bad
	}, ask)
}

// result asks for the version as it is now.
func (l *logging) result(ctx context.Context, existed bool) (*LoggedArtifact, error) {
	a, err := l.c.ArtifactByID(ctx, string(l.id))
	if err != nil {
		e, ok := err.(*Error)
		if ok {
			e.Message = fmt.Sprintf("the version was logged (its id is %s), and cannot be looked up: %s", l.id, e.Message)
		}
		return nil, err
	}
	return &LoggedArtifact{Artifact: a, Existed: existed, SentFiles: l.sent.files, SentBytes: l.sent.bytes, Run: l.run}, nil
}
