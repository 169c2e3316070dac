package metadata

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Subject is a kind of listed thing: it decides which fields filters and
// orders may name. The zero value has no fields.
type Subject int

// The subjects of the lists of a Store.
const (
	_ Subject = iota
	ProjectSubject
	RunSubject
	RunFileSubject
	TypeSubject
	CollectionSubject
	AliasSubject
	VersionSubject // memberships, and artifacts of a run
	FileSubject
	DeletionSubject
	AliasMoveSubject
	AuditSubject
)

// A FieldType says what a field holds and so what it can be compared with.
type FieldType int

// The types of fields.
const (
	TextField    FieldType = iota + 1
	StateField             // text in capitals
	NumberField            // a whole number
	TimeField              // compared with RFC 3339 texts or seconds since 1970
	VersionField           // compared with "v3" or 3
	WordsField             // a list of words: tags, aliases
	JSONField              // part of a JSON document, named by a path behind a dot
)

// A Field is a field of a subject.
type Field struct {
	Name string // canonical, in snake_case, without the path
	Type FieldType
	// Path is the way into a JSON field: metadata.a.b has Path ["a", "b"].
	Path []string
}

// fields gives the canonical names of a subject and their types.
func (s Subject) fields() map[string]FieldType {
	switch s {
	case ProjectSubject:
		return map[string]FieldType{"id": NumberField, "entity_id": NumberField, "name": TextField, "description": TextField, "created_at": TimeField, "updated_at": TimeField}
	case RunSubject:
		return map[string]FieldType{
			"id": NumberField, "name": TextField, "display_name": TextField, "description": TextField, "notes": TextField,
			"state": TextField, "group": TextField, "job_type": TextField, "sweep": TextField, "host": TextField,
			"program": TextField, "repo": TextField, "commit": TextField, "username": TextField, "tags": WordsField,
			"config": JSONField, "summary_metrics": JSONField,
			"created_at": TimeField, "updated_at": TimeField, "heartbeat_at": TimeField,
		}
	case RunFileSubject:
		return map[string]FieldType{"name": TextField, "md5": TextField, "size": NumberField, "updated_at": TimeField}
	case TypeSubject:
		return map[string]FieldType{"id": NumberField, "name": TextField, "description": TextField, "created_at": TimeField}
	case CollectionSubject:
		return map[string]FieldType{
			"id": NumberField, "name": TextField, "type": TextField, "kind": StateField, "description": TextField, "state": StateField,
			"tags": WordsField, "created_at": TimeField, "updated_at": TimeField,
		}
	case AliasSubject:
		return map[string]FieldType{"id": NumberField, "alias": TextField}
	case VersionSubject:
		return map[string]FieldType{
			"id": NumberField, "version_index": VersionField, "name": TextField, "type": TextField, "state": StateField, "digest": TextField,
			"description": TextField, "metadata": JSONField, "aliases": WordsField, "tags": WordsField, "size": NumberField,
			"file_count": NumberField, "commit_hash": TextField, "history_step": NumberField, "ttl_duration_seconds": NumberField,
			"created_at": TimeField, "updated_at": TimeField,
		}
	case FileSubject:
		return map[string]FieldType{"path": TextField, "digest": TextField, "size": NumberField, "ref": TextField}
	case DeletionSubject:
		return map[string]FieldType{"id": NumberField, "kind": StateField, "collection": TextField, "type": TextField, "cause": StateField, "username": TextField, "size": NumberField, "deleted_at": TimeField}
	case AliasMoveSubject:
		return map[string]FieldType{"id": NumberField, "alias": TextField, "username": TextField, "actor": StateField, "operation": TextField, "moved_at": TimeField}
	case AuditSubject:
		return map[string]FieldType{"id": NumberField, "subject": TextField, "username": TextField, "actor": StateField, "operation": TextField, "reason": TextField, "logged_at": TimeField}
	}
	return nil
}

