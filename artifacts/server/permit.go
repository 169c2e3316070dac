package server

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/reliquary/reliquary/artifacts/server/access"
	"github.com/reliquary/reliquary/artifacts/server/metadata"
	"github.com/reliquary/reliquary/artifacts/server/transfer"
)

// RevocationTime is how long a signed address goes on working at most when the
// user whom it was made for has lost the right to what it is for: has left the
// team, has another role, or has no key any more. Everything else that a user
// asks for is decided anew with each request.
const RevocationTime = 5 * time.Second

// maxPermits bounds how many users' rights are remembered.
const maxPermits = 1000

// permits decides whether signed addresses are still good. A page of files is
// fetched by thousands of them, so that the rights of a user are remembered for
// RevocationTime. It is safe for concurrent use.
type permits struct {
	store metadata.Store
	now   metadata.Clock

	mu    sync.Mutex
	users map[int64]permit
}

type permit struct {
	viewer *access.Viewer
	err    error // KindDenied: the user is no user any more
	until  time.Time
}

func newPermits(store metadata.Store, now metadata.Clock) *permits {
	return &permits{store: store, now: now, users: make(map[int64]permit)}
}

// check fails with KindDenied when the holder may not upload to, or download
// from, the place that an address was made for.
func (p *permits) check(ctx context.Context, h transfer.Holder, upload bool) error {
	v, err := p.viewer(ctx, h.UserID)
	if err != nil {
		return err
	}
	may := v.MayFetch
	if upload {
		may = v.MayWrite
	}
	ok, err := may(ctx, h.EntityID, h.ProjectID)
	if err == nil && !ok {
		err = &metadata.Error{Kind: metadata.KindDenied, Message: fmt.Sprintf("permission denied: '%s' has lost the right that this address was made by", v.User.Username)}
	}
	return err
}

func (p *permits) viewer(ctx context.Context, id int64) (*access.Viewer, error) {
	now := p.now()
	p.mu.Lock()
	known, ok := p.users[id]
	p.mu.Unlock()
	if ok && now.Before(known.until) {
		return known.viewer, known.err
	}
	u, err := p.store.ActiveUser(ctx, id)
	if err != nil && metadata.KindOf(err) != metadata.KindDenied {
		return nil, err
	}
	known = permit{err: err, until: now.Add(RevocationTime)}
	if err == nil {
		known.viewer = access.NewViewer(p.store, u)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.users) >= maxPermits {
		clear(p.users)
	}
	p.users[id] = known
	return known.viewer, known.err
}
