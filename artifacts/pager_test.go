package artifacts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// numbers is a list of n numbers behind a server that takes a second a page.
type numbers struct {
	n    int
	fail int // the request that fails, counted from 1
	odd  func(PageInfo) PageInfo

	mu       sync.Mutex
	asked    []string // cursors
	counted  int
	inFlight int
}

var errBroken = &Error{Kind: KindUnavailable, Message: "broken"}

func (s *numbers) fetch(ctx context.Context, after string, perPage int) ([]int, PageInfo, error) {
	s.mu.Lock()
	s.asked = append(s.asked, after)
	request := len(s.asked)
	s.inFlight++
	if s.inFlight > 1 {
		s.mu.Unlock()
		return nil, PageInfo{}, errors.New("more than one page at a time")
	}
	s.mu.Unlock()
	defer func() { s.mu.Lock(); s.inFlight--; s.mu.Unlock() }()
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return nil, PageInfo{}, canceled(ctx)
	}
	if request == s.fail {
		return nil, PageInfo{}, errBroken
	}
	from, _ := strconv.Atoi(after)
	to := min(from+perPage, s.n)
	var items []int
	for i := from; i < to; i++ {
		items = append(items, i)
	}
	info := PageInfo{EndCursor: strconv.Itoa(to), HasNextPage: to < s.n}
	if after == "" {
		info.TotalCount = &s.n
	}
	if s.odd != nil {
		info = s.odd(info)
	}
	return items, info, nil
}

func (s *numbers) count(context.Context) (int, error) { s.counted++; return s.n, nil }

func (s *numbers) requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

func (s *numbers) pager(perPage int, after string) *Pager[int] {
	return newPager(list[int]{op: "count", path: "numbers", fetch: s.fetch, count: s.count}, perPage, after)
}

func collect(ctx context.Context, p *Pager[int]) (got []int, errs []error) {
	for v, err := range p.All(ctx) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		got = append(got, v)
	}
	return got, errs
}

func upTo(n int) []int {
	var out []int
	for i := range n {
		out = append(out, i)
	}
	return out
}

func TestPagerAll(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 9, 10, 11, 25} {
		for _, perPage := range []int{1, 2, 10} {
			synctest.Test(t, func(t *testing.T) {
				s := &numbers{n: n}
				p := s.pager(perPage, "")
				if s.requests() != 0 {
					t.Error("a request before the first iteration")
				}
				seq := p.All(t.Context())
				if s.requests() != 0 {
					t.Error("a request before the first iteration")
				}
				_ = seq
				for range 2 { // each range starts again
					got, errs := collect(t.Context(), p)
					if !slices.Equal(got, upTo(n)) || errs != nil {
						t.Errorf("%d by %d: got %v, %v", n, perPage, got, errs)
					}
				}
				if want := 2 * max(1, (n+perPage-1)/perPage); s.requests() != want {
					t.Errorf("%d by %d: %d requests, want %d", n, perPage, s.requests(), want)
				}
			})
		}
	}
}

// TestPagerFetchesAhead: the next page is on its way while the present one is
// used, one at most, and not before the second item.
func TestPagerFetchesAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &numbers{n: 30}
		start := time.Now()
		for i, err := range s.pager(10, "").All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			want := i/10 + 1
			if i%10 > 0 && i < 20 {
				want++
			}
			if s.requests() != want {
				t.Fatalf("item %d: %d requests, want %d", i, s.requests(), want)
			}
			time.Sleep(time.Second)
		}
		// 30 s of use and one page waited for; without looking ahead it were 33.
		if took := time.Since(start); took != 31*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

// TestPagerBreak: leaving the loop asks for nothing more, cancels what is on
// its way and leaves no goroutine (synctest fails if one is left).
func TestPagerBreak(t *testing.T) {
	for stop, want := range map[int]int{0: 1, 1: 2, 9: 2, 10: 2, 11: 3} {
		synctest.Test(t, func(t *testing.T) {
			s := &numbers{n: 100}
			start := time.Now()
			for i, err := range s.pager(10, "").All(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				if i == stop {
					synctest.Wait()
					break
				}
			}
			synctest.Wait()
			if s.requests() != want {
				t.Errorf("left at %d: %d requests, want %d", stop, s.requests(), want)
			}
			if took, most := time.Since(start), time.Duration(stop/10+1)*time.Second; took > most {
				t.Errorf("left at %d: waited %s for a page that nobody wants", stop, took-most)
			}
			time.Sleep(time.Minute)
			if s.requests() != want {
				t.Errorf("left at %d: %d requests a minute later", stop, s.requests())
			}
		})
	}
	synctest.Test(t, func(t *testing.T) { // a panic leaves none either
		s := &numbers{n: 100}
		defer func() { _ = recover() }()
		for i := range s.pager(10, "").All(t.Context()) {
			if i == 5 {
				panic("the loop's own")
			}
		}
	})
}

