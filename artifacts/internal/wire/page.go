package wire

import (
	"bytes"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Page asks for part of a connection.
type Page struct {
	First     int
	After     string // "" for the start
	WithTotal bool   // ask for the whole list's length too
}

// vars adds the page's variables to v. Its names are those of every connection here.
func (p Page) vars(v Vars) Vars {
	v["perPage"] = &p.First
	v["cursor"] = optional(p.After)
	return v
}

// counted is vars for a connection that can be asked for its length.
func (p Page) counted(v Vars) Vars {
	v["withTotal"] = p.WithTotal
	return p.vars(v)
}

// PageInfo is Relay's.
type PageInfo struct {
	EndCursor   *string `json:"endCursor"`
	HasNextPage bool    `json:"hasNextPage"`
}

// PeekPageInfo finds the first PageInfo of an answer without reading the rest:
// a string in it cannot hold what is looked for, as it has no bare quotes.
func PeekPageInfo(answer []byte) (PageInfo, bool) {
	_, at, ok := bytes.Cut(answer, []byte(`"pageInfo":`))
	if !ok {
		return PageInfo{}, false
	}
	var info *PageInfo
	if err := json.UnmarshalDecode(jsontext.NewDecoder(bytes.NewBuffer(at[:min(len(at), 64<<10)])), &info, tolerant); err != nil || info == nil {
		return PageInfo{}, false
	}
	return *info, true
}

// An Edge holds a node that the server may have left out.
type Edge[N any] struct {
	Node *N `json:"node"`
}

// Nodes is a connection without its length.
type Nodes[N any] struct {
	PageInfo PageInfo  `json:"pageInfo"`
	Edges    []Edge[N] `json:"edges"`
}

// Counted is a connection whose length is asked for where $withTotal says so:
// counting is not free for a server, and the length is needed once per list.
type Counted[N any] struct {
	TotalCount *int `graphql:"totalCount @include(if: $withTotal)" json:"totalCount"`
	Nodes[N]
}

// Total is a connection's length alone.
type Total struct {
	TotalCount *int `json:"totalCount"`
}

// Name is an object of which only the name is asked for.
type Name struct {
	Name string `json:"name"`
}

// Tags is a connection of tags.
type Tags struct {
	Edges []Edge[Name] `json:"edges"`
}

// Project is the place that a collection lies in.
type Project struct {
	Name   string `json:"name"`
	Entity Name   `json:"entity"`
}