// synonyms are other names that clients use.
func (s Subject) synonyms() map[string]string {
	switch s {
	case ProjectSubject:
		return map[string]string{"project_id": "id", "registry_id": "id"}
	case RunSubject:
		return map[string]string{"tag": "tags", "user": "username", "run_group": "group", "sweep_name": "sweep", "summary": "summary_metrics", "run_name": "name"}
	case CollectionSubject:
		return map[string]string{"tag": "tags", "artifact_collection_id": "id", "collection_id": "id", "collection_name": "name", "artifact_collection_name": "name", "artifact_type": "type", "type_name": "type", "collection_type": "kind"}
	case VersionSubject:
		return map[string]string{
			"tag": "tags", "alias": "aliases", "version": "version_index", "artifact_id": "id", "artifact_size": "size", "artifact_created_at": "created_at",
			"artifact_metadata": "metadata", "artifact_type": "type", "type_name": "type", "collection": "name", "collection_name": "name", "artifact_collection_name": "name",
			"sequence_name": "name",
		}
	case AliasSubject:
		return map[string]string{"name": "alias"}
	case FileSubject, RunFileSubject:
		return map[string]string{"display_name": "name", "size_bytes": "size"}
	case DeletionSubject:
		return map[string]string{"collection_name": "collection", "type_name": "type", "user": "username", "created_at": "deleted_at"}
	case AliasMoveSubject:
		return map[string]string{"user": "username", "created_at": "moved_at", "at": "moved_at"}
	case AuditSubject:
		return map[string]string{"user": "username", "created_at": "logged_at", "at": "logged_at"}
	}
	return nil
}

// String names the subject for people.
func (s Subject) String() string {
	return [...]string{"nothing", "projects", "runs", "run files", "artifact types", "collections", "aliases", "versions", "files", "deletions", "moves of aliases", "audit entries"}[s]
}

// Field finds a field by any of its names; camelCase and snake_case are the
// same. KindInvalid, naming the nearest field, if there is none.
func (s Subject) Field(name string) (Field, error) {
	head, rest, dotted := strings.Cut(name, ".")
	canonical := snake(head)
	if to, ok := s.synonyms()[canonical]; ok {
		canonical = to
	}
	if s == FileSubject && canonical == "name" {
		canonical = "path"
	}
	t, ok := s.fields()[canonical]
	if !ok {
		known := make([]string, 0, 24)
		for k := range s.fields() {
			known = append(known, k)
		}
		slices.Sort(known)
		return Field{}, invalidf("%s have no field %.60q; did you mean %s? Known are: %s", s, name, nearest(snake(name), known), strings.Join(known, ", "))
	}
	f := Field{Name: canonical, Type: t}
	if !dotted {
		return f, nil
	}
	if t != JSONField {
		return Field{}, invalidf("the field %s of %s has no parts, so %.60q names nothing", canonical, s, name)
	}
	f.Path = strings.Split(rest, ".")
	for _, part := range f.Path {
		if part == "" || strings.ContainsAny(part, "\"\\\x00") {
			return Field{}, invalidf("the path %.60q is not understood; write %s.key, without quotes, backslashes or empty parts", name, canonical)
		}
	}
	return f, nil
}

// snake turns createdAt into created_at.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if r >= 'A' && r <= 'Z' {
			if i > 0 {
				b.WriteByte('_')
			}
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Bind returns f with its field names made canonical and its values made fit
// for their fields (a time.Time for a time, an int64 for a version). KindInvalid
// if a field is unknown or a value does not fit it.
func (s Subject) Bind(f *Filter) (*Filter, error) {
	if f.empty() {
		return nil, nil
	}
	b, err := s.bind(*f)
	return &b, err
}

func (s Subject) bind(f Filter) (Filter, error) {
	var err error
	switch {
	case f.And != nil:
		f.And, err = s.bindAll(f.And)
		return f, err
	case f.Or != nil:
		f.Or, err = s.bindAll(f.Or)
		return f, err
	case f.Not != nil:
		inner, err := s.bind(*f.Not)
		f.Not = &inner
		return f, err
	case f.Field == "":
		return f, nil
	}
	field, err := s.Field(f.Field)
	if err != nil {
		return f, err
	}
	if field.Type == JSONField && field.Path == nil && f.Op != Exists && !(f.Value == nil && (f.Op == Eq || f.Op == Ne)) {
		return f, invalidf("%s is a document: name a part of it, such as %s.key", f.Field, field.Name)
	}
	f.Field = strings.Join(append([]string{field.Name}, field.Path...), ".")
	switch f.Op {
	case Eq, Ne:
		f.Value, err = field.value(f.Op, f.Value)
	case Gt, Gte, Lt, Lte:
		if f.Value == nil {
			return f, invalidf("$%s on %s takes a value to compare with, not null; use $exists to ask whether it is set", f.Op, f.Field)
		}
		f.Value, err = field.value(f.Op, f.Value)
	case In, NotIn:
		list, _ := f.Value.([]any)
		values := make([]any, len(list))
		for i, v := range list {
			if values[i], err = field.value(f.Op, v); err != nil {
				return f, err
			}
		}
		f.Value = values
	case Exists:
		if _, ok := f.Value.(bool); !ok {
			return f, invalidf("$exists on %s takes true or false", f.Field)
		}
	case Regex, Contains:
		_, text := f.Value.(string)
		switch {
		case field.Type == JSONField && (text || f.Op == Contains):
		case !text:
			return f, invalidf("$%s on %s takes a text, not %s", f.Op, f.Field, describe(f.Value))
		case field.Type == NumberField || field.Type == TimeField || field.Type == VersionField:
			return f, invalidf("$%s does not fit %s, which is not a text; use $gte and $lt", f.Op, f.Field)
		}
	default:
		return f, invalidf("the operator %.60q on %s is unknown", f.Op, f.Field)
	}
	return f, err
}