func TestPagerError(t *testing.T) {
	for fail, items := range map[int]int{1: 0, 2: 10, 3: 20} {
		synctest.Test(t, func(t *testing.T) {
			s := &numbers{n: 100, fail: fail}
			p := s.pager(10, "")
			got, errs := collect(t.Context(), p)
			if len(got) != items || len(errs) != 1 || errs[0] != error(errBroken) {
				t.Errorf("failing at %d: %d items, %v", fail, len(got), errs)
			}
			if s.requests() != fail {
				t.Errorf("failing at %d: %d requests", fail, s.requests())
			}
			got, errs = collect(t.Context(), p)
			if len(got) != 100 || errs != nil {
				t.Errorf("again after failing at %d: %d items, %v", fail, len(got), errs)
			}
		})
	}
}

func TestPagerContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &numbers{n: 100}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var got []int
		var last error
		for v, err := range s.pager(10, "").All(ctx) {
			if err != nil {
				last = err
				continue
			}
			if got = append(got, v); v == 3 {
				cancel()
			}
		}
		if !slices.Equal(got, upTo(4)) || !errors.Is(last, ErrCanceled) || !errors.Is(last, context.Canceled) {
			t.Errorf("got %v, %v", got, last)
		}
		var e *Error
		if errors.As(last, &e); e == nil || e.Op != "count" || e.Path != "numbers" {
			t.Errorf("got %+v", e)
		}
		n := s.requests()
		if _, errs := collect(ctx, s.pager(10, "")); len(errs) != 1 || !errors.Is(errs[0], ErrCanceled) || s.requests() != n {
			t.Errorf("from the start: %v, %d requests", errs, s.requests()-n)
		}
	})
}

// TestPagerCircles: cursors that lead nowhere new end the walk after the items
// that came.
func TestPagerCircles(t *testing.T) {
	for name, odd := range map[string]func(PageInfo) PageInfo{
		"none":     func(PageInfo) PageInfo { return PageInfo{HasNextPage: true} },
		"the same": func(PageInfo) PageInfo { return PageInfo{EndCursor: "10", HasNextPage: true} },
		"a circle": func(p PageInfo) PageInfo {
			switch p.EndCursor {
			case "30":
				p.EndCursor = "10"
			case "3000":
				p.EndCursor = "1000"
			}
			return p
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &numbers{n: 10_000, odd: odd}
			got, errs := collect(t.Context(), s.pager(10, ""))
			if len(errs) != 1 || !errors.Is(errs[0], ErrCorrupt) || len(got) == 0 || len(got) > 30 {
				t.Errorf("%s: %d items, %v", name, len(got), errs)
			}
			p := s.pager(10, "")
			p.count = nil
			if _, err := p.Len(t.Context()); !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s: Len: %v", name, err)
			}
			if _, err := p.At(t.Context(), 99); !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s: At: %v", name, err)
			}
		})
	}
}

// TestPagerEmptyPages: a page from which everything was filtered is not the end.
func TestPagerEmptyPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &numbers{n: 50}
		p := newPager(list[int]{fetch: func(ctx context.Context, after string, perPage int) ([]int, PageInfo, error) {
			items, info, err := s.fetch(ctx, after, perPage)
			return slices.DeleteFunc(items, func(i int) bool { return i < 40 }), info, err
		}}, 10, "")
		got, errs := collect(t.Context(), p)
		if len(got) != 10 || errs != nil {
			t.Errorf("got %v, %v", got, errs)
		}
		if v, err := p.At(t.Context(), 0); v != 40 || err != nil {
			t.Errorf("At(0) = %d, %v", v, err)
		}
	})
}

func TestPagerPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		s := &numbers{n: 25}
		p := s.pager(10, "")
		var got []int
		info := PageInfo{HasNextPage: true}
		for info.HasNextPage {
			items, next, err := p.PageAfter(ctx, info.EndCursor)
			if err != nil {
				t.Fatal(err)
			}
			if (next.TotalCount != nil) != (info.EndCursor == "") {
				t.Errorf("total %v behind %q", next.TotalCount, info.EndCursor)
			}
			got, info = append(got, items...), next
			if p.Cursor() != info.EndCursor {
				t.Errorf("cursor %q, want %q", p.Cursor(), info.EndCursor)
			}
		}
		if !slices.Equal(got, upTo(25)) || s.requests() != 3 {
			t.Errorf("got %v in %d requests", got, s.requests())
		}
		// To resume is to make the list again.
		items, _, err := s.pager(10, "10").Page(ctx)
		if err != nil || !slices.Equal(items, upTo(20)[10:]) {
			t.Errorf("resumed: %v, %v", items, err)
		}
		got, errs := collect(ctx, s.pager(10, "20"))
		if !slices.Equal(got, upTo(25)[20:]) || errs != nil {
			t.Errorf("resumed: %v, %v", got, errs)
		}
	})
}

