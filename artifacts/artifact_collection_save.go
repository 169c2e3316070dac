package artifacts

import (
	"context"
	"slices"
	"strings"

	"github.com/reliquary/reliquary/artifacts/internal/wire"
)

// SetName renames the collection at the next Save. KindInvalid if no
// collection can have that name.
func (a *ArtifactCollection) SetName(name string) error {
	if err := checkCollectionName(name); err != nil {
		return located("rename artifact collection", a.Path(), err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.set.name = &name
	return nil
}

// SetDescription describes the collection at the next Save.
func (a *ArtifactCollection) SetDescription(text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.set.description = &text
}

// SetTags replaces the collection's tags at the next Save. Repeated ones count
// once. KindInvalid if one of them cannot be a tag.
func (a *ArtifactCollection) SetTags(tags []string) error {
	tags, err := checkTags(tags)
	if err != nil {
		return located("tag artifact collection", a.Path(), err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.set.tags = &tags
	return nil
}

// SetType moves the collection to another type at the next Save. Only
// sequences can move: KindInvalid for what is known to be a portfolio (Save
// finds out about the others), and for a type that W&B keeps for itself.
func (a *ArtifactCollection) SetType(typeName string) error {
	const op = "change the type of artifact collection"
	if err := checkType(typeName, a.Name()); err != nil {
		return located(op, a.Path(), err)
	}
	if saved, ok := a.peek(); ok && saved.Kind != Sequence {
		return located(op, a.Path(), onlySequences())
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.set.typeName = &typeName
	return nil
}

func onlySequences() *Error {
	return &Error{
		Kind:    KindInvalid,
		Message: "it is a portfolio, and only sequences can change their type",
		Next:    "make a portfolio of the other type and link the versions to it",
	}
}

// Changed reports whether something was set and not yet saved.
func (a *ArtifactCollection) Changed() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.set != changes{}
}

// Save sends what setters changed, and nothing if that is nothing: name and
// description (W&B: UpdateArtifactSequence or UpdateArtifactPortfolio), then
// the type (UpdateArtifactSequenceType), then added and removed tags
// (AddArtifactCollectionTags, DeleteArtifactCollectionTags). W&B has no
// transaction around these: when one fails, the earlier ones stand and are not
// sent again by the next Save, and the error says so.
func (a *ArtifactCollection) Save(ctx context.Context) error {
	const op = "save artifact collection"
	if err := a.turn.enter(ctx); err != nil {
		return located(op, a.Path(), err)
	}
	defer a.turn.leave()
	if !a.Changed() {
		return nil
	}
	saved, err := a.loadedInTurn(ctx)
	if err != nil {
		return err
	}
	a.mu.Lock()
	set := a.set
	a.mu.Unlock()
	s := saving{a: a, saved: saved, set: set, path: a.Path()}
	for _, step := range []struct {
		what string
		do   func(context.Context) (bool, error)
	}{
		{"type", s.checkType}, // first of all: it costs nothing
		{"name and description", s.update},
		{"type", s.move},
		{"new tags", s.addTags},
		{"removed tags", s.removeTags},
	} {
		sent, err := step.do(ctx)
		if err != nil {
			return s.failed(ctx, op, step.what, err)
		}
		if sent {
			s.done = append(s.done, step.what)
		}
	}
	a.forget(set)
	return nil
}

// forget takes back what was set and is now saved, unless it was set anew meanwhile.
func (a *ArtifactCollection) forget(set changes) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range []struct{ now, then **string }{
		{&a.set.name, &set.name}, {&a.set.description, &set.description}, {&a.set.typeName, &set.typeName},
	} {
		if *p.now == *p.then {
			*p.now = nil
		}
	}
	if a.set.tags == set.tags {
		a.set.tags = nil
	}
}

// A saving is one Save under way. Each step sends one difference between what
// was set and what is saved, says whether it sent anything, and notes what the
// server then has.
type saving struct {
	a     *ArtifactCollection
	saved ArtifactCollectionAttrs
	set   changes
	path  string
	done  []string
}

// failed says what was saved before the step that was not.
func (s *saving) failed(ctx context.Context, op, what string, err error) error {
	e := s.a.client.fail(ctx, op, s.path, err).(*Error)
	if len(s.done) > 0 {
		e.Message = "the " + strings.Join(s.done, ", the ") + " were saved, the " + what + " not: " + e.Message
		e.Next = strings.TrimPrefix(e.Next+"; Save again to send the rest", "; ")
	}
	return e
}

// keep notes the state after a step.
func (s *saving) keep(answer *wire.ArtifactCollection, otherwise func(*ArtifactCollectionAttrs)) error {
	if answer == nil {
		otherwise(&s.saved)
	} else {
		attrs, err := toCollectionAttrs(answer)
		if err != nil {
			return err
		}
		s.saved = attrs
	}
	s.a.adopt(s.saved)
	return nil
}

func (s *saving) checkType(context.Context) (bool, error) {
	if s.set.typeName == nil || *s.set.typeName == s.saved.Type {
		return false, nil
	}
	if s.saved.Kind != Sequence {
		return false, onlySequences()
	}
	return false, checkMove(s.saved, *s.set.typeName)
}

// checkMove refuses to change to or from a type that W&B keeps for itself.
func checkMove(saved ArtifactCollectionAttrs, to string) error {
	if err := checkType(to, saved.Name); err != nil {
		return err
	}
	if err := checkType(saved.Type, saved.Name); err != nil {
		return invalid("its type %q is internal and cannot be changed", saved.Type)
	}
	return nil
}

func (s *saving) update(ctx context.Context) (bool, error) {
	name, description := s.set.name, s.set.description
	if name != nil && *name == s.saved.Name {
		name = nil
	}
	if description != nil && *description == text(s.saved.Description) {
		description = nil
	}
	if name == nil && description == nil {
		return false, nil
	}
	id, sender := wire.ID(s.saved.ID), s.a.client.sender
	var answer *wire.ArtifactCollection
	var err error
	if s.saved.Kind == Sequence {
		answer, err = wire.UpdateSequence(ctx, sender, wire.UpdateArtifactSequenceInput{ArtifactSequenceID: id, Name: name, Description: description})
	} else {
		answer, err = wire.UpdatePortfolio(ctx, sender, wire.UpdateArtifactPortfolioInput{ArtifactPortfolioID: id, Name: name, Description: description})
	}
	if err != nil {
		return false, err
	}
	return true, s.keep(answer, func(attrs *ArtifactCollectionAttrs) {
		if name != nil {
			attrs.Name = *name
		}
		if description != nil {
			attrs.Description = description
		}
	})
}

func (s *saving) move(ctx context.Context) (bool, error) {
	if s.set.typeName == nil || *s.set.typeName == s.saved.Type {
		return false, nil
	}
	to := *s.set.typeName
	answer, err := wire.MoveSequence(ctx, s.a.client.sender, wire.MoveArtifactSequenceInput{
		ArtifactSequenceID: wire.ID(s.saved.ID), DestinationArtifactTypeName: to,
	})
	if err != nil {
		return false, err
	}
	return true, s.keep(answer, func(attrs *ArtifactCollectionAttrs) { attrs.Type = to })
}

// Tags are addressed by the collection's name, which is by now the new one.

func (s *saving) addTags(ctx context.Context) (bool, error) {
	if s.set.tags == nil {
		return false, nil
	}
	return s.eachTags(without(*s.set.tags, s.saved.Tags), func(tags []wire.TagInput) error {
		return wire.AddCollectionTags(ctx, s.a.client.sender, wire.CreateArtifactCollectionTagAssignmentsInput{
			EntityName: s.saved.Entity, ProjectName: s.saved.Project, ArtifactCollectionName: s.saved.Name, Tags: tags,
		})
	}, func(names []string) { s.saved.Tags = append(slices.Clone(s.saved.Tags), names...) })
}

func (s *saving) removeTags(ctx context.Context) (bool, error) {
	if s.set.tags == nil {
		return false, nil
	}
	return s.eachTags(without(s.saved.Tags, *s.set.tags), func(tags []wire.TagInput) error {
		return wire.DeleteCollectionTags(ctx, s.a.client.sender, wire.DeleteArtifactCollectionTagAssignmentsInput{
			EntityName: s.saved.Entity, ProjectName: s.saved.Project, ArtifactCollectionName: s.saved.Name, Tags: tags,
		})
	}, func(names []string) { s.saved.Tags = without(s.saved.Tags, names) })
}

// eachTags sends tags in as many calls as W&B's limit wants.
func (s *saving) eachTags(names []string, send func([]wire.TagInput) error, note func([]string)) (bool, error) {
	sent := false
	for part := range slices.Chunk(names, wire.MaxTagsPerCall) {
		tags := make([]wire.TagInput, len(part))
		for i, n := range part {
			tags[i] = wire.TagInput{TagName: n}
		}
		if err := send(tags); err != nil {
			return sent, err
		}
		sent = true
		note(part)
		s.a.adopt(s.saved)
	}
	return sent, nil
}

// without returns the strings of a that are not in b.
func without(a, b []string) []string {
	out := []string{}
	for _, s := range a {
		if !slices.Contains(b, s) {
			out = append(out, s)
		}
	}
	return out
}

// ChangeType moves a sequence to another type at once (W&B:
// UpdateArtifactSequenceType). What else was set stays unsaved.
//
// Deprecated: use SetType and Save.
func (a *ArtifactCollection) ChangeType(ctx context.Context, newType string) error {
	const op = "change the type of artifact collection"
	if err := a.turn.enter(ctx); err != nil {
		return located(op, a.Path(), err)
	}
	defer a.turn.leave()
	saved, err := a.loadedInTurn(ctx)
	if err != nil {
		return err
	}
	if saved.Kind != Sequence {
		return located(op, a.Path(), onlySequences())
	}
	if err := checkMove(saved, newType); err != nil {
		return located(op, a.Path(), err)
	}
	s := saving{a: a, saved: saved, set: changes{typeName: &newType}, path: a.Path()}
	if _, err := s.move(ctx); err != nil {
		return s.failed(ctx, op, "type", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.set.typeName = nil
	return nil
}

// Delete deletes the collection, all versions of a sequence included (W&B:
// DeleteArtifactSequence, DeleteArtifactPortfolio). It is not sent again after
// a broken connection: ask for the collection to learn whether it is gone.
func (a *ArtifactCollection) Delete(ctx context.Context) error {
	const op = "delete artifact collection"
	if err := a.turn.enter(ctx); err != nil {
		return located(op, a.Path(), err)
	}
	defer a.turn.leave()
	saved, err := a.loadedInTurn(ctx)
	if err != nil {
		return err
	}
	remove := wire.DeletePortfolio
	if saved.Kind == Sequence {
		remove = wire.DeleteSequence
	}
	if err := remove(ctx, a.client.sender, wire.ID(saved.ID)); err != nil {
		return a.client.fail(ctx, op, a.Path(), err)
	}
	return nil
}
