package artifacts

import (
	"context"
	"sync"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

type pageEndKey struct{}

// WithPageEnd returns a context to fetch one page of versions with. Where another
// page follows, tell gets its cursor as soon as the server's answer has come, while
// this page is still to be read: whoever wants both can ask for the next one
// meanwhile. The page itself may still turn out to be unreadable.
//
// tell is called at most once, before the page is returned, and must be quick.
// It is not called on the last page, nor by lists of anything but the versions of
// a collection.
func WithPageEnd(ctx context.Context, tell func(cursor string)) context.Context {
	var once sync.Once // an answer can come again
	return context.WithValue(ctx, pageEndKey{}, func(cursor string) { once.Do(func() { tell(cursor) }) })
}

// tellPageEnd tells whoever wants to know that the answer to a question has come,
// and where the page in it ends.
func tellPageEnd(ctx context.Context, op wire.Op, answer []byte) {
	tell, ok := ctx.Value(pageEndKey{}).(func(string))
	if !ok || op.Name != wire.ProjectArtifactsName {
		return
	}
	if info, ok := wire.PeekPageInfo(answer); ok && info.HasNextPage && text(info.EndCursor) != "" {
		tell(*info.EndCursor)
	}
}
