package sqlite

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/reliquary/reliquary/artifacts/server/metadata"
)

// named makes a project, which is there or not afterwards.
func named(name string, then error) func(session) error {
	return func(q session) error {
		if err := run(context.Background(), q, "INSERT INTO projects (entity_id, name, description, created_at, updated_at) SELECT id, ?, '', 0, 0 FROM entities WHERE name = 'ann'", name); err != nil {
			return err
		}
		return then
	}
}

// TestGroup holds that writers who share a transaction are told nothing before
// it is durable, and that each of them is whole or not there, whatever the others do.
func TestGroup(t *testing.T) {
	s := sample(t)
	ctx := t.Context()
	there := func(name string) bool {
		t.Helper()
		_, err := s.Project(ctx, "ann", name)
		if err != nil && !metadata.IsNotFound(err) {
			t.Fatal(err)
		}
		return err == nil
	}
	join := func(ctx context.Context, f func(session) error) (*group, error) {
		s.writing <- struct{}{}
		defer s.leave()
		return s.join(ctx, f)
	}
	refused := errors.New("refused")
	canceled, cancel := context.WithCancel(ctx)

	// Who begins and fails leaves no group.
	if _, err := join(ctx, named("nobody", refused)); err != refused || s.group != nil {
		t.Fatalf("got %v and the group %v", err, s.group)
	}
	first, err := join(ctx, named("first", nil))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := join(ctx, named("second", refused)); err != refused {
		t.Errorf("got %v, want what the function said", err)
	}
	_, err = join(canceled, func(q session) error {
		cancel()
		return named("third", nil)(q) // an ended context interrupts no statement of a group
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it is canceled", err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was lost")
			}
		}()
		_, _ = join(ctx, func(q session) error {
			_ = named("fourth", nil)(q)
			panic("boom")
		})
	}()
	fifth, err := join(ctx, named("fifth", nil))
	if err != nil || fifth != first {
		t.Fatalf("the fifth is not with the first: %v", err)
	}
	if there("first") || there("fifth") {
		t.Error("something is seen before it is durable")
	}
	select {
	case <-first.ended:
		t.Error("the group has ended before anybody waited for it")
	default:
	}
	if err := s.await(fifth); err != nil {
		t.Fatal(err)
	}
	if err := s.await(first); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"first", "fifth"} {
		if !there(name) {
			t.Errorf("%s is not there", name)
		}
	}
	for _, name := range []string{"nobody", "second", "third", "fourth"} {
		if there(name) {
			t.Errorf("%s is there", name)
		}
	}

	// What takes long does not join.
	sixth, err := join(ctx, named("sixth", nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.writeAlone(ctx, func(q session) error {
		select {
		case <-sixth.ended:
		default:
			t.Error("the group still waits")
		}
		return named("alone", nil)(q)
	}); err != nil || !there("alone") {
		t.Error(err)
	}

	// SQLite may roll all back when one fails: then all have failed.
	seventh, err := join(ctx, named("seventh", nil))
	if err != nil {
		t.Fatal(err)
	}
	_, err = join(ctx, func(q session) error {
		if err := run(ctx, q, "ROLLBACK"); err != nil {
			t.Fatal(err)
		}
		return refused
	})
	if !errors.Is(err, refused) {
		t.Error(err)
	}
	if err := s.await(seventh); err == nil || there("seventh") {
		t.Errorf("what was rolled back is acknowledged: %v", err)
	}
	if _, _, err := s.EnsureProject(ctx, "ann", "after"); err != nil {
		t.Error(err)
	}

	// Closing waits for nobody, and lets nobody down.
	last, err := join(ctx, named("last", nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.await(last); err != nil {
		t.Error(err)
	}
	if _, err := join(ctx, named("late", nil)); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("got %v, want that it is closed", err)
	}
	again, err := Open(ctx, s.path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if _, err := again.Project(ctx, "ann", "last"); err != nil {
		t.Error(err)
	}
}
