package artifacts

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestNew(t *testing.T) {
	for name, cfg := range map[string]Config{
		"no URL":        {},
		"no scheme":     {BaseURL: "registry.test"},
		"other scheme":  {BaseURL: "ftp://registry.test"},
		"no host":       {BaseURL: "http://"},
		"not a URL":     {BaseURL: "http://ada:" + testKey + "@%zz"},
		"password":      {BaseURL: "https://ada:" + testKey + "@registry.test"},
		"query":         {BaseURL: "https://registry.test/?key=" + testKey},
		"key with line": {BaseURL: "https://registry.test", APIKey: testKey + "\n"},
		"agent":         {BaseURL: "https://registry.test", UserAgent: "a\r\nb"},
	} {
		c, err := New(cfg)
		if c != nil || !errors.Is(err, ErrInvalid) || strings.Contains(err.Error(), testKey) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	c, err := New(Config{BaseURL: "https://registry.test/path/"})
	if err != nil || c.BaseURL() != "https://registry.test/path" || c.DefaultProject() != "uncategorized" {
		t.Errorf("got %q, %v", c.BaseURL(), err)
	}
}

// TestDefaults: the entity is asked for once, and only where nobody named one.
func TestDefaults(t *testing.T) {
	f := answering(200, `{"data":`+viewerData+`}`)
	c := newClient(t, f, func(cfg *Config) { cfg.Entity, cfg.Project = "", "vision" })
	ctx := t.Context()
	p, err := c.Resolve(ctx, Path{Entity: "e", Collection: "c"})
	if err != nil || p.String() != "e/vision/c" || len(f.requests()) != 0 {
		t.Errorf("named: %v, %v, %d requests", p, err, len(f.requests()))
	}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			p, err := c.Resolve(ctx, Path{Collection: "c", Alias: "v1"})
			if err != nil || p.String() != "ada-team/vision/c:v1" {
				t.Errorf("default: %v, %v", p, err)
			}
		})
	}
	wg.Wait()
	if len(f.requests()) != 1 {
		t.Errorf("%d requests", len(f.requests()))
	}
	c = newClient(t, answering(200, `{"data":{"viewer":{"id":"x","username":"ada"}}}`), func(cfg *Config) { cfg.Entity = "" })
	if _, err := c.DefaultEntity(ctx); !errors.Is(err, ErrInvalid) {
		t.Errorf("no default entity: %v", err)
	}
}