func (s Subject) bindAll(in []Filter) ([]Filter, error) {
	out := make([]Filter, len(in))
	for i, f := range in {
		b, err := s.bind(f)
		if err != nil {
			return nil, err
		}
		out[i] = b
	}
	return out, nil
}

var versionForm = regexp.MustCompile(`^v(0|[1-9][0-9]{0,8})$`)

// ParseVersion reads "v3". It reports false for everything else, "v03" among it.
func ParseVersion(s string) (int, bool) {
	m := versionForm.FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	n, err := strconv.Atoi(m[1])
	return n, err == nil
}

// value makes v comparable with the field.
func (f Field) value(op Op, v any) (any, error) {
	if v == nil || f.Type == JSONField {
		return v, nil
	}
	switch f.Type {
	case TextField, WordsField:
		if text, ok := v.(string); ok {
			return text, nil
		}
		return nil, invalidf("%s is compared with a text, not %s", f.Name, describe(v))
	case StateField:
		if text, ok := v.(string); ok {
			return strings.ToUpper(text), nil
		}
		return nil, invalidf("%s is compared with a text, not %s", f.Name, describe(v))
	case VersionField:
		if text, ok := v.(string); ok {
			if n, ok := ParseVersion(text); ok {
				return int64(n), nil
			}
			if n, err := strconv.ParseInt(text, 10, 64); err == nil {
				return n, nil
			}
			return nil, invalidf("%s is compared with a version such as \"v3\" or 3, not %s", f.Name, describe(v))
		}
	case TimeField:
		return f.time(v)
	}
	switch v := v.(type) {
	case int64, float64:
		return v, nil
	case string:
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			return n, nil
		}
	}
	return nil, invalidf("%s is compared with a number, not %s", f.Name, describe(v))
}

func (f Field) time(v any) (any, error) {
	switch v := v.(type) {
	case time.Time:
		return v.UTC(), nil
	case int64:
		return time.Unix(v, 0).UTC(), nil
	case float64:
		return time.UnixMicro(int64(v * 1e6)).UTC(), nil
	case string:
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", "2006-01-02"} {
			if t, err := time.Parse(layout, v); err == nil {
				return t.UTC(), nil
			}
		}
	}
	return nil, invalidf("%s is compared with a time such as \"2026-01-31T12:00:00Z\" or \"2026-01-31\", not %s", f.Name, describe(v))
}

// BindOrder resolves the fields that orders name. KindInvalid if one is unknown
// or cannot be sorted by.
func (s Subject) BindOrder(orders []Order) ([]Field, error) {
	if len(orders) > maxOrders {
		return nil, invalidf("the order names %d fields; at most %d are accepted", len(orders), maxOrders)
	}
	fields := make([]Field, len(orders))
	for i, o := range orders {
		f, err := s.Field(o.Field)
		if err != nil {
			return nil, err
		}
		if f.Type == WordsField || f.Type == JSONField && f.Path == nil {
			return nil, invalidf("%s cannot be sorted by %s, which holds many values", s, f.Name)
		}
		if slices.ContainsFunc(fields[:i], func(g Field) bool { return fmt.Sprint(f) == fmt.Sprint(g) }) {
			return nil, invalidf("the order names %s twice", f.Name)
		}
		fields[i] = f
	}
	return fields, nil
}
