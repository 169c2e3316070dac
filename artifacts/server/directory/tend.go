package directory

import (
	"context"
	"time"
)

// tendEvery is how often Tend looks. Nobody waits for it: every question
// deletes what has expired before it is answered.
const tendEvery = time.Minute

// Tend deletes versions whose time to live has ended, until ctx ends, so that
// they go on time also where nobody asks. Whoever serves a registry calls it.
func (d *Directory) Tend(ctx context.Context) {
	tick := time.NewTicker(tendEvery)
	defer tick.Stop()
	for {
		if n, err := d.Metadata.Expire(ctx); err != nil && ctx.Err() == nil {
			d.log.WarnContext(ctx, "versions whose time to live has ended could not be deleted", "path", d.Path, "error", err)
		} else if n > 0 {
			d.log.InfoContext(ctx, "deleted versions whose time to live has ended", "path", d.Path, "versions", n)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
