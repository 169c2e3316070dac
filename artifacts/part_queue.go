package artifacts

import (
	"encoding/json"
	"sync"
)

// A partQueue gives out the parts of a large file, each of pullPart bytes but
// the last, and knows what of them is there.
type partQueue struct {
	size int64
	// tell, if not nil, is told what is there, now and then and not in order.
	tell func(partState)

	mu     sync.Mutex
	news   sync.Cond
	given  int     // all parts before it were given out
	done   []int64 // bytes from the start of each part that are there
	first  int     // the first part that is not whole
	untold int64
	ended  bool
}

// A partState is what of a file is there: the parts before Whole, and so many
// bytes of each from there on.
type partState struct {
	Whole int     `json:"whole"`
	Bytes []int64 `json:"bytes"`
}

// tellEvery is after how many bytes a state is told again.
const tellEvery = 8 << 20

// newPartQueue makes the queue of a file that is there as far as its state
// says. fileSize is how much the file can hold of that.
func newPartQueue(size, fileSize int64, state partState) *partQueue {
	q := &partQueue{size: size, done: make([]int64, (size+pullPart-1)/pullPart)}
	q.news.L = &q.mu
	for i := range q.done {
		from, end := q.bounds(i)
		switch at := i - state.Whole; {
		case at < 0:
			q.done[i] = end - from
		case at < len(state.Bytes):
			q.done[i] = state.Bytes[at]
		}
		if q.done[i] < 0 || q.done[i] > end-from || (q.done[i] > 0 && from+q.done[i] > fileSize) {
			q.done[i] = 0
		}
	}
	return q
}

func (q *partQueue) bounds(i int) (from, end int64) {
	from = int64(i) * pullPart
	return from, min(from+pullPart, q.size)
}

// whole reports whether a part is there. The lock is held.
func (q *partQueue) whole(i int) bool {
	from, end := q.bounds(i)
	return q.done[i] == end-from
}

// next gives out a part that is not there, in order.
func (q *partQueue) next() (int, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.ended && q.given < len(q.done) {
		q.given++
		if !q.whole(q.given - 1) {
			return q.given - 1, true
		}
	}
	return 0, false
}

// left is what is not there of a part.
func (q *partQueue) left(i int) (from, end int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	from, end = q.bounds(i)
	return from + q.done[i], end
}

// moved is how much of the file is there.
func (q *partQueue) moved() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	var n int64
	for _, d := range q.done {
		n += d
	}
	return n
}

// wrote notes that more of a part is in the file.
func (q *partQueue) wrote(i int, n int64) {
	q.mu.Lock()
	q.done[i] += n
	q.untold += n
	if i == q.first {
		q.news.Broadcast()
	}
	told := q.untold >= tellEvery && q.tell != nil
	var state partState
	if told {
		q.untold = 0
		state = q.state()
	}
	q.mu.Unlock()
	if told {
		q.tell(state)
	}
}

// state is what is there. The lock is held.
func (q *partQueue) state() partState {
	var s partState
	for s.Whole < len(q.done) && q.whole(s.Whole) {
		s.Whole++
	}
	last := len(q.done)
	for last > s.Whole && q.done[last-1] == 0 {
		last--
	}
	s.Bytes = append(s.Bytes, q.done[s.Whole:last]...)
	return s
}

// now is what is there.
func (q *partQueue) now() partState {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.state()
}

// wait waits until the file is whole from its start to beyond at, and says how
// far. It reports false when no more will come.
func (q *partQueue) wait(at int64) (int64, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		for q.first < len(q.done) && q.whole(q.first) {
			q.first++
		}
		to := min(int64(q.first)*pullPart, q.size)
		if q.first < len(q.done) {
			to += q.done[q.first]
		}
		if to > at {
			return to, true
		}
		if q.ended {
			return 0, false
		}
		q.news.Wait()
	}
}

// giveUp ends all waiting.
func (q *partQueue) giveUp() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
	q.news.Broadcast()
}

// stateSize is the size of a state in its file: one write replaces it.
const stateSize = 1024

// encode writes a state in stateSize bytes, leaving out parts from the end if
// there are more than that holds.
func (s partState) encode() []byte {
	out := make([]byte, stateSize)
	for {
		text, err := json.Marshal(s)
		if err == nil && len(text) < stateSize {
			copy(out, text)
			for i := len(text); i < stateSize; i++ {
				out[i] = ' '
			}
			return out
		}
		s.Bytes = s.Bytes[:len(s.Bytes)/2]
	}
}

func decodeState(text []byte) partState {
	var s partState
	if json.Unmarshal(text, &s) != nil || s.Whole < 0 {
		return partState{}
	}
	return s
}
