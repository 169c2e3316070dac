package graph

import (
	"context"
	"sync"
)

// A lazy value is loaded once, when it is first asked for, by whoever asks
// first. Things that come in one answer share lazy values that are loaded for
// all of them at once: a page of fifty versions asks for its aliases in one
// query, and only if somebody selected them. It is safe for concurrent use.
type lazy[T any] struct {
	once  sync.Once
	value T
	err   error
}

func (l *lazy[T]) get(load func() (T, error)) (T, error) {
	l.once.Do(func() { l.value, l.err = load() })
	return l.value, l.err
}

// set gives the value in advance.
func (l *lazy[T]) set(v T) { l.once.Do(func() { l.value = v }) }

// A loader is a lazy map for a known set of keys.
type loader[K comparable, V any] struct {
	lazy[map[K]V]
}

func (l *loader[K, V]) of(ctx context.Context, k K, keys func() []K, load func(context.Context, []K) (map[K]V, error)) (V, error) {
	m, err := l.get(func() (map[K]V, error) { return load(ctx, keys()) })
	return m[k], err
}

// byID makes a map of a list.
func byID[T any](list []T, err error, id func(T) int64) (map[int64]T, error) {
	if err != nil {
		return nil, err
	}
	m := make(map[int64]T, len(list))
	for _, v := range list {
		m[id(v)] = v
	}
	return m, nil
}

// unique returns the ids without repetitions and zeros, in the order of their
// first appearance.
func unique(ids []int64) []int64 {
	seen := make(map[int64]bool, len(ids))
	out := ids[:0:0]
	for _, id := range ids {
		if id != 0 && !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}
