package artifacts

import "context"

// WithPageEnd returns a context to fetch one page of versions with. Where another
// page follows, its cursor is sent to end as soon as the server's answer has come,
// while this one is still read: whoever wants both can ask for the next one
// meanwhile. The page itself may still turn out to be unreadable.
//
// end needs room for one cursor. Nothing is sent on the last page, nor by lists of
// anything but the versions of a collection.
func WithPageEnd(ctx context.Context, end chan string) context.Context {
	return context.WithValue(ctx, earlyKey{}, end)
}