func TestServerFeatures(t *testing.T) {
	ctx := t.Context()
	f := answering(200, `{"data":{"serverInfo":{"features":[{"name":"A","isEnabled":true},null,{"name":"B","isEnabled":false}]}}}`)
	c := newClient(t, f)
	for range 2 {
		got, err := c.ServerFeatures(ctx)
		if err != nil || !got.Has("A") || got.Has("B") || got.Has("C") {
			t.Errorf("got %v, %v", got, err)
		}
	}
	if len(f.requests()) != 1 {
		t.Errorf("%d requests", len(f.requests()))
	}
	for name, body := range map[string]string{
		"too old":   `{"errors":[{"message":"Cannot query field \"features\" on type \"ServerInfo\"."}]}`,
		"null":      `{"data":{"serverInfo":null}}`,
		"null list": `{"data":{"serverInfo":{"features":null}}}`,
	} {
		got, err := newClient(t, answering(200, body)).ServerFeatures(ctx)
		if err != nil || len(got) != 0 {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
	// W&B's servers say so with status 400.
	got, err := newClient(t, answering(400, `{"errors":[{"message":"Cannot query field \"features\" on type \"ServerInfo\"."}]}`)).ServerFeatures(ctx)
	if err != nil || len(got) != 0 {
		t.Errorf("too old, with 400: got %v, %v", got, err)
	}
	// A failure is not remembered.
	f = &fake{}
	f.answer = func(asked) (*http.Response, error) {
		if len(f.requests()) == 1 {
			return reply(403, ""), nil
		}
		return data(`{"serverInfo":{"features":[{"name":"A","isEnabled":true}]}}`)
	}
	c = newClient(t, f)
	if _, err := c.ServerFeatures(ctx); !errors.Is(err, ErrDenied) {
		t.Errorf("first: %v", err)
	}
	if got, err := c.ServerFeatures(ctx); err != nil || !got.Has("A") {
		t.Errorf("then: %v, %v", got, err)
	}
}

// TestNothingIsSentEarly: making objects and lists costs nothing.
func TestNothingIsSentEarly(t *testing.T) {
	f := answering(500, "")
	c := newClient(t, f)
	typ := c.ArtifactType("e", "p", "t")
	coll := typ.Collection("c")
	_ = coll.SetName("d")
	coll.SetDescription("x")
	for range 3 {
		_ = []any{
			c.ArtifactTypes("e", "p", nil), typ.Collections(nil), coll.Artifacts(nil),
			c.RunArtifacts("e", "p", "r", Used, nil), c.Artifacts("e", "p", "", "c", nil).All(t.Context()),
			typ.Name(), coll.Name(), coll.Path(), coll.Changed(), coll.String(), typ.String(), coll.Entity(), coll.Project(),
		}
	}
	if n := f.operations(); n != nil {
		t.Errorf("sent %v", n)
	}
}

// TestOldServers: what a server cannot do is not asked of it, or refused here.
func TestOldServers(t *testing.T) {
	ctx := t.Context()
	for _, old := range []bool{true, false} {
		f := &fake{answer: func(a asked) (*http.Response, error) {
			switch a.OperationName {
			case "ServerFeaturesQuery":
				if old {
					return data(`{"serverInfo":{"features":[]}}`)
				}
				return data(`{"serverInfo":{"features":[{"name":"ARTIFACT_COLLECTIONS_FILTERING_SORTING","isEnabled":true},{"name":"TOTAL_COUNT_IN_FILE_CONNECTION","isEnabled":true}]}}`)
			case "ProjectArtifactCollections":
				if old && (strings.Contains(a.Query, "filters: $filters") || strings.Contains(a.Query, "totalCount")) {
					return reply(200, `{"errors":[{"message":"Unknown argument \"filters\""}]}`), nil
				}
				return data(`{"project":{"artifactCollections":{"pageInfo":{"hasNextPage":false},"edges":[]}}}`)
			case "ArtifactTypeArtifactCollections":
				return data(`{"project":{"artifactType":{"artifactCollections":{"totalCount":0,"pageInfo":{"hasNextPage":false},"edges":[]}}}}`)
			case "ProjectArtifactCollectionsTotal":
				return data(`{"project":{"artifactCollections":{"totalCount":7}}}`)
			case "ArtifactMembershipFiles":
				if old && strings.Contains(a.Query, "totalCount") {
					return reply(200, `{"errors":[{"message":"Cannot query field \"totalCount\""}]}`), nil
				}
				return data(`{"project":{"artifactCollection":{"artifactMembership":{"files":{"pageInfo":{"hasNextPage":false},"edges":[{"node":{"id":"f","displayName":"a.txt","sizeBytes":3,"directUrl":"http://x/y?sig=1"}}]}}}}}`)
			case "ArtifactMembershipFilesTotal":
				return data(`{"project":{"artifactCollection":{"artifactMembership":{"files":{"totalCount":9}}}}}`)
			}
			return reply(500, a.OperationName), nil
		}}
		c := newClient(t, f)
		refused := func(what string, err error) {
			t.Helper()
			if old != errors.Is(err, ErrUnsupported) || (!old && err != nil) {
				t.Errorf("old %v: %s: %v", old, what, err)
			}
		}
		works := func(what string, err error) {
			t.Helper()
			if err != nil {
				t.Errorf("old %v: %s: %v", old, what, err)
			}
		}
		_, _, err := c.ArtifactCollections("e", "p", "t", nil).Page(ctx)
		works("collections of a type", err)
		if n := f.operations(); !slices.Equal(n, []string{"ArtifactTypeArtifactCollections"}) {
			t.Errorf("asked %v", n)
		}
		_, _, err = c.ArtifactCollections("e", "p", "", nil).Page(ctx)
		works("collections of a project", err)
		n, err := c.ArtifactCollections("e", "p", "", nil).Len(ctx)
		refused("length of the collections of a project", err)
		if !old && n != 7 {
			t.Errorf("length %d", n)
		}
		for _, typeName := range []string{"", "t"} {
			_, _, err = c.ArtifactCollections("e", "p", typeName, &CollectionsOptions{Order: "name"}).Page(ctx)
			refused("order", err)
			_, _, err = c.ArtifactCollections("e", "p", typeName, &CollectionsOptions{Filters: map[string]any{"name": "x"}}).Page(ctx)
			refused("filters", err)
		}
		version := &Artifact{Entity: "e", Project: "p", Collection: "c", Version: "v0", client: c}
		files, _, err := version.Files(nil).Page(ctx)
		works("files", err)
		if len(files) != 1 || files[0].Name != "a.txt" || files[0].Size != 3 {
			t.Errorf("files %+v", files)
		}
		n, err = version.Files(nil).Len(ctx)
		refused("number of files", err)
		if !old && n != 9 {
			t.Errorf("%d files", n)
		}
		if _, _, err := new(Artifact).Files(nil).Page(ctx); !errors.Is(err, ErrInvalid) {
			t.Errorf("files of nothing: %v", err)
		}
	}
}

func TestOptionsThatCannotBeUsed(t *testing.T) {
	f := answering(500, "")
	c := newClient(t, f)
	for name, use := range map[string]func(context.Context) error{
		"order": func(ctx context.Context) error {
			_, _, err := c.Artifacts("e", "p", "t", "c", &ArtifactsOptions{Order: "name desc"}).Page(ctx)
			return err
		},
		"filters": func(ctx context.Context) error {
			_, err := c.Artifacts("e", "p", "t", "c", &ArtifactsOptions{Filters: map[string]any{"f": func() {}}}).Len(ctx)
			return err
		},
		"mode": func(ctx context.Context) error {
			_, err := c.RunArtifacts("e", "p", "r", "eaten", nil).At(ctx, 0)
			return err
		},
		"id":   func(ctx context.Context) error { _, err := c.ArtifactByID(ctx, ""); return err },
		"path": func(ctx context.Context) error { _, err := c.Artifact(ctx, "a/b/c/d"); return err },
	} {
		if err := use(t.Context()); !errors.Is(err, ErrInvalid) || len(f.requests()) != 0 {
			t.Errorf("%s: %v, %d requests", name, err, len(f.requests()))
		}
	}
}

// TestMissing: what is not there is named, part by part.
func TestMissing(t *testing.T) {
	ctx := t.Context()
	list := func(c *Client, typeName string) error {
		_, _, err := c.Artifacts("e", "p", typeName, "c", nil).Page(ctx)
		return err
	}
	for _, tt := range []struct {
		answer string
		ask    func(*Client) error
		says   string
	}{
		{`{"project":null}`, func(c *Client) error { return list(c, "t") }, `no project "p" in entity "e"`},
		{`{"project":{"artifactType":null}}`, func(c *Client) error { return list(c, "t") }, `"e/p" has no artifact type "t"`},
		{`{"project":{"artifactType":{"artifactCollection":null}}}`, func(c *Client) error { return list(c, "t") }, `type "t" in project "e/p" has no collection "c"`},
		{`{"project":{"artifactCollection":null}}`, func(c *Client) error { return list(c, "") }, `project "e/p" has no collection "c"`},
		{`{"project":null}`, func(c *Client) error { _, err := c.ArtifactType("e", "p", "t").ID(ctx); return err }, `no project`},
		{`{"project":{"artifactType":null}}`, func(c *Client) error { _, err := c.ArtifactType("e", "p", "t").ID(ctx); return err }, `no artifact type "t"`},
		{`{"project":null}`, func(c *Client) error { _, err := c.ArtifactTypes("e", "p", nil).Len(ctx); return err }, `no project`},
		{`{"project":{"artifactType":null}}`, func(c *Client) error { _, err := c.ArtifactCollections("e", "p", "t", nil).Len(ctx); return err }, `no artifact type`},
		{`{"project":{"artifactType":{"artifactCollection":null}}}`, func(c *Client) error { return c.ArtifactCollection("e", "p", "t", "c").Delete(ctx) }, `no collection "c"`},
		{`{"project":{"artifactCollectionMembership":null}}`, func(c *Client) error { _, err := c.Artifact(ctx, "e/p/c"); return err }, `no version "latest" in collection "e/p/c"`},
		{`{"artifact":null}`, func(c *Client) error { _, err := c.Artifact(ctx, "QXJ0aWZhY3Q6MTIz"); return err }, `no version with this id`},
		{`{"project":{"run":null}}`, func(c *Client) error { _, _, err := c.RunArtifacts("e", "p", "r", Used, nil).Page(ctx); return err }, `no run "r"`},
		{`{"project":{"run":null}}`, func(c *Client) error { _, err := c.RunArtifacts("e", "p", "r", Logged, nil).Len(ctx); return err }, `no run "r"`},
	} {
		err := tt.ask(newClient(t, answering(200, `{"data":`+tt.answer+`}`)))
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Kind != KindNotFound || !strings.Contains(err.Error(), tt.says) || e.Op == "" || e.Path == "" || e.Next == "" {
			t.Errorf("%s: got %v", tt.answer, err)
		}
	}
	// A list that is left out is not an empty one.
	err := list(newClient(t, answering(200, `{"data":{"project":{"artifactType":{"artifactCollection":{"artifacts":null}}}}}`)), "t")
	if !errors.Is(err, ErrCorrupt) {
		t.Errorf("no list: %v", err)
	}
}