// TestPagerCursor: it is that of the page in use, not of the one fetched ahead.
func TestPagerCursor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &numbers{n: 30}
		p := s.pager(10, "")
		if p.Cursor() != "" || s.pager(10, "7").Cursor() != "7" {
			t.Errorf("unused: %q, %q", p.Cursor(), s.pager(10, "7").Cursor())
		}
		for i, err := range p.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if want := strconv.Itoa(i/10*10 + 10); p.Cursor() != want {
				t.Errorf("at %d: %q, want %q", i, p.Cursor(), want)
			}
		}
	})
}

func TestPagerLen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		s := &numbers{n: 2500}
		p := s.pager(10, "")
		for range 2 {
			if n, err := p.Len(ctx); n != 2500 || err != nil || s.requests() != 0 || s.counted != 1 {
				t.Errorf("alone: %d, %v, %d pages, %d counts", n, err, s.requests(), s.counted)
			}
		}
		p = s.pager(10, "")
		if _, _, err := p.Page(ctx); err != nil {
			t.Fatal(err)
		}
		if n, err := p.Len(ctx); n != 2500 || err != nil || s.requests() != 1 || s.counted != 1 {
			t.Errorf("after a page: %d, %v, %d pages, %d counts", n, err, s.requests(), s.counted)
		}
		// A list that only walking can count is walked in large pages, whole.
		s = &numbers{n: 2500}
		p = s.pager(10, "2000")
		p.count = nil
		for range 2 {
			if n, err := p.Len(ctx); n != 2500 || err != nil || s.requests() != 3 {
				t.Errorf("walking: %d, %v, %d pages", n, err, s.requests())
			}
		}
	})
}

func TestPagerAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		s := &numbers{n: 25}
		p := s.pager(10, "")
		for _, tt := range []struct{ i, requests int }{{0, 1}, {9, 1}, {10, 2}, {3, 2}, {24, 3}} {
			if v, err := p.At(ctx, tt.i); v != tt.i || err != nil || s.requests() != tt.requests {
				t.Errorf("At(%d) = %d, %v after %d requests, want %d", tt.i, v, err, s.requests(), tt.requests)
			}
		}
		if _, err := p.At(ctx, 25); !errors.Is(err, ErrNotFound) || s.requests() != 3 {
			t.Errorf("behind the end: %v, %d requests", err, s.requests())
		}
		if _, err := p.At(ctx, -1); !errors.Is(err, ErrInvalid) {
			t.Errorf("before the start: %v", err)
		}
		// Many at once load each page once.
		s = &numbers{n: 100}
		p = s.pager(10, "")
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				if v, err := p.At(ctx, i); v != i || err != nil {
					t.Errorf("At(%d) = %d, %v", i, v, err)
				}
			})
		}
		wg.Wait()
		if s.requests() != 10 {
			t.Errorf("%d requests", s.requests())
		}
		// A waiter is not held up by the one that loads.
		s = &numbers{n: 100}
		p = s.pager(10, "")
		wg.Go(func() { _, _ = p.At(ctx, 99) })
		synctest.Wait()
		short, cancel := context.WithTimeout(ctx, time.Second/2)
		defer cancel()
		if _, err := p.At(short, 0); !errors.Is(err, ErrCanceled) {
			t.Errorf("waiting: %v", err)
		}
		wg.Wait()
	})
}

func TestPagerConcurrentWalks(t *testing.T) {
	s := &numbers{n: 30}
	p := newPager(list[int]{fetch: func(ctx context.Context, after string, perPage int) ([]int, PageInfo, error) {
		from, _ := strconv.Atoi(after)
		items := upTo(s.n)[from:min(from+perPage, s.n)]
		return items, PageInfo{EndCursor: strconv.Itoa(from + perPage), HasNextPage: from+perPage < s.n}, nil
	}}, 10, "")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if got, errs := collect(t.Context(), p); !slices.Equal(got, upTo(30)) || errs != nil {
					t.Errorf("got %v, %v", got, errs)
				}
				_ = p.Cursor()
				_, _ = p.Len(t.Context())
			}
		})
	}
	wg.Wait()
}

func TestPagerOptions(t *testing.T) {
	s := &numbers{n: 1}
	if n := s.pager(0, "").PerPage(); n != DefaultPerPage {
		t.Errorf("per page %d", n)
	}
	p := s.pager(-1, "")
	_, errs := collect(t.Context(), p)
	_, _, pageErr := p.Page(t.Context())
	_, lenErr := p.Len(t.Context())
	_, atErr := p.At(t.Context(), 0)
	for _, err := range append(errs, pageErr, lenErr, atErr) {
		if !errors.Is(err, ErrInvalid) {
			t.Errorf("got %v", err)
		}
	}
	if len(errs) != 1 || s.requests() != 0 || s.counted != 0 {
		t.Errorf("%d errors, %d requests", len(errs), s.requests())
	}
	_ = fmt.Sprint(p)
}
